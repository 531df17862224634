//! `run.json`: what a run was made from, and whether it came to its end.

use serde::{Deserialize, Serialize};
use squall_history::Seed;

/// Version of [`RunInfo`].
pub const RUN_FORMAT: u32 = 1;

/// What a run was made from. With the same values another machine gets the same results.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RunInfo {
    /// Version of this file: [`RUN_FORMAT`].
    pub v: u32,
    /// Name of the run folder.
    pub run_id: String,
    /// How far it came.
    pub status: RunStatus,
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
    /// Version of the simulator's behaviour.
    pub sim_format: u32,
    /// Version of the history files.
    pub history_format: u32,
    /// The command line, without the program.
    pub arguments: Vec<String>,
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
    /// It was ended before all seeds ran; every file is written.
    Interrupted,
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

impl RunInfo {
    /// The text of `run.json`.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("plain strings and numbers");
        text.push('\n');
        text
    }
}
