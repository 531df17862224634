//! A split of an input, read record by record. The only part of the word count that touches files.

use std::io::{self, SeekFrom};
use std::ops::Range;
use std::path::Path;

use squall_io::fs::File;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncSeekExt, BufReader};

use crate::job::Source;

use super::source::Text;

/// Longest line of a file in bytes: one that is longer is no text.
pub const LINE_MAX: usize = 1 << 20;
/// Files are read in pieces of this size.
const PIECE: usize = 64 << 10;

/// Which part of an input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Split {
    /// Its place, from 0.
    pub number: u32,
    /// How many there are.
    pub of: u32,
}

impl Split {
    /// What of `0..total` falls into it. The ranges of all splits follow each other without gaps.
    ///
    /// # Panics
    /// If there are fewer splits than its number says.
    pub fn range(self, total: u64) -> Range<u64> {
        assert!(self.number < self.of, "split {} of {}", self.number, self.of);
        let bound = |number: u64| (u128::from(number) * u128::from(total) / u128::from(self.of)) as u64;
        bound(self.number.into())..bound(u64::from(self.number) + 1)
    }
}

/// The records of a split, one after the other.
#[derive(Debug)]
pub struct Records(Inner);

#[derive(Debug)]
enum Inner {
    Generated { seed: u64, numbers: Range<u64>, record: Box<Text> },
    File { lines: Box<Lines<BufReader<File>>>, line: Vec<u8> },
}

impl Records {
    /// Begins to read a split. A file lies in `directory`.
    ///
    /// # Errors
    /// `NotFound`, `InvalidInput` or `InvalidData` if there is no such file or it is not the one that
    /// the source names; and what the disk says.
    pub async fn open(source: &Source, directory: &Path, split: Split) -> io::Result<Self> {
        Ok(Self(match source {
            Source::Generated { seed, records } => {
                let numbers = split.range((*records).into());
                Inner::Generated { seed: *seed, numbers, record: Box::default() }
            }
            Source::File { name, bytes } => {
                if Path::new(name).file_name() != Some(name.as_ref()) {
                    let why = format!("`{name}` is not the name of a file");
                    return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
                }
                let named =
                    |error: io::Error| io::Error::new(error.kind(), format!("input `{name}`: {error}"));
                let mut file = File::open(directory.join(name)).await.map_err(named)?;
                let length = file.len().await?;
                if length != *bytes {
                    return Err(invalid(format!("input `{name}` has {length} bytes, not {bytes}")));
                }
                let range = split.range(*bytes);
                file.seek(SeekFrom::Start(range.start)).await?;
                let lines = Lines::open(BufReader::with_capacity(PIECE, file), range, *bytes).await?;
                Inner::File { lines: Box::new(lines), line: Vec::new() }
            }
        }))
    }

    /// The next record, until there is none.
    ///
    /// # Errors
    /// `InvalidData` for a line longer than [`LINE_MAX`] and for a file that is cut off meanwhile;
    /// and what the disk says.
    pub async fn next(&mut self) -> io::Result<Option<&mut [u8]>> {
        match &mut self.0 {
            Inner::Generated { seed, numbers, record } => Ok(numbers.next().map(|number| {
                record.generate(*seed, number);
                record.bytes()
            })),
            Inner::File { lines, line } => {
                let Some(next) = lines.next().await? else { return Ok(None) };
                *line = next;
                Ok(Some(line))
            }
        }
    }
}

/// The lines of a range of a file: those that begin behind its start and not behind its end, and the
/// file's first if it starts at 0. So each line belongs to one range, wherever ranges meet.
#[derive(Debug)]
pub(super) struct Lines<R> {
    input: R,
    /// Where `input` stands.
    position: u64,
    end: u64,
    /// Of the file.
    length: u64,
}

impl<R: AsyncBufRead + Unpin> Lines<R> {
    /// `input` stands at the range's start.
    pub(super) async fn open(input: R, range: Range<u64>, length: u64) -> io::Result<Self> {
        let mut lines = Self { input, position: range.start, end: range.end, length };
        if range.is_empty() {
            // It has no line, not even the first.
            lines.position = length;
        } else if range.start > 0 {
            lines.pass_line(|_| Ok(())).await?;
        }
        Ok(lines)
    }

