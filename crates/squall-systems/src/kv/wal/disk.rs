//! The file under the write-ahead log.

use std::io::SeekFrom;
use std::path::Path;

use squall_history::vocab::Custom;
use squall_io::{buggify, fs, hook};
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

use crate::kv::Error;

use super::{Decoded, Durable, Record, Tail, WAL_FORMAT, decode};

/// An open write-ahead log, ready for more.
#[derive(Debug)]
pub struct Wal {
    file: fs::File,
    tail: Tail,
}

impl Wal {
    /// Opens the log of server `name` in `directory`, makes it if there is none, and gives what it
    /// holds. All of that is durable when this returns: a killed process leaves records behind that
    /// were written and never synced.
    ///
    /// # Errors
    /// What the disk says, [`Error::DamagedLog`], and [`Error::BadLog`] for another server's file.
    pub async fn open(directory: &Path, name: &str) -> Result<(Self, Durable), Error> {
        make_directory(directory).await?;
        let mut file = fs::OpenOptions::new().create().open(directory.join("wal")).await?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).await?;
        let Decoded { records, tail } = decode(&bytes)?;
        let surplus = bytes.len() as u64 - tail.offset;
        if surplus > 0 {
            file.set_len(tail.offset).await?;
            squall_io::observe(Custom::new("kv", "wal-truncated").with("bytes", surplus));
        }
        // A sync alone may not do: after one that failed, pages that never reached the medium count as
        // clean, and are read all the same (Rebello and others, ATC 2020). So what was read is written.
        file.seek(SeekFrom::Start(0)).await?;
        bytes.truncate(usize::try_from(tail.offset).expect("it was read into memory"));
        file.write_all(&bytes).await?;
        file.flush().await?;
        file.sync_all().await?;
        fs::sync_dir(directory).await?;
        let tail = Tail { synced: tail.offset, ..tail };
        let mut wal = Self { file, tail };
        let own = Record::Server { format: WAL_FORMAT, name: name.to_owned() };
        match records.first() {
            None => wal.write(std::slice::from_ref(&own)).await?,
            Some(first) if *first == own => {}
            Some(first) => return Err(Error::BadLog(format!("`{name}` found the file of {first:?}"))),
        }
        let mut durable = Durable::default();
        records.into_iter().try_for_each(|record| durable.apply(record))?;
        Ok((wal, durable))
    }

    /// Writes records behind the others and syncs them. After an error the log must not be used any
    /// more: what a failed sync leaves behind is not known, and a second one may claim success.
    ///
    /// # Errors
    /// What the disk says.
    pub async fn write(&mut self, records: &[Record]) -> Result<(), Error> {
        let bytes: Vec<u8> = records.iter().flat_map(|record| self.tail.encode(record)).collect();
        let first = if buggify!("kv/write-in-two") { bytes.len() / 2 } else { bytes.len() };
        self.file.write_all(&bytes[..first]).await?;
        self.file.write_all(&bytes[first..]).await?;
        self.file.flush().await?;
        hook!("kv/between-write-and-sync").await;
        self.file.sync_data().await?;
        self.tail.synced = self.tail.offset;
        Ok(())
    }
}

/// Makes a directory whose name, and whose parents' names, are durable.
async fn make_directory(directory: &Path) -> Result<(), Error> {
    fs::create_dir_all(directory).await?;
    for parent in directory.ancestors().skip(1) {
        let own = parent.as_os_str().is_empty();
        fs::sync_dir(if own { Path::new(".") } else { parent }).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_tokio<T>(test: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
    }

    #[test]
    fn a_log_is_found_again_and_grows() {
        let directory = tempfile::tempdir().unwrap();
        on_tokio(async {
            for epoch in 1..5 {
                let (mut wal, durable) = Wal::open(directory.path(), "server-1").await.unwrap();
                assert_eq!(durable.promised, epoch - 1);
                wal.write(&[Record::Promise { epoch }]).await.unwrap();
            }
        });
    }

    #[test]
    fn a_torn_tail_is_cut_off_before_more_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("wal");
        on_tokio(async {
            let (mut wal, _) = Wal::open(directory.path(), "server-1").await.unwrap();
            wal.write(&[Record::Promise { epoch: 1 }]).await.unwrap();
            let mut bytes = std::fs::read(&path).unwrap();
            let whole = bytes.len();
            bytes.extend(&bytes.clone()[..whole / 3]);
            std::fs::write(&path, &bytes).unwrap();
            let (mut wal, durable) = Wal::open(directory.path(), "server-1").await.unwrap();
            assert_eq!(durable.promised, 1);
            assert_eq!(std::fs::metadata(&path).unwrap().len(), whole as u64);
            wal.write(&[Record::Promise { epoch: 2 }]).await.unwrap();
            let (_, durable) = Wal::open(directory.path(), "server-1").await.unwrap();
            assert_eq!(durable.promised, 2);
        });
    }

    #[test]
    fn another_servers_log_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        on_tokio(async {
            Wal::open(directory.path(), "server-1").await.unwrap();
            let error = Wal::open(directory.path(), "server-2").await.unwrap_err();
            assert!(error.to_string().contains("`server-2` found the file of"), "{error}");
        });
    }
}
