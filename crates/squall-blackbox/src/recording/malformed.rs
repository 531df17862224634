//! What is wrong with a file that is no recording, and where.
//!
//! A [`Malformed`] is data: drawing it is for whoever has a terminal.

use std::io;
use std::ops::Range;

/// Most bytes of a line that an excerpt quotes: longer lines are not written by people.
const QUOTED_MAX: usize = 2_000;
/// How much of a longer line is quoted before and after the place, in bytes.
const AROUND: usize = 60;

/// A recording cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The input failed.
    #[error("the recording cannot be read")]
    Io(#[from] io::Error),
    /// It is not well formed.
    #[error(transparent)]
    Malformed(#[from] Box<Malformed>),
}

impl From<Malformed> for ReadError {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(Box::new(malformed))
    }
}

/// The first thing wrong with a recording.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line}, column {column}: {title}")]
pub struct Malformed {
    /// Counted from 1.
    pub line: u64,
    /// In characters, counted from 1.
    pub column: u64,
    /// One sentence, lower case, no full stop.
    pub title: String,
    /// A few words for under the place; may be empty.
    pub label: String,
    /// How to put it right.
    pub help: Option<String>,
    /// The text around it.
    pub excerpt: Excerpt,
}

/// A line, or the part of a long one around the place.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Excerpt {
    /// The text.
    pub text: String,
    /// The place in it, in bytes.
    pub span: Range<usize>,
    /// Whether it is less than the whole line.
    pub cut: bool,
}

/// What is wrong at a place of the text at hand; [`Malformed`] once it is known where the text stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Problem {
    /// In bytes of the text.
    pub(super) span: Range<usize>,
    pub(super) title: String,
    pub(super) label: String,
    pub(super) help: Option<String>,
}

impl Problem {
    pub(super) fn new(span: Range<usize>, title: impl Into<String>) -> Self {
        Self { span, title: title.into(), label: String::new(), help: None }
    }

    pub(super) fn label(self, label: impl Into<String>) -> Self {
        Self { label: label.into(), ..self }
    }

    pub(super) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// In a text that begins on `line` behind `before`, which is `skipped` characters behind the
    /// start of that line.
    pub(super) fn within(self, text: &str, line: u64, before: Before<'_>) -> Malformed {
        let start = text.floor_char_boundary(self.span.start.min(text.len()));
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
        let ahead = if line_start == 0 { before } else { Before::default() };
        let newlines = text[..start].bytes().filter(|&byte| byte == b'\n').count() as u64;
        let column =
            ahead.skipped + (ahead.text.chars().count() + text[line_start..start].chars().count()) as u64;
        let whole = [ahead.text, text[line_start..line_end].trim_end_matches('\r')].concat();
        let inside = |byte: usize| byte.min(line_end) - line_start + ahead.text.len();
        let end = text.ceil_char_boundary(self.span.end.clamp(start, text.len()));
        let excerpt = excerpt(whole, inside(start)..inside(end), ahead.skipped > 0);
        let Self { title, label, help, .. } = self;
        Malformed { line: line + newlines, column: column + 1, title, label, help, excerpt }
    }
}

/// What stands on the line of a text before it.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Before<'a> {
    /// Characters that are not kept.
    pub(super) skipped: u64,
    /// Those that are, between the former and the text.
    pub(super) text: &'a str,
}

fn excerpt(text: String, span: Range<usize>, cut: bool) -> Excerpt {
    let end = span.end.min(text.len());
    let span = span.start.min(end)..end;
    if text.len() <= QUOTED_MAX {
        return Excerpt { text, span, cut };
    }
    let from = text.floor_char_boundary(span.start.saturating_sub(AROUND));
    let to = text.ceil_char_boundary((span.start + AROUND).min(text.len()));
    Excerpt { text: text[from..to].to_owned(), span: span.start - from..span.end.min(to) - from, cut: true }
}

/// A file with nothing in it.
pub(super) fn empty() -> Malformed {
    let problem = Problem::new(0..0, "the recording is empty").label("no operation was written here");
    problem.within("", 1, Before::default())
}

/// None of the formats.
pub(super) fn no_format(head: &[u8]) -> Malformed {
    at_first(head, "this is no recording: it begins neither as JSON nor as EDN")
        .help(
            "a recording is a Squall history, a Jepsen history in EDN, or JSON operations; \
             --format names one",
        )
        .within(&String::from_utf8_lossy(head), 1, Before::default())
}

fn at_first(head: &[u8], title: &str) -> Problem {
    let text = String::from_utf8_lossy(head);
    let start = text.len() - text.trim_start().len();
    let end = text[start..].chars().next().map_or(start, |first| start + first.len_utf8());
    Problem::new(start..end, title)
}

/// Bytes that are no text. `bytes` begins on `line` behind `before`.
pub(super) fn not_text(bytes: &[u8], line: u64, before: Before<'_>) -> Malformed {
    let valid = std::str::from_utf8(bytes).err().map_or(bytes.len(), |error| error.valid_up_to());
    let text = String::from_utf8_lossy(bytes);
    let problem =
        Problem::new(valid..valid + char::REPLACEMENT_CHARACTER.len_utf8(), "this is not UTF-8 text");
    problem.label("no character begins with this byte").within(&text, line, before)
}