    pub(super) async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let start = self.position;
        if start > self.end || start >= self.length {
            return Ok(None);
        }
        let mut line = Vec::new();
        self.pass_line(|piece| {
            line.extend_from_slice(piece);
            if line.len() > LINE_MAX {
                return Err(invalid(format!("a line of more than {LINE_MAX} bytes begins at byte {start}")));
            }
            Ok(())
        })
        .await?;
        if self.position == start {
            return Err(invalid(format!("the file ends at byte {start}, not at {}", self.length)));
        }
        Ok(Some(line))
    }

    /// Hands on the bytes up to the next newline or the end of the file, and passes both.
    async fn pass_line(&mut self, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        loop {
            let piece = self.input.fill_buf().await?;
            let newline = piece.iter().position(|byte| *byte == b'\n');
            take(&piece[..newline.unwrap_or(piece.len())])?;
            let count = newline.map_or(piece.len(), |place| place + 1);
            self.input.consume(count);
            self.position += count as u64;
            if newline.is_some() || count == 0 {
                return Ok(());
            }
        }
    }
}

fn invalid(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wordcount::generated;

    fn now<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    async fn lines(text: &[u8], range: Range<u64>) -> io::Result<Vec<String>> {
        let rest = &text[usize::try_from(range.start).unwrap()..];
        let mut lines = Lines::open(rest, range, text.len() as u64).await?;
        let mut all = Vec::new();
        while let Some(line) = lines.next().await? {
            all.push(String::from_utf8(line).unwrap());
        }
        Ok(all)
    }

    #[test]
    fn a_line_belongs_to_the_range_that_its_beginning_falls_into() {
        now(async {
            let text = b"ab\ncd\n\nlast";
            for (range, expected) in [
                (0..11, &["ab", "cd", "", "last"][..]),
                (0..1, &["ab"]),
                (0..2, &["ab"]),
                // The line that begins just at the end of a range is that range's, for the next one
                // takes no line before it has seen a newline.
                (0..3, &["ab", "cd"]),
                (3..6, &[""]),
                (2..3, &["cd"]),
                (3..5, &[]),
                (6..7, &["last"]),
                (7..11, &[]),
                (0..0, &[]),
                (5..5, &[]),
            ] {
                assert_eq!(lines(text, range.clone()).await.unwrap(), expected, "{range:?}");
            }
        });
    }

    #[test]
    fn a_line_without_end_is_no_record() {
        now(async {
            let text = [b"a\n".to_vec(), vec![b'x'; LINE_MAX + 1]].concat();
            let error = lines(&text, 0..10).await.unwrap_err();
            assert_eq!(error.to_string(), "a line of more than 1048576 bytes begins at byte 2");
            assert_eq!(lines(&text[..text.len() - 1], 0..10).await.unwrap()[1].len(), LINE_MAX);
            // Whose it is not does not mind.
            assert!(lines(&text, 5..10).await.unwrap().is_empty());
        });
    }

    #[test]
    fn a_file_that_lost_its_end_is_seen() {
        now(async {
            let mut lines = Lines::open(&b"ab\nc"[..], 0..9, 9).await.unwrap();
            assert_eq!(lines.next().await.unwrap().unwrap(), b"ab");
            assert_eq!(lines.next().await.unwrap().unwrap(), b"c");
            assert_eq!(lines.next().await.unwrap_err().to_string(), "the file ends at byte 4, not at 9");
        });
    }

    #[test]
    fn a_source_that_is_not_what_it_says_is_refused() {
        now(async {
            let root = tempfile::tempdir().unwrap();
            std::fs::write(root.path().join("text"), "one\ntwo\n").unwrap();
            let split = Split { number: 0, of: 1 };
            let open = async |name: &str, bytes| {
                let source = Source::File { name: name.to_owned(), bytes };
                Records::open(&source, root.path(), split).await.map_err(|error| error.to_string())
            };
            assert_eq!(open("text", 8).await.unwrap().next().await.unwrap().unwrap(), b"one");
            assert_eq!(open("text", 9).await.unwrap_err(), "input `text` has 8 bytes, not 9");
            assert!(open("none", 8).await.unwrap_err().starts_with("input `none`: "));
            for name in ["", "..", "a/b", "/etc/passwd"] {
                assert!(open(name, 8).await.unwrap_err().ends_with("is not the name of a file"), "{name}");
            }
        });
    }

    #[test]
    fn generated_records_are_dealt_to_splits_without_gaps() {
        now(async {
            let source = Source::Generated { seed: 5, records: 10 };
            let mut all = Vec::new();
            for number in 0..4 {
                let split = Split { number, of: 4 };
                let mut records = Records::open(&source, Path::new(""), split).await.unwrap();
                while let Some(record) = records.next().await.unwrap() {
                    all.push(String::from_utf8(record.to_vec()).unwrap());
                }
            }
            assert!(all.into_iter().eq((0..10).map(|number| generated(5, number))));
        });
    }
}
