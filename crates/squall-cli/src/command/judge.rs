//! `judge`: a recording of client operations, judged again or for the first time.

pub(crate) mod malformed;
mod stored;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use squall::Registry;
use squall_check::blackbox::recording::{Format, Options, ReadError, Times, format_of};
use squall_check::blackbox::{self, Entry, Recording};
use squall_check::{Budget, ExitCode, Findings, Status, Verdict, Violation};
use squall_report::{Judged, JudgedEnding, JudgedTimes, judged_json, judged_text};

use crate::args::{JudgeArgs, MessageFormat};
use crate::environment::{self, STYLE};
use crate::error::CliError;

pub(crate) fn run(registry: &Registry, args: &JudgeArgs) -> Result<u8, CliError> {
    match &args.model {
        Some(model) => by_model(args, model),
        None => {
            let (format, input) = format_of(open(&args.file)?, args.format.map(Into::into))
                .map_err(|error| unread(&args.file, error))?;
            if format != Format::Squall {
                let what = "only a Squall history says by what it is judged";
                return Err(CliError::Usage(format!("{what}: choose a model with --model: {}", names())));
            }
            stored::run(registry, args, input)
        }
    }
}

fn by_model(args: &JudgeArgs, model: &str) -> Result<u8, CliError> {
    let entry = find(model)?;
    let wrong = |why| CliError::Usage(format!("--with does not fit `{}`: {why}", entry.name));
    let analysis = entry.build(&args.with).map_err(wrong)?;
    let options =
        Options { format: args.format.map(Into::into), keys: args.keys.into(), times: args.times.into() };
    let recording = Recording::read(open(&args.file)?, options).map_err(|error| unread(&args.file, error))?;
    let operations = blackbox::operations(recording.events()).map_err(|problem| CliError::IllFormed {
        path: args.file.clone(),
        line: recording.line(problem.place).unwrap_or_default(),
        problem: problem.problem,
    })?;
    let mut findings = Findings::default();
    analysis.analyse(&operations, &mut budget(args), &mut findings);
    let measured = std::mem::take(&mut findings.summary);
    let verdict = verdict(analysis.name(), findings);
    let judged = Judged {
        file: &shown(&args.file),
        format: recording.format.name(),
        by: entry.name,
        promise: Some(entry.meaning),
        operations: &operations,
        line: &|place| recording.line(place),
        timing: match recording.times {
            Times::Recorded => JudgedTimes::Recorded,
            Times::Ignored => JudgedTimes::Places,
        },
        verdict: &verdict,
        measured: &measured,
        ending: ending(&verdict),
    };
    Ok(present(args, &judged))
}

/// Prints it, and returns the exit code.
fn present(args: &JudgeArgs, judged: &Judged<'_>) -> u8 {
    match args.message_format {
        MessageFormat::Human => anstream::print!("{}", judged_text(judged, STYLE)),
        MessageFormat::Json => anstream::println!("{}", judged_json(judged)),
    }
    exit_code(judged.ending).code()
}

/// The analysis of that name.
fn find(name: &str) -> Result<&'static Entry, CliError> {
    let known = blackbox::catalogue();
    if let Some(entry) = known.iter().find(|entry| entry.name == name) {
        return Ok(entry);
    }
    let close = known
        .iter()
        .map(|entry| (strsim::jaro_winkler(name, entry.name), entry.name))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|one, other| one.0.total_cmp(&other.0));
    let hint = close.map_or_else(String::new, |(_, name)| format!("; did you mean `{name}`?"));
    Err(CliError::Usage(format!("unknown model `{name}`{hint}\nthere are: {}", names())))
}

fn names() -> String {
    blackbox::catalogue().iter().map(|entry| entry.name).collect::<Vec<_>>().join(", ")
}

fn open(path: &Path) -> Result<Box<dyn BufRead>, CliError> {
    if is_stdin(path) {
        return Ok(Box::new(BufReader::new(std::io::stdin())));
    }
    let unreadable = |source| CliError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    Ok(Box::new(BufReader::with_capacity(1 << 16, file)))
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

fn shown(path: &Path) -> String {
    if is_stdin(path) { "standard input".to_owned() } else { path.display().to_string() }
}

fn unread(path: &Path, error: ReadError) -> CliError {
    match error {
        ReadError::Io(source) => CliError::Read { path: path.to_owned(), source },
        ReadError::Malformed(malformed) => CliError::Malformed { file: shown(path), malformed },
    }
}

fn budget(args: &JudgeArgs) -> Budget {
    let default = Budget::default();
    Budget {
        steps: args.max_steps.unwrap_or(default.steps),
        bytes: args.max_memory.unwrap_or(default.bytes),
        // A limit beyond the end of time is none.
        deadline: args.time_limit.and_then(|span| environment::wall_now().checked_add(span.to_std())),
        ..default
    }
}

/// What an analysis found, as a judge of a run would say it.
fn verdict(name: &str, findings: Findings) -> Verdict {
    let mut violations: Vec<Violation> =
        findings.violations.into_iter().map(|finding| Violation::of(name, finding)).collect();
    violations.sort_by_key(|violation| violation.at);
    let status = match (violations.is_empty(), &findings.unknown) {
        (false, _) => Status::Fail,
        (true, Some(_)) => Status::Unknown,
        (true, None) => Status::Pass,
    };
    let said = |what: Option<String>| what.map(|what| (name.to_owned(), what)).into_iter().collect();
    Verdict {
        status,
        violations,
        exercised: BTreeMap::from([(name.to_owned(), findings.exercised)]),
        not_applicable: said(findings.not_applicable),
        unknown: said(findings.unknown),
        conditions: BTreeMap::new(),
    }
}

fn ending(verdict: &Verdict) -> JudgedEnding {
    match verdict.status {
        Status::Fail => JudgedEnding::Violated,
        Status::Unknown => JudgedEnding::Unknown,
        Status::Pass if verdict.exercised.values().all(|count| *count == 0) => JudgedEnding::Nothing,
        Status::Pass => JudgedEnding::Pass,
    }
}

const fn exit_code(ending: JudgedEnding) -> ExitCode {
    match ending {
        JudgedEnding::Pass => ExitCode::AsExpected,
        JudgedEnding::Violated => ExitCode::Failed,
        JudgedEnding::Unknown | JudgedEnding::Nothing => ExitCode::Inconclusive,
    }
}
