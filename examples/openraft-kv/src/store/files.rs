//! Files that are replaced as a whole.

use std::io;
use std::path::PathBuf;

use squall_io::fs::{self, File};
use squall_io::hook;
use tokio::io::AsyncWriteExt;

/// Where all files lie, in the node's own directory.
pub(crate) const DIRECTORY: &str = "raft";

/// When the new name of a file is durable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum NameSync {
    /// Before the file counts as replaced.
    Now,
    /// Whenever somebody syncs the directory.
    Later,
}

pub(super) fn path(name: &str) -> PathBuf {
    PathBuf::from(DIRECTORY).join(name)
}

/// Puts a file of this content in the place of the one of that name, or adds it. After a crash either is
/// there, whole. Gives the new file, open behind its content.
pub(super) async fn replace(name: &str, content: &[u8], name_sync: NameSync) -> io::Result<File> {
    let temporary = path(&format!("{name}.new"));
    let mut file = File::create(&temporary).await?;
    file.write_all(content).await?;
    file.flush().await?;
    hook!("openraft-kv/between-write-and-sync").await;
    file.sync_all().await?;
    fs::rename(&temporary, path(name)).await?;
    if name_sync == NameSync::Now {
        hook!("openraft-kv/between-rename-and-sync").await;
        fs::sync_dir(DIRECTORY).await?;
    }
    Ok(file)
}

/// Names that begin with `prefix`, with the number behind it, in order of number; unfinished ones left out.
pub(super) async fn numbered(prefix: &str) -> io::Result<Vec<(u64, String)>> {
    let names = fs::read_dir(DIRECTORY).await?;
    let number = |name: &str| name.strip_prefix(prefix)?.parse().ok();
    let mut found: Vec<(u64, String)> =
        names.into_iter().filter_map(|name| Some((number(&name)?, name))).collect();
    found.sort();
    Ok(found)
}

/// Removes those that a later one has replaced. One that stays is removed the next time.
pub(super) async fn remove_before(prefix: &str, number: u64) -> io::Result<()> {
    for (_, name) in numbered(prefix).await?.into_iter().filter(|(old, _)| *old < number) {
        fs::remove_file(path(&name)).await?;
    }
    Ok(())
}
