//! Recordings of client operations, whoever made them, read line by line.
//!
//! Three formats are understood: Squall's own `history.ndjson`, Jepsen's `history.edn`, and operations
//! as JSON objects, one a line. All become the [`Event`]s of a [`Recording`]. Reading is strict: what
//! is not well formed is a [`Malformed`] with its place, and never a guess, since a verdict on half a
//! recording would be worth nothing. Text is dropped as soon as its operation is read; what stays in
//! memory grows with the operations. Nothing here opens a file.

mod collect;
mod edn;
mod forms;
mod jepsen;
mod keys;
mod lines;
mod malformed;
mod operations;
mod squall;

use std::fmt;
use std::io::{BufRead, Cursor, Read};

use squall_history::{Header, NodeName, Op, SimTime};

pub use malformed::{Excerpt, Malformed, ReadError};
pub use squall::read_history;

use crate::Event;

/// Longest line of a JSON format, and longest operation of a vector or array, in bytes. What is longer was
/// not written by a client; a file of any size may still be one vector on one line.
pub const OPERATION_BYTES_MAX: usize = 16 << 20;

/// Deepest nesting of a value.
pub const DEPTH_MAX: usize = 128;

/// A way to write operations down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// Squall's `history.ndjson`: a header, then one record a line.
    Squall,
    /// Jepsen's `history.edn`: maps one after the other, or one vector of maps.
    Jepsen,
    /// JSON objects, one a line or in one array: `{"process":0,"type":"invoke","f":"read","key":"x"}`.
    Operations,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Squall, Self::Jepsen, Self::Operations];

    /// The word for it: `squall`, `jepsen` or `operations`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Squall => "squall",
            Self::Jepsen => "jepsen",
            Self::Operations => "operations",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Where the key of an operation stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Keys {
    /// In an EDN file, in the values if all of them are pairs with the same key at both ends of an
    /// operation, as `jepsen.independent` writes them; else in a field of its own, if anywhere.
    #[default]
    Auto,
    /// Every value is a pair of key and value.
    Pairs,
    /// Values are values.
    Field,
}

/// Which clock orders the events.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Times {
    /// The times of the recording, if it has any; they must not run backwards. Without any, an
    /// event's place in the file is its time in nanoseconds. In an EDN file, and where events have
    /// indices, the order is known otherwise: a time that is too early is taken for that before it.
    #[default]
    Recorded,
    /// Places alone: for recorders that write in order, but stamp before they write.
    Ignored,
}

/// How to read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Options {
    /// The format, if it is known. Otherwise the content decides.
    pub format: Option<Format>,
    /// Where keys are.
    pub keys: Keys,
    /// What orders the events.
    pub times: Times,
}

/// Client operations that somebody wrote down.
#[derive(Clone, Debug)]
pub struct Recording {
    /// The format it was in.
    pub format: Format,
    /// The header, of a Squall history.
    pub header: Option<Header>,
    /// Whether times are those of the recording.
    pub times: Times,
    entries: Vec<Entry>,
}

/// One event, and where it was read.
#[derive(Clone, Debug)]
struct Entry {
    /// Counted from 1.
    line: u64,
    at: SimTime,
    node: Option<NodeName>,
    op: Op,
}

impl Recording {
    /// Reads a recording; `input` is left wherever the reading stopped.
    ///
    /// # Errors
    /// If the input cannot be read, or is malformed.
    pub fn read(input: impl BufRead, options: Options) -> Result<Self, ReadError> {
        let (format, input) = format_of(input, options.format)?;
        let (header, collected) = match format {
            Format::Squall => squall::read(input, options.times)?,
            Format::Jepsen => (None, jepsen::read(input, options.times)?),
            Format::Operations => (None, operations::read(input, options.times)?),
        };
        let times = collected.times();
        let mut entries = collected.entries;
        keys::take_out(&mut entries, options.keys, format)?;
        Ok(Self { format, header, times, entries })
    }

    /// Its events, in order.
    pub fn events(&self) -> impl ExactSizeIterator<Item = Event<'_>> {
        self.entries.iter().map(|entry| Event { at: entry.at, node: entry.node.as_ref(), op: &entry.op })
    }

    /// The line of the event at a place, both as [`Moment::place`](crate::Moment) and the file count:
    /// places from 0, lines from 1.
    pub fn line(&self, place: usize) -> Option<u64> {
        self.entries.get(place).map(|entry| entry.line)
    }
}

/// The format of an input, `given` or by its first line that is not blank, and the input with the
/// lines put back.
///
/// # Errors
/// If it is empty, or no format begins like this.
pub fn format_of(
    mut input: impl BufRead,
    given: Option<Format>,
) -> Result<(Format, impl BufRead), ReadError> {
    let mut head = Vec::new();
    loop {
        let before = head.len();
        let room = OPERATION_BYTES_MAX.saturating_sub(before) as u64;
        let read = input.by_ref().take(room).read_until(b'\n', &mut head)?;
        if read == 0 || head[before..].iter().any(|byte| !byte.is_ascii_whitespace()) {
            break;
        }
    }
    let seen = detect(&head);
    let format = match (given, seen) {
        // Nothing at all is nothing in any format.
        (Some(format), seen) if seen.is_ok() || !head.trim_ascii().is_empty() => format,
        (_, seen) => seen?,
    };
    Ok((format, Cursor::new(head).chain(input)))
}

/// The format of a file that begins like this.
fn detect(head: &[u8]) -> Result<Format, ReadError> {
    let text = head.strip_prefix(lines::BYTE_ORDER_MARK).unwrap_or(head);
    let mut solid = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace());
    let json_object = |next: Option<u8>| next == Some(b'"');
    match (solid.next(), solid.next()) {
        (None, _) => Err(malformed::empty().into()),
        (Some(b'{'), next) if json_object(next) => {
            let is_header = text.windows(12).any(|window| window == b"\"sim_format\"");
            Ok(if is_header { Format::Squall } else { Format::Operations })
        }
        (Some(b'['), Some(b'{')) if json_object(solid.next()) => Ok(Format::Operations),
        (Some(b'{' | b'[' | b'(' | b'#' | b';' | b','), _) => Ok(Format::Jepsen),
        _ => Err(malformed::no_format(head).into()),
    }
}
