//! The lines of a JSON format, one at a time, none longer than the limit.

use std::io::{BufRead, Read};

use super::malformed::{Before, Problem, ReadError, not_text};
use super::{Malformed, OPERATION_BYTES_MAX};

/// What some programs put before UTF-8 text.
pub(super) const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// What to do about a file that ends too soon.
pub(super) const CUT_OFF: &str =
    "the recording was cut off: what it saw last is lost, and a verdict on the rest would be a guess";

/// Reads lines.
pub(super) struct Lines<R> {
    input: R,
    buffer: Vec<u8>,
    number: u64,
}

/// One line that is not blank, without its end.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    /// Counted from 1.
    pub(super) number: u64,
    pub(super) text: &'a str,
    /// Whether the file ends with it, and without a newline.
    last: bool,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, buffer: Vec::new(), number: 0 }
    }

    /// The next line that is not blank.
    pub(super) fn next(&mut self) -> Result<Option<Line<'_>>, ReadError> {
        loop {
            self.buffer.clear();
            let limit = OPERATION_BYTES_MAX as u64 + 1;
            if self.input.by_ref().take(limit).read_until(b'\n', &mut self.buffer)? == 0 {
                return Ok(None);
            }
            self.number += 1;
            if self.number == 1 && self.buffer.starts_with(BYTE_ORDER_MARK) {
                self.buffer.drain(..BYTE_ORDER_MARK.len());
            }
            if self.buffer.iter().any(|byte| !byte.is_ascii_whitespace()) {
                break;
            }
        }
        let (number, last) = (self.number, self.buffer.last() != Some(&b'\n'));
        if last && self.buffer.len() > OPERATION_BYTES_MAX {
            return Err(too_long(&self.buffer, number).into());
        }
        match std::str::from_utf8(&self.buffer) {
            Ok(text) => Ok(Some(Line { number, text: text.trim_end_matches(['\n', '\r']), last })),
            Err(_) => Err(not_text(&self.buffer, number, Before::default()).into()),
        }
    }
}

impl Line<'_> {
    /// Something is wrong in it.
    pub(super) fn malformed(&self, problem: Problem) -> ReadError {
        problem.within(self.text, self.number, Before::default()).into()
    }

    /// It is not the JSON it should be.
    pub(super) fn json(&self, error: &serde_json::Error, what: &str) -> ReadError {
        let cut_off = error.is_eof() && self.last;
        self.malformed(if cut_off { ended_within(self.text, what) } else { no_json(self.text, error) })
    }
}

/// A text that should be JSON of some kind and is not.
pub(super) fn no_json(text: &str, error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    let said = error.to_string();
    let words = said.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&said);
    // serde_json counts bytes, and points behind what it could not take.
    let start = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum::<usize>();
    let at = (start + column.saturating_sub(1)).min(text.len());
    let title = if error.is_data() { words.to_owned() } else { format!("this is not JSON: {words}") };
    Problem::new(at..at + 1, title)
}

fn ended_within(text: &str, what: &str) -> Problem {
    let at = text.len().saturating_sub(1);
    Problem::new(at..at + 1, format!("the file ends in the middle of {what}"))
        .label("nothing follows")
        .help(CUT_OFF)
}

fn too_long(bytes: &[u8], number: u64) -> Malformed {
    let begin = String::from_utf8_lossy(&bytes[..200]);
    Problem::new(0..1, format!("the line is longer than {} MiB", OPERATION_BYTES_MAX >> 20))
        .label("this line")
        .help("each operation stands on a line of its own")
        .within(&begin, number, Before::default())
}
