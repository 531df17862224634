//! What a stored plan file says of the run it came from, and whether a replay is that run.
//!
//! It stands in a comment at the head of the file, so it moves with the file and no tool trips over
//! it: `# found: outcome=fail digest=… commit=…`.

use std::path::{Path, PathBuf};

use squall::Plan;
use squall_check::SeedResult;
use squall_scenario::to_yaml;

use crate::environment;

const MARK: &str = "# found: ";

/// How a run ended when it was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Found {
    outcome: String,
    digest: String,
    commit: String,
}

impl Found {
    /// What this build found.
    pub(crate) fn now(result: &SeedResult) -> Self {
        Self {
            outcome: result.outcome.name().to_owned(),
            digest: result.digest.map_or_else(|| "none".to_owned(), |digest| digest.to_string()),
            commit: environment::commit_text(),
        }
    }

    /// The line for a file's head, without the comment sign.
    pub(crate) fn line(&self) -> String {
        format!("{}outcome={} digest={} commit={}", &MARK[2..], self.outcome, self.digest, self.commit)
    }

    /// Read back from a file's text.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let line = text.lines().find_map(|line| line.strip_prefix(MARK))?;
        let field = |name: &str| {
            let start = format!("{name}=");
            line.split_whitespace().find_map(|word| word.strip_prefix(start.as_str())).map(str::to_owned)
        };
        Some(Self { outcome: field("outcome")?, digest: field("digest")?, commit: field("commit")? })
    }

    /// How the newest stored failure of this very plan ended, if there is one. With another bug,
    /// value or scenario text it is another plan, and nothing is known of it.
    pub(crate) fn latest(plan: &Plan) -> Option<Self> {
        Self::stored(plan).and_then(|(_, text)| Self::read(&text))
    }

    /// The newest stored `plan.yaml` of this very plan: where it lies, and its text.
    pub(crate) fn stored(plan: &Plan) -> Option<(PathBuf, String)> {
        let runs = std::fs::read_dir(environment::reports()).ok()?;
        let mut runs: Vec<_> = runs.filter_map(|entry| Some(entry.ok()?.path())).collect();
        runs.sort();
        let file = Path::new("failures").join(&*plan.scenario).join(plan.seed.to_string()).join("plan.yaml");
        let text = to_yaml(plan, "");
        runs.iter().rev().find_map(|run| {
            let path = run.join(&file);
            let stored = std::fs::read_to_string(&path).ok()?;
            body(&stored).eq(body(&text)).then_some((path, stored))
        })
    }

    /// Whether `result` is the run that was found, in one sentence.
    pub(crate) fn compare(&self, result: &SeedResult) -> String {
        let now = Self::now(result);
        if now.outcome == self.outcome && now.digest == self.digest {
            return format!("reproduced: {} with digest {}", now.outcome, now.digest);
        }
        format!(
            "differs: found at commit {} as {} with digest {}; this is commit {}: {} with digest {}",
            self.commit, self.outcome, self.digest, now.commit, now.outcome, now.digest
        )
    }
}

/// The lines of a plan file that are no comment.
fn body(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.starts_with('#'))
}
