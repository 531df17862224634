//! Markdown that stays Markdown whatever the system under test says: escaping, tables, a limit.
//!
//! Knows GitHub's dialect (tables, autolinks, emoji, formulas), since that is where summaries are
//! read. Knows nothing of campaigns.

use std::fmt::Write as _;

use crate::text::one_line;

/// Other people's words as literal text on one line: nothing in it is a link, a tag, a formula, a
/// mention or a cell's end. Not for the start of a line, where a dash alone is markup.
pub(crate) fn literal(text: &str, chars_max: usize) -> String {
    let line = one_line(text, chars_max);
    let mut escaped = String::with_capacity(line.len());
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        let special = match c {
            // `http:`, `:emoji:`; a colon that ends a word is only a colon.
            ':' => rest.as_str().starts_with(|next: char| next != ' '),
            'w' => rest.as_str().starts_with("ww."),
            _ => "&<>\"'`*_[]|~\\@$!#".contains(c),
        };
        if special {
            // A numeric reference is text to every stage of every renderer; a backslash is not.
            write!(escaped, "&#{};", u32::from(c)).expect("writing to a string");
        } else {
            escaped.push(c);
        }
        if c == '@' {
            // GitHub looks for mentions after it has resolved references: part sign and name.
            escaped.push_str("&#8203;");
        }
    }
    escaped
}

/// Lines to copy from, in a fence that none of them can close.
pub(crate) fn block(lines: &[String]) -> String {
    let longest = lines.iter().map(|line| longest_run_of_backticks(line)).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    let lines: Vec<String> = lines.iter().map(|line| one_line(line, usize::MAX)).collect();
    format!("{fence}text\n{}\n{fence}\n", lines.join("\n"))
}

/// A table; its cells must be literal already.
pub(crate) fn table<const COLUMNS: usize>(
    headings: [&str; COLUMNS],
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
) -> String {
    let mut text = format!("| {} |\n|{}\n", headings.join(" | "), " --- |".repeat(COLUMNS));
    for row in rows {
        writeln!(text, "| {} |", row.join(" | ")).expect("writing to a string");
    }
    text
}

/// At most `bytes_max` bytes of `text`, cut at a line's end, with a note that says so.
pub(crate) fn limited(text: String, bytes_max: usize, note: &str) -> String {
    if text.len() <= bytes_max {
        return text;
    }
    let room = text.floor_char_boundary(bytes_max.saturating_sub(note.len() + FENCE_ROOM));
    let end = text[..room].rfind('\n').map_or(0, |at| at + 1);
    let mut kept = text[..end].to_owned();
    // A block that was cut open would swallow the note.
    if let Some(fence) = open_fence(&kept) {
        kept += &fence;
        kept.push('\n');
    }
    kept + note
}

/// Bytes kept free to close a fence; ours are three backticks unless a path is full of them.
const FENCE_ROOM: usize = 300;

fn open_fence(text: &str) -> Option<String> {
    let mut open: Option<String> = None;
    for line in text.lines() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        match &open {
            Some(fence) if line == fence => open = None,
            None if ticks >= 3 => open = Some("`".repeat(ticks.min(FENCE_ROOM - 1))),
            _ => {}
        }
    }
    open
}

fn longest_run_of_backticks(line: &str) -> usize {
    line.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_peoples_words_are_only_words() {
        let text = literal("<img src=x> | `a` *b* [c](http://d) @e $f$ :g: www.h.i \n# j", 200);
        let specials = ["<", ">", "|", "`", "*", "[", "]", "@", "$", "http:", ":g", "www", "\n", "\\", " # "];
        for special in specials {
            assert!(!text.contains(special), "{special:?} in {text}");
        }
        assert_eq!(literal("a<b", 200), "a&#60;b");
        assert_eq!(literal("@me", 200), "&#64;&#8203;me");
        assert_eq!(literal("term 4: job-17 lost (3.5 s)", 200), "term 4: job-17 lost (3.5 s)");
    }

    #[test]
    fn a_block_outlasts_backticks_inside() {
        assert_eq!(block(&["plain".to_owned()]), "```text\nplain\n```\n");
        assert_eq!(block(&["a ```` b".to_owned()]), "`````text\na ```` b\n`````\n");
    }

    #[test]
    fn a_cut_is_at_a_lines_end_and_says_so() {
        let long = "line\n".repeat(1_000);
        let cut = limited(long.clone(), 1_000, "cut\n");
        assert!(cut.len() <= 1_000 && cut.ends_with("line\ncut\n"), "{cut}");
        assert_eq!(limited(long.clone(), 5_000, "cut\n"), long);
    }

    #[test]
    fn a_cut_closes_the_block_it_opens() {
        let text = format!("{}```text\n{}```\n", "x\n".repeat(10), "y\n".repeat(1_000));
        let cut = limited(text, 1_000, "cut\n");
        assert!(cut.ends_with("y\n```\ncut\n") && cut.len() <= 1_000, "{cut}");
    }
}
