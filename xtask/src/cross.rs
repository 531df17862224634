//! `cross-check`: seeds of the swarms, each run twice in different workers, in a debug build and in an
//! optimised one: all four runs of a seed must be one. What `results.ndjson` holds is compared byte for
//! byte.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{fs, io};

use super::{cargo, env_or, print, report, root};

/// Scenarios with faults of every kind that their systems tolerate.
const SCENARIOS: [&str; 2] = ["kv-swarm", "batch-swarm"];
/// Seeds of each unless said otherwise: some minutes, most of them in the debug build.
const SEEDS: &str = "32";

/// What is compared.
struct Check {
    seeds: String,
    profile: String,
    scenarios: Vec<String>,
}

/// Runs the check as the arguments say.
pub(crate) fn run(args: &[OsString]) -> ExitCode {
    let Some(check) = Check::parse(args) else {
        report("error: cross-check takes --seeds N, --profile NAME and scenarios\n");
        return ExitCode::from(2);
    };
    check.run().unwrap_or_else(|why| {
        report(&format!("cross-check: {}\n", why.what));
        ExitCode::from(why.code)
    })
}

/// Why it did not come out well.
struct Failed {
    what: String,
    code: u8,
}

impl Check {
    fn parse(args: &[OsString]) -> Option<Self> {
        let mut check =
            Self { seeds: SEEDS.to_owned(), profile: "release".to_owned(), scenarios: Vec::new() };
        let mut args = args.iter().map(|arg| arg.to_str());
        while let Some(arg) = args.next() {
            match arg? {
                "--seeds" => args.next()??.clone_into(&mut check.seeds),
                "--profile" => args.next()??.clone_into(&mut check.profile),
                flag if flag.starts_with('-') => return None,
                scenario => check.scenarios.push(scenario.to_owned()),
            }
        }
        if check.scenarios.is_empty() {
            check.scenarios = SCENARIOS.map(str::to_owned).into();
        }
        Some(check)
    }

    fn run(&self) -> Result<ExitCode, Failed> {
        let debug = self.results("dev")?;
        let optimised = self.results(&self.profile)?;
        let count = debug.lines().count();
        let differ = debug.lines().zip(optimised.lines()).find(|(one, other)| one != other);
        if let Some((one, other)) = differ {
            let what = format!("dev and {} differ, first in\n  {one}\n  {other}", self.profile);
            return Err(Failed { what, code: NONDETERMINISTIC });
        }
        if count == 0 || debug != optimised {
            let what = format!("dev has {count} results, {} another number", self.profile);
            return Err(Failed { what, code: NONDETERMINISTIC });
        }
        print(&format!(
            "cross-check: {count} seeds of {}, each twice in dev and twice in {}: the same results\n",
            self.scenarios.join(", "),
            self.profile
        ));
        Ok(ExitCode::SUCCESS)
    }

    /// `results.ndjson` of one build, after a campaign in which no seed differed from itself.
    fn results(&self, profile: &str) -> Result<String, Failed> {
        let output = folder().join(profile);
        let failed = |error: io::Error| Failed { what: format!("{}: {error}", output.display()), code: 74 };
        if output.exists() {
            fs::remove_dir_all(&output).map_err(failed)?;
        }
        fs::create_dir_all(&output).map_err(failed)?;
        let status = self.command(profile, &output).status().map_err(failed)?;
        match status.code() {
            // Whether the seeds pass, and prove all that their scenarios ask for, is not the question here.
            Some(0 | 3 | 100) => fs::read_to_string(output.join("results.ndjson")).map_err(failed),
            code => {
                let code = code.and_then(|code| u8::try_from(code).ok()).unwrap_or(70);
                Err(Failed { what: format!("the {profile} build ended with exit code {code}"), code })
            }
        }
    }

    fn command(&self, profile: &str, output: &Path) -> Command {
        let mut run = cargo();
        run.args(["run", "--locked", "--package", "squall-systems", "--bin", "squall"]);
        run.args(["--profile", profile, "--", "run"]).args(&self.scenarios);
        run.args(["--seeds", &self.seeds, "--check-determinism", "--no-fail-fast", "--no-shrink"]);
        run.args(["--show-progress", "counter", "--output"]).arg(output);
        run.env("SQUALL_PROGRAM", "cargo xtask chaos");
        run
    }
}

/// The command's own code for it.
const NONDETERMINISTIC: u8 = 102;

fn folder() -> PathBuf {
    let target = env_or("CARGO_TARGET_DIR", "target");
    root().join(target).join("cross-check")
}
