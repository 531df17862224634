//! What GitHub Actions shows of a campaign: notes beside the lines of scenarios, and the step's summary.
//!
//! The words are made in `squall-report`; here is where they go, and which line of a scenario promises what
//! an oracle judges. Nothing is shown that is not in the run folder as well.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use squall_report::{Campaign, Place, SUMMARY_BYTES_MAX};

use crate::args::Annotations;
use crate::environment;
use crate::error::CliError;
use crate::library::Loaded;

/// Names the file to which a step appends what its page is to show.
const STEP_SUMMARY: &str = "GITHUB_STEP_SUMMARY";
/// GitHub shows nothing of a summary that is larger.
const STEP_SUMMARY_BYTES_MAX: u64 = 1 << 20;
const _: () = assert!((SUMMARY_BYTES_MAX as u64) < STEP_SUMMARY_BYTES_MAX);

/// Shows a campaign there, if it is to be shown: the notes to print, which GitHub reads from the output.
pub(crate) fn show(
    how: Annotations,
    campaign: &Campaign<'_>,
    summary: &str,
    loaded: &[Loaded],
) -> Result<Option<String>, CliError> {
    let wanted = match how {
        Annotations::Github => true,
        // A slice leaves the verdict, and its words, to `merge`.
        Annotations::Auto => {
            campaign.extent.slice.is_none()
                && environment::variable("GITHUB_ACTIONS").as_deref() == Some("true")
        }
        Annotations::None => false,
    };
    if !wanted {
        return Ok(None);
    }
    let place = |scenario: &str, oracle: Option<&str>| {
        let one = loaded.iter().find(|one| one.scenario.name == scenario)?;
        let text = &one.scenario.source().text;
        let line = promise(text, oracle).unwrap_or(one.scenario.name_line);
        Some(Place { file: one.path.display().to_string(), line })
    };
    if let Some(path) = environment::variable(STEP_SUMMARY) {
        append(&PathBuf::from(path), summary)?;
    }
    Ok(Some(squall_report::annotations(campaign, &place)))
}

/// Appends a summary, if what stands there leaves room for it.
fn append(path: &PathBuf, summary: &str) -> Result<(), CliError> {
    let failed = |source| CliError::Write { path: path.clone(), source };
    let mut file = OpenOptions::new().create(true).append(true).open(path).map_err(failed)?;
    let there = file.metadata().map_err(failed)?.len();
    let text = match there + summary.len() as u64 <= STEP_SUMMARY_BYTES_MAX {
        true => summary,
        false => "\nThere is no room for another summary: see `summary.md` of the run.\n",
    };
    if there + text.len() as u64 > STEP_SUMMARY_BYTES_MAX {
        return Ok(());
    }
    file.write_all(text.as_bytes()).map_err(failed)
}

/// The line of a scenario's text, from 1, that promises what an oracle judges: where it is named below
/// `expect`, else `invariants`, else `expect` itself. `None` without any of them.
fn promise(text: &str, oracle: Option<&str>) -> Option<usize> {
    let oracle = oracle?;
    let lines: Vec<&str> = text.lines().collect();
    let expect = lines.iter().position(|line| line.starts_with("expect:"))?;
    let is_below = |line: &&&str| line.is_empty() || line.starts_with([' ', '#', '-']);
    let below = lines[expect + 1..].iter().take_while(is_below).count();
    let block = &lines[expect..=expect + below];
    let named = |word: &str| block.iter().position(|line| words(line).any(|other| other == word));
    Some(1 + expect + named(oracle).or_else(|| named("invariants")).unwrap_or(0))
}

/// The words of a line, comments aside.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let code = line.split(" #").next().unwrap_or_default();
    let code = if code.trim_start().starts_with('#') { "" } else { code };
    code.split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promise_stands_where_it_is_made() {
        let text = "name: a # recovery\nexpect:\n  # recovery comes first\n  invariants: all\n  recovery: { within: 2s }\nlimits: {}\nlatency: 1\n";
        assert_eq!(promise(text, Some("recovery")), Some(5));
        assert_eq!(promise(text, Some("linearizable")), Some(4));
        assert_eq!(promise(text, Some("latency")), Some(4), "what stands elsewhere is no promise");
        assert_eq!(promise(text, None), None);
        assert_eq!(promise("expect: { recovery: { within: 2s } }", Some("panic")), Some(1));
        assert_eq!(promise("name: a\n", Some("panic")), None);
    }
}
