//! One value on the disk, replaced whole: what a node must not forget.
//!
//! A new file is written, synced, and given the old one's name. So a crash leaves the old value or the new
//! one, and what was saved before [`Saved::save`] returned is there for ever.

use std::io;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use squall_io::{fs, hook};
use squall_wire::{crc32c, decode, encode};
use tokio::io::AsyncWriteExt;

/// The file, and the one that will replace it.
const FILE: &str = "saved";
const NEXT: &str = "saved.next";

/// The value and its file.
#[derive(Debug)]
pub struct Saved<T> {
    /// The value; [`save`](Self::save) makes changes of it durable.
    pub value: T,
}

impl<T: Serialize + DeserializeOwned + Default> Saved<T> {
    /// What was saved last; the default, if nothing ever was.
    ///
    /// # Errors
    /// What the disk says, and `InvalidData` for a file that is not as it was written.
    pub async fn open() -> io::Result<Self> {
        let value = match fs::read(FILE).await {
            Ok(bytes) => read(&bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => T::default(),
            Err(error) => return Err(error),
        };
        // Once more: a process that was killed may have left a name behind that is not durable yet.
        let saved = Self { value };
        saved.save().await?;
        Ok(saved)
    }

    /// Makes the value durable.
    ///
    /// # Errors
    /// What the disk says. The node must stop then: it no longer knows what is durable.
    pub async fn save(&self) -> io::Result<()> {
        let payload = encode(&self.value);
        let bytes = [&crc32c(0, &payload).to_le_bytes()[..], &payload].concat();
        let mut next = fs::File::create(NEXT).await?;
        next.write_all(&bytes).await?;
        next.flush().await?;
        hook!("disk/between-write-and-sync").await;
        next.sync_all().await?;
        fs::rename(NEXT, FILE).await?;
        fs::sync_dir(Path::new(".")).await
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> io::Result<T> {
    let damaged = |what: String| io::Error::new(io::ErrorKind::InvalidData, format!("`{FILE}`: {what}"));
    let Some((checksum, payload)) = bytes.split_first_chunk() else {
        return Err(damaged("too short".to_owned()));
    };
    if crc32c(0, payload) != u32::from_le_bytes(*checksum) {
        return Err(damaged("wrong checksum".to_owned()));
    }
    decode(payload).map_err(|error| damaged(error.to_string()))
}
