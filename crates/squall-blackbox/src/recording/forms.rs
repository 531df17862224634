//! The top-level forms of an EDN file, one at a time: each is an operation, and so small, however long
//! the file and its lines are.
//!
//! Only brackets, texts, characters and comments are told apart here, which is all that is needed to
//! find the end of a form; what a form means is [`edn`](super::edn)'s matter. A vector or list around
//! all forms is walked through, not collected.

use std::io::BufRead;

use super::OPERATION_BYTES_MAX;
use super::lines::{BYTE_ORDER_MARK, CUT_OFF};
use super::malformed::{Before, Malformed, Problem, ReadError, not_text};

/// What of a line before a form is kept for excerpts, in bytes.
const BEFORE_MAX: usize = 1_000;

/// Reads forms.
pub(super) struct Forms<R> {
    input: R,
    scan: Scan,
}

/// One form.
#[derive(Clone, Copy)]
pub(super) struct Form<'a> {
    pub(super) text: &'a str,
    /// Line on which it begins, counted from 1.
    pub(super) line: u64,
    before: Before<'a>,
}

/// Where the scan is.
struct Scan {
    form: Vec<u8>,
    within: Within,
    /// Open brackets of the form.
    depth: usize,
    /// The vector or list around all forms.
    around: Around,
    /// Line of the next byte.
    line: u64,
    /// What of that line came before the form.
    before: Vec<u8>,
    skipped: u64,
    /// Line on which the form began.
    start: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    /// Between forms.
    Nothing,
    /// A comment between forms.
    Remark,
    /// A form's brackets.
    Form,
    /// A text in it.
    Text,
    /// A text, behind a backslash.
    Escape,
    /// Behind the backslash of a character.
    Character,
    /// A comment in it.
    Comment,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Around {
    NotYet,
    /// It waits for this bracket.
    Open {
        closer: u8,
        line: u64,
    },
    Closed,
}

impl<R: BufRead> Forms<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, scan: Scan::new() }
    }

    /// The next form, if there is one.
    pub(super) fn next(&mut self) -> Result<Option<Form<'_>>, ReadError> {
        self.scan.begin();
        loop {
            let bytes = self.input.fill_buf()?;
            if bytes.is_empty() {
                self.scan.ends()?;
                return Ok(None);
            }
            let (used, complete) = self.scan.take(bytes)?;
            self.input.consume(used);
            if complete {
                return self.scan.complete().map(Some);
            }
        }
    }
}

impl Scan {
    fn new() -> Self {
        Self {
            form: Vec::new(),
            within: Within::Nothing,
            depth: 0,
            around: Around::NotYet,
            line: 1,
            before: Vec::new(),
            skipped: 0,
            start: 1,
        }
    }

    /// Makes room for the next form. The one before it now stands before it, perhaps on its line.
    fn begin(&mut self) {
        let form = std::mem::take(&mut self.form);
        self.pass(&form);
        self.form = form;
        self.form.clear();
        self.within = Within::Nothing;
    }

    /// Takes bytes up to the end of a form; how many, and whether the form is complete.
    fn take(&mut self, bytes: &[u8]) -> Result<(usize, bool), ReadError> {
        let mut rest = bytes;
        while let [first, behind @ ..] = rest
            && matches!(self.within, Within::Nothing | Within::Remark)
        {
            self.between(*first)?;
            rest = behind;
        }
        let end = rest.iter().position(|&byte| self.inside(byte));
        let of_form = end.map_or(rest, |end| &rest[..=end]);
        self.form.extend_from_slice(of_form);
        if self.form.len() > OPERATION_BYTES_MAX {
            let title = format!("an operation is longer than {} MiB", OPERATION_BYTES_MAX >> 20);
            return Err(self.at_start(&title, "it begins here").into());
        }
        Ok((bytes.len() - rest.len() + of_form.len(), end.is_some()))
    }

    /// Takes a byte outside of all forms.
    fn between(&mut self, byte: u8) -> Result<(), ReadError> {
        if self.within == Within::Remark || byte.is_ascii_whitespace() || byte == b',' {
            if byte == b'\n' {
                (self.within, self.line) = (Within::Nothing, self.line + 1);
            }
            self.pass(&[byte]);
            return Ok(());
        }
        match (byte, self.around) {
            (b';', _) => self.within = Within::Remark,
            (b'{' | b'#', Around::NotYet | Around::Open { .. }) => {
                (self.within, self.depth, self.start) = (Within::Form, usize::from(byte == b'{'), self.line);
                self.form.push(byte);
                return Ok(());
            }
            (b'[' | b'(', Around::NotYet) => {
                let closer = if byte == b'[' { b']' } else { b')' };
                self.around = Around::Open { closer, line: self.line };
            }
            (_, Around::Open { closer, .. }) if byte == closer => self.around = Around::Closed,
            // The mark is three bytes of no meaning, at the start alone.
            _ if self.line == 1 && self.before.len() < 3 && BYTE_ORDER_MARK.contains(&byte) => {}
            (_, Around::Closed) => {
                return Err(self.stray(byte, "something follows the end of the vector of operations").into());
            }
            (b']' | b')' | b'}', _) => {
                return Err(self.stray(byte, "a bracket closes what was never opened").into());
            }
            _ => return Err(self.stray(byte, "an operation was expected, which is a map").into()),
        }
        self.pass(&[byte]);
        Ok(())
    }

