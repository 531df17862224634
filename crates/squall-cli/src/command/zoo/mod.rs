//! `zoo`: how well planted bugs are found. The regression benchmark of the harness itself.
//!
//! Every bug is hunted with the scenario that was written for it and with the swarms of its system;
//! what is found is shrunk, and the shrunk plan replayed in a process of its own, with the bug and
//! without. Rows are written down as they are done, so nothing is lost when it is stopped. The numbers
//! are made in `squall::zoo`.

mod measure;
mod show;
mod store;
mod table;
mod targets;
mod words;

use std::path::PathBuf;

use squall::Registry;
use squall::zoo::{Change, Row, Score, compare};
use squall_check::ExitCode;

use self::measure::Bench;
use self::show::Show;
use self::store::Stored;
use self::targets::Target;
use crate::args::{BaseSeed, HuntTerms, Place, ZooArgs};
use crate::environment;
use crate::error::CliError;
use crate::interrupt;

pub(crate) fn run(registry: &Registry, args: &ZooArgs) -> Result<u8, CliError> {
    let targets = targets::choose(registry, &args.bug, args.profile)?;
    let baseline = args.check.as_deref().map(store::read_score).transpose()?;
    let base = environment::base_seed(args.base_seed);
    if args.base_seed == BaseSeed::Random {
        anstream::eprintln!("base seed {base}: --base-seed {base} draws the same seeds again");
    }
    let terms = args.terms(base);
    let folder = folder(args)?;
    let mut stored = Stored::of_folder(&folder)?;
    stored.score.rows.retain(|row| still_holds(row, &targets, terms));
    stored.times.rows.retain(|times| stored.score.row(&times.key).is_some());
    stored.write(&folder)?;
    let interrupt = interrupt::by_signal()?;
    let mut pool = environment::pool(registry, Place::default(), args.jobs)?;
    let mut bench = Bench { registry, pool: &mut pool, terms, interrupt: &interrupt, folder: &folder };
    let mut show = Show::new(args.show_progress, targets.len());
    for target in &targets {
        if stored.score.row(&target.key).is_some() {
            show.known(target);
            continue;
        }
        show.begin(target);
        let Some((row, times)) = bench.measure(target, &mut |what| show.note(what))? else { break };
        show.done(&row, &times);
        stored.score.merge(row);
        stored.times.merge(times);
        stored.write(&folder)?;
    }
    show.finish();
    let missing = targets.iter().filter(|target| stored.score.row(&target.key).is_none()).count();
    anstream::println!("{}", show::table(&stored));
    if args.update {
        let written = store::update_docs(&stored)?;
        written.iter().for_each(|path| anstream::println!("Updated: {}", path.display()));
    }
    let found = judge(&stored.score, baseline.as_ref());
    found.said.iter().for_each(|line| anstream::println!("{line}"));
    anstream::println!("Score: {}", folder.join("zoo.json").display());
    if missing > 0 {
        anstream::println!(
            "Interrupted: {missing} of {} rows are missing; go on with --resume {}",
            targets.len(),
            folder.display()
        );
        return Ok(found.code.max(ExitCode::Inconclusive).code());
    }
    Ok(found.code.code())
}

/// Where the score goes: new or empty, unless it is resumed.
fn folder(args: &ZooArgs) -> Result<PathBuf, CliError> {
    if let Some(folder) = &args.resume {
        if !folder.join("zoo.json").exists() {
            let folder = folder.display();
            return Err(CliError::Usage(format!(
                "there is no score to go on with in {folder}: it holds no zoo.json"
            )));
        }
        return Ok(folder.clone());
    }
    let folder = args.output.clone().unwrap_or_else(|| {
        let info = environment::run_info(squall::Seed(0));
        environment::reports().join(format!("zoo-{}", info.run_id))
    });
    let occupied = std::fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_some());
    match occupied {
        true => Err(squall_report::ReportError::Occupied { path: folder }.into()),
        false => Ok(folder),
    }
}

/// Whether a row of a resumed score is what would be measured now. That the tree was dirty does not
/// count: writing the score into the documents makes it so.
fn still_holds(row: &Row, targets: &[Target], terms: HuntTerms) -> bool {
    let clean = |commit: &str| commit.trim_end_matches("-dirty").to_owned();
    let same_text = |target: &Target| {
        target.key == row.key && target.loaded.scenario.hash().to_string() == row.scenario_hash
    };
    targets.iter().any(same_text)
        && clean(&row.commit) == clean(&environment::commit_text())
        && (row.base_seed, row.seeds_max, row.finds_max)
            == (terms.base_seed, terms.seeds_max, terms.finds_max)
        && row.shrunk.len() as u64 == terms.shrinks.min(row.tally.found)
}

/// What a score comes to.
struct Found {
    said: Vec<String>,
    code: ExitCode,
}

/// What is wrong with a score by itself, and beside an older one.
fn judge(score: &Score, baseline: Option<&Score>) -> Found {
    let mut found = Found { said: Vec::new(), code: ExitCode::AsExpected };
    for row in &score.rows {
        let name = format!("{} by {}", row.key.bug, row.key.scenario);
        for problem in row.problems() {
            found.said.push(format!("FAIL {name}: {problem}"));
            found.code = found.code.max(ExitCode::Failed);
        }
        let Some(baseline) = baseline else { continue };
        let (code, what) = match baseline.row(&row.key) {
            None => (
                ExitCode::Inconclusive,
                "nothing is stored to compare with; `zoo --update` stores it".to_owned(),
            ),
            Some(before) => against(before, row),
        };
        let word = match code {
            ExitCode::Failed => "FAIL",
            ExitCode::Inconclusive => "UNSURE",
            _ => "HOLDS",
        };
        found.said.push(format!("{word} {name}: {what}"));
        found.code = found.code.max(code);
    }
    found
}

fn against(before: &Row, now: &Row) -> (ExitCode, String) {
    let shares = format!("found by {}, stored {}", words::found(&now.tally), words::found(&before.tally));
    match compare(&before.tally, &now.tally) {
        Change::Holds => (ExitCode::AsExpected, shares),
        Change::Dropped => (ExitCode::Failed, format!("{shares}: fewer than chance explains")),
        Change::TooFewSeeds => {
            (ExitCode::Inconclusive, format!("{shares}: too few seeds to say; --seeds takes more"))
        }
    }
}
