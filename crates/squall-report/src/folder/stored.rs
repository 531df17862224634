//! What a run folder holds already: records read back one after the other, and how far they are sound.
//!
//! A process that is killed may leave half a line at the end of a file; a machine that loses power
//! may leave anything behind what was synced. Whatever is not a record ends the reading: the seeds from
//! there on run again, which gives the same lines.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::ReportError;

/// The records of a file of lines, in order.
#[derive(Debug)]
pub struct Stored<T> {
    path: PathBuf,
    /// Absent if there is no such file.
    input: Option<BufReader<File>>,
    version: u32,
    lines: usize,
    bytes: u64,
    ended: bool,
    record: PhantomData<T>,
}

impl<T: DeserializeOwned> Stored<T> {
    /// The records of this file, which have this version; none if there is no file.
    pub(super) fn open(path: &Path, version: u32) -> Result<Self, ReportError> {
        let input = match File::open(path) {
            Ok(file) => Some(BufReader::new(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(ReportError::io("read", path)(error)),
        };
        let path = path.to_owned();
        Ok(Self { path, input, version, lines: 0, bytes: 0, ended: false, record: PhantomData })
    }

    /// The next record; `None` behind the last that is sound.
    ///
    /// # Errors
    /// If the disk refuses, or the record is sound and of another version.
    pub fn read(&mut self) -> Result<Option<T>, ReportError> {
        let Some(input) = self.input.as_mut().filter(|_| !self.ended) else { return Ok(None) };
        let mut line = Vec::new();
        input.read_until(b'\n', &mut line).map_err(ReportError::io("read", &self.path))?;
        let Some(record) = self.record(&line)? else {
            self.ended = true;
            return Ok(None);
        };
        self.lines += 1;
        self.bytes += line.len() as u64;
        Ok(Some(record))
    }

    fn record(&self, line: &[u8]) -> Result<Option<T>, ReportError> {
        #[derive(Deserialize)]
        struct Version {
            v: u32,
        }
        if line.last() != Some(&b'\n') {
            return Ok(None);
        }
        // The version is looked at first: a later version may have other fields.
        let Ok(Version { v }) = serde_json::from_slice(line) else { return Ok(None) };
        if v != self.version {
            return Err(ReportError::Format { line: self.lines + 1, found: v, known: self.version });
        }
        Ok(serde_json::from_slice(line).ok())
    }

    /// Records read so far.
    pub const fn lines(&self) -> usize {
        self.lines
    }

    /// Bytes of the records read so far.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Bytes of the file behind them.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn behind(&self) -> Result<u64, ReportError> {
        let Some(input) = &self.input else { return Ok(0) };
        let length = input.get_ref().metadata().map_err(ReportError::io("read", &self.path))?.len();
        Ok(length.saturating_sub(self.bytes))
    }

    /// Cuts the file behind these bytes, if there is more.
    pub(super) fn cut(path: &Path, bytes: u64) -> Result<(), ReportError> {
        let cut = File::options().write(true).open(path).and_then(|file| {
            if file.metadata()?.len() > bytes {
                file.set_len(bytes)?;
                file.sync_all()?;
            }
            Ok(())
        });
        match cut {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            cut => cut.map_err(ReportError::io("write", path)),
        }
    }
}
