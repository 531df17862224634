//! `run.json`: what a run was made from, how far it came, and what a later command needs to go on
//! with it or to join it with others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};
use squall_history::Seed;

use crate::ReportError;

/// Version of [`RunInfo`].
pub const RUN_FORMAT: u32 = 2;

/// What a run was made from. With the same values another machine gets the same results.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RunInfo {
    /// Version of this file: [`RUN_FORMAT`].
    pub v: u32,
    /// Name of the run folder.
    pub run_id: String,
    /// How far it came.
    pub status: RunStatus,
    /// Seeds that were chosen: all of the campaign, or those of its slice. A scenario may end before
    /// all of its seeds ran (`--max-fail`).
    pub seeds: u64,
    /// Lines of `results.ndjson`; absent while the run goes on.
    pub done: Option<u64>,
    /// The exit code of the command that ended it; absent while the run goes on.
    pub exit_code: Option<u8>,
    /// Wall time of its start, RFC 3339.
    pub started: String,
    /// Commit of the working tree; absent outside a repository.
    pub commit: Option<String>,
    /// Whether the working tree differed from that commit.
    pub dirty: bool,
    /// `rustc --version` of the build.
    pub rustc: String,
    /// Version of Squall.
    pub squall: String,
    /// Digest of the program that ran, as it is loaded: the same source, compiler and options give the
    /// same.
    pub binary: String,
    /// Version of the simulator's behaviour.
    pub sim_format: u32,
    /// Version of the history files.
    pub history_format: u32,
    /// The command line, without the program.
    pub arguments: Vec<String>,
    /// What of it bears on results, by name, with defaults filled in.
    pub options: BTreeMap<String, String>,
    /// The scenarios, in the order they ran.
    pub scenarios: Vec<ScenarioFile>,
    /// What seeds were derived from.
    pub base_seed: Seed,
    /// The shard (`slice:1/4`), if the campaign was partitioned.
    pub partition: Option<String>,
}

/// How far a run came.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunStatus {
    /// It goes on, or Squall died: then `inflight.json` says what ran.
    Running,
    /// All seeds ran and every file is written.
    Complete,
    /// A signal ended it before all seeds ran, or before all that failed was shrunk; every file is
    /// written.
    Interrupted,
    /// Its time budget ended it before all seeds ran; every file is written.
    Cut,
}

impl RunStatus {
    /// Its name, as in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Complete => "complete",
            Self::Interrupted => "interrupted",
            Self::Cut => "cut",
        }
    }
}

/// A scenario that took part.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ScenarioFile {
    /// Its name.
    pub name: String,
    /// Its file, from the root of the repository.
    pub path: String,
    /// Hash of its text, in hexadecimal.
    pub hash: String,
}

/// One thing in which two runs differ: what it is, and the two.
pub type Difference = (String, String, String);

impl RunInfo {
    /// The text of `run.json`.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("plain strings and numbers");
        text.push('\n');
        text
    }

    /// Read back from the text of this file.
    ///
    /// # Errors
    /// If it is not a `run.json`, or one of another version.
    pub fn from_json(text: &str, path: &Path) -> Result<Self, ReportError> {
        #[derive(Deserialize)]
        struct Version {
            v: u32,
        }
        let none = |source| ReportError::NoRun { path: path.to_owned(), source };
        let Version { v } = serde_json::from_str(text).map_err(none)?;
        if v != RUN_FORMAT {
            return Err(ReportError::OldRun { path: path.to_owned(), found: v, known: RUN_FORMAT });
        }
        serde_json::from_str(text).map_err(none)
    }

    /// In what the results of two runs may differ, or files that say what the results are: empty if
    /// they are of one campaign. Slices of it differ in their partition, which is not looked at.
    pub fn differences(&self, other: &Self) -> Vec<Difference> {
        let mut found = Vec::new();
        let mut compare = |what: &str, one: &str, two: &str| {
            if one != two {
                found.push((what.to_owned(), one.to_owned(), two.to_owned()));
            }
        };
        compare("the program", &self.program(), &other.program());
        compare("the base seed", &self.base_seed.to_string(), &other.base_seed.to_string());
        let names: BTreeSet<_> = self.options.keys().chain(other.options.keys()).collect();
        let of = |options: &BTreeMap<String, String>, name: &String| {
            options.get(name).cloned().unwrap_or_else(|| "not given".to_owned())
        };
        for name in names {
            compare(name, &of(&self.options, name), &of(&other.options, name));
        }
        let (these, those) = (names_of(&self.scenarios), names_of(&other.scenarios));
        compare("the scenarios", &these, &those);
        if these == those {
            for (one, two) in self.scenarios.iter().zip(&other.scenarios) {
                compare(&format!("the text of {}", one.path), &one.hash, &two.hash);
            }
        }
        found
    }

    /// The program in words; two are the same if and only if their words are.
    fn program(&self) -> String {
        format!("{} ({} with {})", self.binary, self.squall, self.rustc)
    }
}

fn names_of(scenarios: &[ScenarioFile]) -> String {
    scenarios.iter().map(|scenario| scenario.name.as_str()).collect::<Vec<_>>().join(", ")
}