    /// Takes a byte of a form; whether it is its last.
    fn inside(&mut self, byte: u8) -> bool {
        match byte {
            b'"' | b'\\' | b';' | b'{' | b'[' | b'(' | b'}' | b']' | b')' | b'\n' => self.turn(byte),
            _ if matches!(self.within, Within::Escape | Within::Character) => self.turn(byte),
            _ => false,
        }
    }

    /// Takes a byte of a form that may mean something.
    fn turn(&mut self, byte: u8) -> bool {
        self.line += u64::from(byte == b'\n');
        match (self.within, byte) {
            (Within::Form, b'"') => self.within = Within::Text,
            (Within::Form, b'\\') => self.within = Within::Character,
            (Within::Form, b';') => self.within = Within::Comment,
            (Within::Form, b'{' | b'[' | b'(') => self.depth += 1,
            (Within::Form, b'}' | b']' | b')') => {
                // Whether the brackets are pairs is seen by whoever reads the form.
                self.depth = self.depth.saturating_sub(1);
                return self.depth == 0;
            }
            (Within::Text, b'"') | (Within::Character, _) => self.within = Within::Form,
            (Within::Text, b'\\') => self.within = Within::Escape,
            (Within::Escape, _) => self.within = Within::Text,
            (Within::Comment, b'\n') => self.within = Within::Form,
            _ => {}
        }
        false
    }

    /// Bytes are over that belong to no form any more.
    fn pass(&mut self, bytes: &[u8]) {
        let bytes = match bytes.iter().rposition(|&byte| byte == b'\n') {
            Some(newline) => {
                self.before.clear();
                self.skipped = 0;
                &bytes[newline + 1..]
            }
            None => bytes,
        };
        self.before.extend_from_slice(bytes);
        if self.before.len() > BEFORE_MAX {
            // A line that long is quoted around the place only.
            self.skipped += characters(&self.before);
            self.before.clear();
        }
    }

    fn complete(&self) -> Result<Form<'_>, ReadError> {
        match std::str::from_utf8(&self.form) {
            Ok(text) => Ok(Form { text, line: self.start, before: self.before() }),
            Err(_) => Err(not_text(&self.form, self.start, self.before()).into()),
        }
    }

    /// The input is at its end.
    fn ends(&self) -> Result<(), ReadError> {
        let mut malformed = match (self.within, self.around) {
            (Within::Nothing | Within::Remark, Around::Open { line, .. }) => {
                let title =
                    format!("the file ends within the vector of operations that opens on line {line}");
                self.stray(b' ', &title)
            }
            (Within::Nothing | Within::Remark, _) => return Ok(()),
            _ => self.at_start("the file ends in the middle of an operation", "it begins here"),
        };
        malformed.help = Some(CUT_OFF.to_owned());
        Err(malformed.into())
    }

    /// At the form's first byte.
    fn at_start(&self, title: &str, label: &str) -> Malformed {
        let shown = &self.form[..self.form.len().min(2 * BEFORE_MAX)];
        let text = String::from_utf8_lossy(shown);
        Problem::new(0..1, title).label(label).within(&text, self.start, self.before())
    }

    /// At a byte between forms.
    fn stray(&self, byte: u8, title: &str) -> Malformed {
        let text = if byte.is_ascii() { char::from(byte) } else { char::REPLACEMENT_CHARACTER };
        Problem::new(0..text.len_utf8(), title).within(&text.to_string(), self.line, self.before())
    }

    fn before(&self) -> Before<'_> {
        let text = match std::str::from_utf8(&self.before) {
            Ok(text) => text,
            // Cut within a character, or no text: the columns still count.
            Err(_) => return Before { skipped: self.skipped + characters(&self.before), text: "" },
        };
        Before { skipped: self.skipped, text }
    }
}

/// Characters in UTF-8 bytes: those that are not continuations of one.
fn characters(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|&&byte| byte & 0xC0 != 0x80).count() as u64
}

impl Form<'_> {
    /// Something is wrong in it.
    pub(super) fn malformed(&self, problem: Problem) -> ReadError {
        problem.within(self.text, self.line, self.before).into()
    }
}
