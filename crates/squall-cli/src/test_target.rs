//! Scenarios as tests: what `cargo test` and `cargo nextest` start when a test target has `harness = false`.
//!
//! Each scenario file is a test, named by its path. It runs as `run FILE` does, in worker processes, and
//! passes exactly when that would exit 0: a scenario that expects a violation passes when it is found. This
//! executable is also its own worker, started again. The words of libtest are `libtest-mimic`'s.

use std::cell::RefCell;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use libtest_mimic::{Arguments, Conclusion, Failed, Trial};
use squall::Registry;

use crate::args::RunArgs;
use crate::command::run;
use crate::environment;
use crate::error::CliError;
use crate::fork;
use crate::interrupt;

/// Variables that a user sets, and the options of `run` that they stand for.
const VARIABLES: [(&str, &str); 3] =
    [("SQUALL_SEEDS", "--seeds"), ("SQUALL_JOBS", "--jobs"), ("SQUALL_PROFILE", "--profile")];

/// Runs every scenario below `scenarios` as a test of its own, for a test target with `harness = false`:
///
/// ```no_run
/// // tests/chaos.rs
/// fn main() -> std::process::ExitCode {
/// #   let registry = squall::Registry::new();
///     squall_cli::test_main(&registry, concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios"))
/// }
/// ```
///
/// `cargo test`, `cargo test NAME`, `cargo test -- --list` and `cargo nextest run` work as with other tests.
/// A test is named by its file's path below `scenarios`, without `.yaml`: `calm`, `zoo/lost-update`. It runs
/// as many seeds as its scenario says, in worker processes, one for each core (one, under nextest, which
/// starts tests side by side itself), and passes exactly when `run FILE` would exit 0. One that fails prints
/// the report with the commands that reproduce it, and leaves the run's files below `target/squall/`.
///
/// `SQUALL_SEEDS`, `SQUALL_JOBS` and `SQUALL_PROFILE` stand for `--seeds`, `--jobs` and `--profile` of `run`:
/// `SQUALL_SEEDS=1000 cargo test`. `SQUALL_PROGRAM` says what to call the command line in what is printed; by
/// default it is taken for the program that has the package's name.
///
/// The exit code is libtest's, 101 if a test failed; 2 if a variable makes no sense, 4 if there is no
/// scenario, 65 if the folder cannot be read.
pub fn test_main(registry: &Registry, scenarios: impl AsRef<Path>) -> std::process::ExitCode {
    if std::env::args_os().nth(1).is_some_and(|first| first == fork::WORKER_ARGUMENT) {
        fork::worker(registry);
    }
    let arguments = Arguments::from_args();
    match conclude(registry, scenarios.as_ref(), arguments) {
        Ok(conclusion) => conclusion.exit_code(),
        Err(error) => {
            anstream::eprintln!("{}", error.text());
            error.exit_code().code().into()
        }
    }
}

fn conclude(registry: &Registry, scenarios: &Path, mut arguments: Arguments) -> Result<Conclusion, CliError> {
    let mut files = Vec::new();
    gather(scenarios, &mut files)?;
    if files.is_empty() {
        return Err(CliError::Nothing(format!(
            "there is no scenario (*.yaml) below {}",
            scenarios.display()
        )));
    }
    let options = options_of_variables()?;
    // Here, and not where a test runs: handlers belong to the process.
    interrupt::by_signal()?;
    // A scenario has a worker for each core. More of them side by side would only be in each other's way.
    arguments.test_threads = arguments.test_threads.or(Some(1));
    let trials = files.into_iter().map(|file| {
        let name = name(scenarios, &file);
        let (registry, options, shows) = (registry.clone(), options.clone(), arguments.nocapture);
        Trial::test(name.clone(), move || run_one(&registry, &file, &name, &options, shows))
    });
    Ok(libtest_mimic::run(&arguments, trials.collect()))
}

/// All scenario files of a folder and those below it, by name.
fn gather(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), CliError> {
    let unreadable = |source| CliError::Read { path: folder.to_owned(), source };
    let entries = std::fs::read_dir(folder).map_err(unreadable)?;
    let mut paths =
        entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            gather(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
    }
    Ok(())
}

