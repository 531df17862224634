//! The score as Markdown, between two marks of a document: what the tables say follows from the score's files
//! alone, so a test can tell whether a document is up to date.

use std::collections::BTreeSet;

use squall::zoo::{Key, Profile, Row, Score, Tally, Times};

use super::words;

/// The document with the tables of every system in their places.
pub(super) fn fill(document: &str, score: &Score, times: &Times) -> Result<String, String> {
    let systems: BTreeSet<&str> = score.rows.iter().map(|row| row.key.system.as_str()).collect();
    let mut filled = document.to_owned();
    for system in systems {
        let (open, close) = (format!("<!-- zoo:{system} -->\n"), format!("<!-- /zoo:{system} -->"));
        let place = || {
            format!(
                "the table of system `{system}` has no place: add the lines `{}` and `{close}`",
                open.trim()
            )
        };
        let (before, rest) = filled.split_once(&open).ok_or_else(place)?;
        let (_, after) = rest.split_once(&close).ok_or_else(place)?;
        filled = format!("{before}{open}{}{close}{after}", tables(system, score, times));
    }
    Ok(filled)
}

/// Of the table with a row for each bug.
const HEAD: &str = "\
| bug | found | share of seeds (95 %) | seeds to find | CPU to find | caught by | faults | shrinking | replays |
|---|---|---|---|---|---|---|---|---|
";

fn tables(system: &str, score: &Score, times: &Times) -> String {
    let rows: Vec<&Row> = score.rows.iter().filter(|row| row.key.system == system).collect();
    let commits: BTreeSet<String> = rows.iter().map(|row| words::short_commit(&row.commit)).collect();
    let commits: Vec<String> = commits.into_iter().collect();
    let mut text = format!(
        "Measured by `zoo --update` at commit {}. What each column says stands in \
         [`campaigns/zoo.md`](campaigns/zoo.md).\n\n",
        commits.join(", ")
    );
    let mut hunters: Vec<(Profile, &str)> = Vec::new();
    for row in &rows {
        let name = if row.key.profile == Profile::Own { "" } else { row.key.scenario.as_str() };
        if !hunters.contains(&(row.key.profile, name)) {
            hunters.push((row.key.profile, name));
        }
    }
    hunters.sort_unstable();
    let of = |(profile, name): &(Profile, &str)| -> Vec<&Row> {
        let fits =
            |row: &&&Row| row.key.profile == *profile && (name.is_empty() || row.key.scenario == *name);
        rows.iter().filter(fits).copied().collect()
    };
    text += "| hunted by | bugs found | seeds to find | CPU to find | faults | shrinking |\n";
    text += "|---|---|---|---|---|---|\n";
    for hunter in &hunters {
        text += &summary(&title(hunter), &of(hunter), times);
    }
    text += "\nMedians over the bugs; one that was not found counts as infinitely many seeds.\n";
    for hunter in &hunters {
        text += &format!("\n**By {}**\n\n", title(hunter));
        text += HEAD;
        of(hunter).iter().for_each(|row| text += &one(row, times));
    }
    text + "\n"
}

fn title((profile, name): &(Profile, &str)) -> String {
    match profile {
        Profile::Own => "its own scenario".to_owned(),
        Profile::Swarm => format!("`{name}`"),
    }
}

fn summary(title: &str, rows: &[&Row], times: &Times) -> String {
    let found = rows.iter().filter(|row| row.tally.found > 0).count();
    let seeds = words::median(rows.iter().map(|row| row.tally.seeds_to_find()));
    let cpu = words::median(rows.iter().map(|row| cpu_to_find(&row.key, &row.tally, times)));
    let shrunk = || rows.iter().flat_map(|row| row.shrunk.first());
    let before = words::median(shrunk().map(|one| Some(one.faults_before)));
    let after = words::median(shrunk().map(|one| Some(one.faults_after)));
    let runs = words::median(shrunk().map(|one| Some(one.runs)));
    let wall = words::median(rows.iter().flat_map(|row| shrink_wall(&row.key, times)).map(Some));
    let faults = if shrunk().next().is_none() {
        "–".to_owned()
    } else {
        format!("{} → {}", words::number(before), words::number(after))
    };
    let shrinking = match wall {
        Some(wall) => format!("{} runs, {}", words::number(runs), words::seconds(wall * 1e3)),
        None => "–".to_owned(),
    };
    format!(
        "| {title} | {found} of {} | {} | {} | {faults} | {shrinking} |\n",
        rows.len(),
        words::number(seeds),
        cpu.map_or_else(|| "–".to_owned(), words::seconds),
    )
}

