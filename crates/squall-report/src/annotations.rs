//! A campaign as GitHub's workflow commands: lines of a step's output that become notes beside the code.
//!
//! Syntax and escaping are those of the runner's documentation ("Workflow commands for GitHub Actions")
//! and of its toolkit (`@actions/core`, `command.ts`). GitHub shows ten of a kind for each step, so there
//! are nine and a word on the rest. What the system under test said is escaped: it cannot become a command.

use squall_check::{Outcome, ScenarioStatus};

use crate::campaign::{Campaign, Failure, Standing, what_happened, word};
use crate::text::one_line;

/// Notes that are told in full.
const SHOWN: usize = 9;
/// Characters of one message.
const MESSAGE_CHARS_MAX: usize = 1_000;

/// Where a note stands: a file of the repository and a line in it, from 1.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The path, seen from the repository's root.
    pub file: String,
    /// The line.
    pub line: usize,
}

/// One note.
struct Note {
    level: &'static str,
    place: Option<Place>,
    title: String,
    message: String,
}

/// The commands, a line each; empty if all is as expected. `place` says where a scenario promises what an
/// oracle judges; without an oracle, where the scenario begins.
pub fn annotations(campaign: &Campaign, place: &dyn Fn(&str, Option<&str>) -> Option<Place>) -> String {
    let failed = campaign.all_failures().into_iter().filter(|failure| is_news(campaign, failure));
    let mut notes: Vec<Note> = failed.map(|failure| of_failure(campaign, failure, place)).collect();
    let told = notes.len();
    // What failed is told by its seeds; what else is not as expected has no seed to show.
    let seedless = campaign.verdicts.iter().filter(|verdict| {
        let told = notes_of(campaign, &verdict.scenario);
        verdict.status != ScenarioStatus::Pass && !told
    });
    notes.extend(seedless.map(|verdict| Note {
        level: if verdict.status == ScenarioStatus::Inconclusive { "warning" } else { "error" },
        place: place(&verdict.scenario, None),
        title: format!("{}: {}", verdict.scenario, verdict.status.name()),
        message: verdict.reasons.join("; "),
    }));
    let mut text: String = notes.iter().take(SHOWN).map(Note::line).collect();
    if notes.len() > SHOWN {
        // Of many failing seeds not all are kept.
        let failed = campaign.sum(|it| it.failed + it.nondeterministic + it.harness_errors);
        let unkept = failed.saturating_sub(told as u64);
        let rest = (notes.len() - SHOWN) as u64 + unkept;
        let title = "Squall".to_owned();
        let message = format!("and {rest} more: see summary.md and results.ndjson of the run");
        text += &Note { level: "error", place: None, title, message }.line();
    }
    text
}

fn is_news(campaign: &Campaign, failure: &Failure) -> bool {
    campaign.standing(failure) == Standing::News && failure.result.outcome != Outcome::Unknown
}

/// Whether a failing seed of the scenario has a note.
fn notes_of(campaign: &Campaign, scenario: &str) -> bool {
    campaign.failures.iter().any(|failure| failure.result.scenario == scenario && is_news(campaign, failure))
}

fn of_failure(
    campaign: &Campaign,
    failure: &Failure,
    place: &dyn Fn(&str, Option<&str>) -> Option<Place>,
) -> Note {
    let result = failure.result;
    let oracle = result.violations.first().map(|found| found.oracle.as_str());
    let (word, _) = word(campaign.standing(failure), result.outcome);
    let replay = match failure.shrunk {
        Some(shrunk) => campaign.commands.replay_file(shrunk.path),
        None => campaign.commands.replay(failure.target, result.seed),
    };
    Note {
        level: "error",
        place: place(&result.scenario, oracle),
        title: format!("{word} {} seed {}", result.scenario, result.seed),
        message: format!("{}\nReproduce with: {replay}", what_happened(result, MESSAGE_CHARS_MAX)),
    }
}

impl Note {
    fn line(&self) -> String {
        let mut properties = Vec::new();
        if let Some(place) = &self.place {
            properties.push(format!("file={}", property(&place.file)));
            properties.push(format!("line={}", place.line));
        }
        properties.push(format!("title={}", property(&one_line(&self.title, MESSAGE_CHARS_MAX))));
        format!("::{} {}::{}\n", self.level, properties.join(","), data(&self.message))
    }
}

/// The text of a message.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_message_is_a_command_or_a_property() {
        let note = Note {
            level: "error",
            place: Some(Place { file: "a,b:c.yaml".to_owned(), line: 7 }),
            title: "100 %, line=9::x".to_owned(),
            message: "one\n::error::two\r100 %".to_owned(),
        };
        assert_eq!(
            note.line(),
            "::error file=a%2Cb%3Ac.yaml,line=7,title=100 %25%2C line=9%3A%3Ax::one%0A::error::two%0D100 %25\n"
        );
    }
}
