//! The score's files: `zoo.json`, `zoo-times.json`, and the tables in `docs/bugs.md`. A file is there
//! whole, as it was or as it is meant to be.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use squall::zoo::{SCORE_FORMAT, Score, TIMES_FORMAT, Times};

use super::table;
use crate::error::CliError;

/// The folder of a project's documents.
const DOCS: &str = "docs";
/// Name of the score.
const SCORE: &str = "zoo.json";
/// Name of what it took.
const TIMES: &str = "zoo-times.json";
/// The document with the tables.
const TABLES: &str = "bugs.md";

/// A score with its times.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Stored {
    pub(super) score: Score,
    pub(super) times: Times,
}

impl Stored {
    /// That of a folder; empty if there is none.
    pub(super) fn of_folder(folder: &Path) -> Result<Self, CliError> {
        let mut stored = Self::default();
        let (score, times) = (folder.join(SCORE), folder.join(TIMES));
        if score.exists() {
            stored.score = read_score(&score)?;
        }
        if times.exists() {
            stored.times = parse(&times, TIMES_FORMAT)?;
            stored.times.sort();
        }
        Ok(stored)
    }

    /// Writes both.
    pub(super) fn write(&self, folder: &Path) -> Result<(), CliError> {
        write(&folder.join(SCORE), &text_of(&self.score))?;
        write(&folder.join(TIMES), &text_of(&self.times))
    }
}

/// Merges what was measured into the project's documents; what was written, for telling the user.
pub(super) fn update_docs(measured: &Stored) -> Result<Vec<PathBuf>, CliError> {
    let docs = Path::new(DOCS);
    let mut stored = Stored::of_folder(docs)?;
    measured.score.rows.iter().for_each(|row| stored.score.merge(row.clone()));
    measured.times.rows.iter().for_each(|row| stored.times.merge(row.clone()));
    let path = docs.join(TABLES);
    // Before anything is written: a table without its place is no reason for half an update.
    let tables = match path.exists() {
        true => {
            let text = read_text(&path)?;
            let filled = table::fill(&text, &stored.score, &stored.times);
            Some(filled.map_err(|problem| CliError::NoPlaceForTable { path: path.clone(), problem })?)
        }
        false => None,
    };
    stored.write(docs)?;
    let mut written = vec![docs.join(SCORE), docs.join(TIMES)];
    if let Some(text) = tables {
        write(&path, &text)?;
        written.push(path);
    }
    Ok(written)
}

/// Reads a score.
pub(super) fn read_score(path: &Path) -> Result<Score, CliError> {
    let mut score: Score = parse(path, SCORE_FORMAT)?;
    score.sort();
    Ok(score)
}

#[derive(serde::Deserialize)]
struct Version {
    v: u32,
}

fn parse<T: DeserializeOwned>(path: &Path, known: u32) -> Result<T, CliError> {
    let text = read_text(path)?;
    let wrong = |error: serde_json::Error| CliError::NoScore {
        path: path.to_owned(),
        line: error.line(),
        column: error.column(),
        // The place stands in front.
        problem: error.to_string().split(" at line ").next().unwrap_or_default().to_owned(),
    };
    // The version is looked at first: a later version may have other fields.
    let Version { v } = serde_json::from_str(&text).map_err(wrong)?;
    if v != known {
        let problem = format!("it has format {v}, and this Squall knows format {known}");
        return Err(CliError::NoScore { path: path.to_owned(), line: 1, column: 1, problem });
    }
    serde_json::from_str(&text).map_err(wrong)
}

fn text_of(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).expect("plain data with strings as keys") + "\n"
}

fn read_text(path: &Path) -> Result<String, CliError> {
    std::fs::read_to_string(path).map_err(|source| CliError::Read { path: path.to_owned(), source })
}

/// Writes a file under another name first, with the folders above it.
pub(super) fn write(path: &Path, text: &str) -> Result<(), CliError> {
    let failed = |source| CliError::Write { path: path.to_owned(), source };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let temporary = path.with_extension("tmp");
    std::fs::write(&temporary, text).and_then(|()| std::fs::rename(&temporary, path)).map_err(failed)
}
