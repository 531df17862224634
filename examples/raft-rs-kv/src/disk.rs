//! A file of records that only grows: what a server must not forget, in the order in which it was promised.
//!
//! ```text
//! len: u32 le | crc32c of the payload: u32 le | payload: len bytes
//! ```
//! A crash may tear what was not synced yet, and nobody was told of that: the file is cut at its first bad
//! record. Damage to what was synced is not told from a torn tail; the faults that are survived do not include it.

use std::io::{self, SeekFrom};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use squall_io::{fs, hook};
use squall_wire::{crc32c, decode, encode};
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

const FILE: &str = "log";
/// Length and checksum.
const HEAD: usize = 8;

/// The open file, ready for more.
#[derive(Debug)]
pub struct Log(fs::File);

impl Log {
    /// Opens the file, makes it if there is none, and gives its records. They are durable when this returns.
    ///
    /// # Errors
    /// What the disk says.
    pub async fn open<T: DeserializeOwned>() -> io::Result<(Self, Vec<T>)> {
        let mut file = fs::OpenOptions::new().create().open(FILE).await?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).await?;
        let (mut records, mut end) = (Vec::new(), 0);
        while let Some((record, next)) = record_at(&bytes, end) {
            records.push(record);
            end = next;
        }
        file.set_len(end as u64).await?;
        // Written once more, not only synced: after a sync that failed, pages that never reached the medium
        // count as clean (Rebello and others, "Can Applications Recover from fsync Failures?", ATC 2020).
        file.seek(SeekFrom::Start(0)).await?;
        file.write_all(&bytes[..end]).await?;
        file.flush().await?;
        file.sync_all().await?;
        fs::sync_dir(Path::new(".")).await?;
        Ok((Self(file), records))
    }

    /// Adds a record, durably.
    ///
    /// # Errors
    /// What the disk says. The server must stop then: it no longer knows what is durable.
    pub async fn add(&mut self, record: &impl Serialize) -> io::Result<()> {
        let payload = encode(record);
        let length = u32::try_from(payload.len()).map_err(io::Error::other)?;
        let bytes = [&length.to_le_bytes()[..], &crc32c(0, &payload).to_le_bytes(), &payload].concat();
        self.0.write_all(&bytes).await?;
        self.0.flush().await?;
        hook!("raft-rs-kv/between-write-and-sync").await;
        self.0.sync_data().await
    }
}

/// The record that begins at a place, and where it ends; none, if it is not whole.
fn record_at<T: DeserializeOwned>(bytes: &[u8], at: usize) -> Option<(T, usize)> {
    let (head, rest) = bytes.get(at..)?.split_first_chunk::<HEAD>()?;
    let word = |from: usize| u32::from_le_bytes([head[from], head[from + 1], head[from + 2], head[from + 3]]);
    let length = usize::try_from(word(0)).ok()?;
    let payload = rest.get(..length)?;
    if length == 0 || crc32c(0, payload) != word(4) {
        return None;
    }
    Some((decode(payload).ok()?, at + HEAD + length))
}