fn one(row: &Row, times: &Times) -> String {
    let tally = &row.tally;
    let seeds = tally.seeds_to_find().map_or_else(|| "–".to_owned(), words::grouped);
    let cpu =
        cpu_to_find(&row.key, tally, times).map_or_else(|| "–".to_owned(), |us| words::seconds(us as f64));
    let (faults, shrinking, replays) = match row.shrunk.first() {
        None => ("–".to_owned(), "–".to_owned(), "–".to_owned()),
        Some(one) => {
            let wall = shrink_wall(&row.key, times)
                .first()
                .map_or_else(String::new, |ms| format!(", {}", words::seconds(*ms as f64 * 1e3)));
            let cut = if one.cut_short { " (cut short)" } else { "" };
            (
                format!("{} → {}", one.faults_before, one.faults_after),
                format!("{} runs{wall}{cut}", one.runs),
                words::replays(row),
            )
        }
    };
    format!(
        "| `{}` | {} | {} | {seeds} | {cpu} | {} | {faults} | {shrinking} | {replays} |\n",
        row.key.bug,
        words::found(tally),
        words::share(tally),
        words::caught_by(tally, |name| format!("`{name}`")),
    )
}

/// Microseconds of CPU time up to a find, in the median.
pub(super) fn cpu_to_find(key: &Key, tally: &Tally, times: &Times) -> Option<u64> {
    times.row(key)?.cpu_us_of(tally.seeds_to_find()?)
}

fn shrink_wall(key: &Key, times: &Times) -> Vec<u64> {
    times.row(key).map_or_else(Vec::new, |row| row.shrink_wall_ms.iter().take(1).copied().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// The tables of the project's own document are those of its score.
    #[test]
    fn the_document_says_what_the_score_says() {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
        let stored = super::super::store::Stored::of_folder(&docs).expect("the score can be read");
        let document = std::fs::read_to_string(docs.join("bugs.md")).expect("the document is there");
        assert!(!stored.score.rows.is_empty(), "a score without rows");
        let filled = fill(&document, &stored.score, &stored.times).expect("every system has its place");
        assert!(filled == document, "docs/bugs.md is not up to date: run `cargo xtask zoo --update`");
    }

    #[test]
    fn a_table_stays_within_its_marks_and_needs_them() {
        let score = Score { rows: vec![words::tests::row()], ..Score::default() };
        let document = "a\n<!-- zoo:s -->\nold\n<!-- /zoo:s -->\nb\n";
        let filled = fill(document, &score, &Times::default()).expect("there is a place");
        assert!(
            filled.starts_with("a\n<!-- zoo:s -->\nMeasured") && filled.ends_with("<!-- /zoo:s -->\nb\n")
        );
        assert!(
            filled.contains("| `late` | 2 of 40 | 5.0 % (1.4–16.5 %) | 14 | – | `linearizable` 2 |"),
            "{filled}"
        );
        assert!(!filled.contains("old"));
        assert_eq!(
            fill(&filled, &score, &Times::default()).as_deref(),
            Ok(filled.as_str()),
            "again: the same"
        );
        for broken in ["a", "<!-- zoo:s -->\n", "<!-- /zoo:s --> <!-- zoo:t -->\n"] {
            let why = fill(broken, &score, &Times::default()).expect_err("there is no place");
            assert!(why.contains("`<!-- zoo:s -->`"), "{why}");
        }
    }
}
