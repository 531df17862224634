//! A project of its own for each test: a temporary folder with `scenarios/`, and the command run in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The command: the shipped systems, and the hostile one.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_squall-hostile");
/// What the command is told to call itself.
pub(crate) const CALLED: &str = "cargo xtask chaos";

/// A folder with scenarios.
pub(crate) struct Project {
    folder: TempDir,
}

/// What a command did.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Project {
    pub(crate) fn new() -> Self {
        let folder = TempDir::with_prefix("squall-cli-").unwrap();
        fs::create_dir(folder.path().join("scenarios")).unwrap();
        Self { folder }
    }

    /// With the shipped scenarios of these names (`kv-calm`, `zoo/stale-primary-read`).
    pub(crate) fn with_shipped(names: &[&str]) -> Self {
        let project = Self::new();
        for name in names {
            let from = root().join("scenarios").join(name).with_extension("yaml");
            let text =
                fs::read_to_string(&from).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
            project.write(&format!("scenarios/{name}.yaml"), text);
        }
        project
    }

    pub(crate) fn path(&self, inside: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(inside)
    }

    pub(crate) fn write(&self, inside: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(inside);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(crate) fn read(&self, inside: impl AsRef<Path>) -> String {
        let path = self.path(inside);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// A scenario of this name, with these lines below `version` and `name`.
    pub(crate) fn scenario(&self, name: &str, lines: &str) {
        self.write(&format!("scenarios/{name}.yaml"), format!("version: 1\nname: {name}\n{lines}\n"));
    }

    /// The command, not yet started.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        self.program(PROGRAM, args)
    }

    /// Another program than the command, not yet started.
    pub(crate) fn program(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args);
        self.at_home(&mut command);
        command
    }

    fn at_home(&self, command: &mut Command) {
        command.current_dir(self.folder.path()).env("SQUALL_PROGRAM", CALLED).stdin(Stdio::null());
        for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "RUST_BACKTRACE", "COLUMNS"] {
            command.env_remove(variable);
        }
        // These tests may themselves be a step of GitHub's, and are started by cargo or nextest.
        for variable in ["GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "CARGO", "CARGO_PKG_NAME", "NEXTEST", "PWD"]
        {
            command.env_remove(variable);
        }
        // The commit of whatever lies around the temporary folder is not the project's.
        command.env("GIT_CEILING_DIRECTORIES", self.folder.path());
    }

    /// Runs the command.
    pub(crate) fn squall(&self, args: &[&str]) -> Ran {
        ran(self.command(args).output())
    }

    /// Runs a command that was printed, in a shell, as it was printed but for the program.
    pub(crate) fn printed(&self, line: &str) -> Ran {
        let rest = line.strip_prefix(CALLED).unwrap_or_else(|| panic!("not one of our commands: {line}"));
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("'{PROGRAM}'{rest}"));
        self.at_home(&mut shell);
        ran(shell.output())
    }

    /// A line of `results.ndjson` each, of the run that ended last.
    pub(crate) fn results(&self) -> Vec<Value> {
        json_lines(&self.read("reports/latest/results.ndjson"))
    }

    /// `run.json` of the run that ended last.
    pub(crate) fn run_json(&self) -> Value {
        serde_json::from_str(&self.read("reports/latest/run.json")).unwrap()
    }

    /// The folders of runs, but for the link to the latest.
    pub(crate) fn runs(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.path("reports")) else { return Vec::new() };
        let entries = entries.map(|entry| entry.unwrap().path());
        entries.filter(|path| !path.ends_with("latest")).collect()
    }
}

impl Ran {
    /// Insists on an exit code.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "exit code; it said:\n{}\n{}", self.out, self.err);
        self
    }

    /// Insists on these words on standard output.
    #[track_caller]
    pub(crate) fn says(self, words: &str) -> Self {
        assert!(self.out.contains(words), "no `{words}` in:\n{}\n{}", self.out, self.err);
        self
    }

    /// Insists on these words on standard error.
    #[track_caller]
    pub(crate) fn warns(self, words: &str) -> Self {
        assert!(self.err.contains(words), "no `{words}` in:\n{}", self.err);
        self
    }

    /// What stands behind a label at the start of a line (`Reproduce with:`), each time.
    pub(crate) fn after(&self, label: &str) -> Vec<&str> {
        self.out.lines().filter_map(|line| Some(line.trim_start().strip_prefix(label)?.trim())).collect()
    }
}

/// The root of this project.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// What a finished command did; a signal has no code of its own and fails every comparison.
pub(crate) fn ran(output: std::io::Result<Output>) -> Ran {
    let output = output.expect("the command starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the command prints UTF-8");
    Ran { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

/// A JSON value for each line.
pub(crate) fn json_lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

/// A store with a planted bug that three of four seeds show within eight simulated seconds, and one
/// fault of three that is needed for it.
pub(crate) const TWICE: &str = "\
system: { name: kv, bugs: [retry-applied-twice] }
tags: [broken]
workload: { keys: 1, think: 20ms }
duration: 7s
seeds: { from: 0, count: 4 }
faults:
  - { name: stall, at: 2500ms, for: 300ms, pause: { role: server, mode: one } }
  - { name: cut, at: 3s, for: 1s, partition: { from: { role: server }, to: { role: client }, direction: to } }
  - { name: slow, at: 4s, for: 1s, latency: { from: { role: server, mode: one }, latency: 20ms } }";
/// The first seed of it that fails.
pub(crate) const FAILING: &str = "0x0";
