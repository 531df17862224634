//! The journal: a line for each deposit, durable before it is answered.
//!
//! A process that is killed leaves lines behind that were written and not synced, a loss of power a torn one.

use std::io;

use squall_io::fs::{self, File};
use tokio::io::AsyncWriteExt;

use crate::ledger::Entry;

const JOURNAL: &str = "journal";
const NEW: &str = "journal.new";

#[derive(Debug)]
pub(crate) struct Journal(File);

impl Journal {
    /// The journal in the current folder, and what it holds. All of that is durable when this returns.
    pub(crate) async fn open() -> io::Result<(Self, Vec<Entry>)> {
        let entries = match fs::read(JOURNAL).await {
            Ok(bytes) => read(&bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        // What was read may never have been synced, so it is written anew before anybody sees it.
        let mut journal = Self(File::create(NEW).await?);
        for entry in &entries {
            journal.0.write_all(&line(entry)).await?;
        }
        journal.sync().await?;
        fs::rename(NEW, JOURNAL).await?;
        fs::sync_dir(".").await?;
        Ok((journal, entries))
    }

    /// Adds an entry, durably.
    pub(crate) async fn append(&mut self, entry: &Entry) -> io::Result<()> {
        self.0.write_all(&line(entry)).await?;
        self.sync().await
    }

    async fn sync(&mut self) -> io::Result<()> {
        self.0.flush().await?;
        self.0.sync_data().await
    }
}

fn line(entry: &Entry) -> Vec<u8> {
    let mut line = serde_json::to_vec(entry).expect("texts and numbers have a JSON form");
    line.push(b'\n');
    line
}

/// The entries of a journal, up to a line that is not whole: it was being written when the server died.
fn read(journal: &[u8]) -> Vec<Entry> {
    let whole = journal.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
    whole.map_while(|line| serde_json::from_slice(line).ok()).collect()
}
