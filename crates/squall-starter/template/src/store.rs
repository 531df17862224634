//! The values, and the log that brings them back after a crash.
//!
//! A value counts once its line of the log is synced. A process that is killed leaves lines behind
//! that were written and not synced, a loss of power a torn one.

use std::collections::BTreeMap;
use std::io;

use squall_io::fs::{self, File};
use tokio::io::AsyncWriteExt;
use tokio::sync::Mutex;

const LOG: &str = "log";
const NEW_LOG: &str = "log.new";

/// Mistakes planted on purpose, to see that they are found. Production has none of them.
#[derive(Clone, Copy, Default, Debug)]
pub struct Bugs {
    /// The values are let go while the log is written.
    pub lost_update: bool,
}

#[derive(Debug)]
pub(crate) struct Store {
    values: Mutex<BTreeMap<String, String>>,
    log: Mutex<File>,
    bugs: Bugs,
}

impl Store {
    /// Opens the store in the node's directory. All that it holds is durable when this returns.
    pub(crate) async fn open(bugs: Bugs) -> io::Result<Self> {
        let values = match fs::read(LOG).await {
            Ok(bytes) => read(&bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(error),
        };
        // What was read may never have been synced, so it is written anew before anybody sees it.
        let mut log = File::create(NEW_LOG).await?;
        for (key, value) in &values {
            log.write_all(&line(key, value)).await?;
        }
        log.flush().await?;
        log.sync_all().await?;
        fs::rename(NEW_LOG, LOG).await?;
        fs::sync_dir(".").await?;
        Ok(Self {
            values: Mutex::new(values),
            log: Mutex::new(log),
            bugs,
        })
    }

    pub(crate) async fn get(&self, key: &str) -> Option<String> {
        self.values.lock().await.get(key).cloned()
    }

    /// Sets a key, durably, if its value is `from`; whether it was. After an error nobody knows what is in
    /// the log: the store is done for.
    pub(crate) async fn compare_and_set(
        &self,
        key: String,
        from: Option<String>,
        to: String,
    ) -> io::Result<bool> {
        let mut values = self.values.lock().await;
        if values.get(&key) != from.as_ref() {
            return Ok(false);
        }
        if self.bugs.lost_update {
            // Meanwhile others compare with the value that is about to go.
            drop(values);
            self.append(&key, &to).await?;
            values = self.values.lock().await;
        } else {
            self.append(&key, &to).await?;
        }
        values.insert(key, to);
        Ok(true)
    }

    async fn append(&self, key: &str, value: &str) -> io::Result<()> {
        let mut log = self.log.lock().await;
        log.write_all(&line(key, value)).await?;
        log.flush().await?;
        log.sync_data().await
    }
}

fn line(key: &str, value: &str) -> Vec<u8> {
    let mut line = serde_json::to_vec(&(key, value)).expect("texts have a JSON form");
    line.push(b'\n');
    line
}

/// The values of a log, up to a line that is not whole: it was being written when the node died.
fn read(log: &[u8]) -> BTreeMap<String, String> {
    let whole = log
        .split_inclusive(|byte| *byte == b'\n')
        .filter(|line| line.ends_with(b"\n"));
    whole
        .map_while(|line| serde_json::from_slice::<(String, String)>(line).ok())
        .collect()
}