/// `zoo/lost-update`.
fn name(scenarios: &Path, file: &Path) -> String {
    let inside = file.strip_prefix(scenarios).unwrap_or(file).with_extension("");
    inside.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// What the user's variables say, as options of `run`.
fn options_of_variables() -> Result<Vec<String>, CliError> {
    let mut options = Vec::new();
    for (variable, option) in VARIABLES {
        let Some(value) = environment::variable(variable) else { continue };
        let option = format!("{option}={value}");
        RunArgs::read(&["run".to_owned(), option.clone()])
            .map_err(|error| CliError::Usage(format!("{variable}: {}", problem(&error))))?;
        options.push(option);
    }
    if environment::variable("SQUALL_JOBS").is_none() && environment::variable("NEXTEST").is_some() {
        options.push("--jobs=1".to_owned());
    }
    Ok(options)
}

/// What is wrong, of all that `clap` says of an argument.
fn problem(error: &clap::Error) -> String {
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default();
    first.trim_start_matches("error: ").to_owned()
}

/// One test.
fn run_one(
    registry: &Registry,
    file: &Path,
    name: &str,
    options: &[String],
    shows: bool,
) -> Result<(), Failed> {
    let said = RefCell::new(String::new());
    let ended = campaign(registry, file, name, options, &|text| said.borrow_mut().push_str(text));
    let ended = ended.map_err(|error| error.text());
    let interrupted = interrupt::by_signal().is_ok_and(|interrupt| interrupt.is_raised());
    let plain = |text: &str| anstream::adapter::strip_str(text).to_string();
    let text = plain(&said.into_inner());
    match ended {
        // How to go on with it would be a command of this executable, which is no command line.
        _ if interrupted => Err("interrupted".into()),
        Ok(0) if shows => {
            anstream::print!("{text}");
            Ok(())
        }
        Ok(0) => Ok(()),
        Ok(code) => Err(format!("{text}   Exit code: {code}").into()),
        Err(error) => Err(format!("{text}{}", plain(&error)).into()),
    }
}

/// What `run FILE` does, with its report in a folder of the test's own.
fn campaign(
    registry: &Registry,
    file: &Path,
    name: &str,
    options: &[String],
    say: run::Say<'_>,
) -> Result<u8, CliError> {
    let folder = reports().join(name);
    // What an earlier run of the test left.
    match std::fs::remove_dir_all(&folder) {
        Err(source) if source.kind() != ErrorKind::NotFound => {
            return Err(CliError::Write { path: folder, source });
        }
        _ => {}
    }
    let mut words = vec!["run".to_owned(), shown(file)];
    words.extend([format!("--output={}", shown(&folder)), "--show-progress=none".to_owned()]);
    words.push("--annotations=none".to_owned());
    words.extend_from_slice(options);
    let args = RunArgs::read(&words).expect("each of the words was understood before");
    run::run_saying(registry, &RunArgs { words: Some(words), ..args }, say)
}

/// `target/squall/PACKAGE/TARGET`, in whatever folder cargo built this executable.
fn reports() -> PathBuf {
    let executable = std::env::current_exe().unwrap_or_default();
    let stem = executable.file_stem().unwrap_or_default().to_string_lossy();
    let built_in = executable.parent().filter(|folder| folder.ends_with("deps"));
    // cargo adds a hash to the names of tests.
    let hashed = stem.rsplit_once('-').filter(|_| built_in.is_some());
    let name = hashed.map_or(stem.as_ref(), |(name, _)| name);
    let target = built_in.and_then(|deps| deps.parent()?.parent()).unwrap_or(Path::new("target"));
    let package = environment::variable("CARGO_PKG_NAME").unwrap_or_default();
    target.join("squall").join(package).join(name)
}

/// A path as it is printed: from where the user stands if that is here, for cargo starts tests in the
/// package's folder, else whole.
fn shown(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let is_users = here.is_some() && environment::variable("PWD").map(PathBuf::from) == here;
    let inside = here.filter(|_| is_users).and_then(|here| Some(path.strip_prefix(here).ok()?.to_owned()));
    inside.unwrap_or_else(|| path.to_owned()).display().to_string()
}
