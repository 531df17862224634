//! The files under the storage.

use std::io::{self, SeekFrom};
use std::path::{Path, PathBuf};

use squall_io::{buggify, fs, hook};
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

use super::recovery::Files;
use super::step::{FileOp, Step};

/// Does steps in a directory.
#[derive(Debug)]
pub struct Disk {
    root: PathBuf,
    /// The file used last: a log is written in many small pieces.
    open: Option<(String, fs::File)>,
}

impl Disk {
    /// Opens a directory, makes it if there is none, and gives all files in it, durably.
    ///
    /// # Errors
    /// What the disk says.
    pub async fn open(root: &Path) -> io::Result<(Self, Files)> {
        let mut files = Files::new();
        for part in ["", "wal", "snap"] {
            let directory = root.join(part);
            fs::create_dir_all(&directory).await?;
            for name in fs::read_dir(&directory).await? {
                let name = if part.is_empty() { name } else { format!("{part}/{name}") };
                if name != "wal" && name != "snap" {
                    let content = fs::read(root.join(&name)).await?;
                    write_anew(&root.join(&name), &content).await?;
                    files.insert(name, content);
                }
            }
            fs::sync_dir(&directory).await?;
        }
        for parent in root.ancestors() {
            fs::sync_dir(if parent.as_os_str().is_empty() { Path::new(".") } else { parent }).await?;
        }
        Ok((Self { root: root.to_owned(), open: None }, files))
    }

    /// Does steps, in order. After an error the directory must not be used any more: what a failed
    /// sync leaves behind is not known, and a second one may claim success.
    ///
    /// # Errors
    /// What the disk says.
    pub async fn carry_out(&mut self, steps: Vec<Step>) -> io::Result<()> {
        for step in steps {
            match step {
                Step::File(op) => self.file_op(op).await?,
                Step::Tell(event) => squall_io::observe(event),
            }
        }
        Ok(())
    }

    async fn file_op(&mut self, op: FileOp) -> io::Result<()> {
        match op {
            FileOp::Create { file, bytes } => {
                self.open = None;
                let mut created = fs::File::create(self.root.join(&file)).await?;
                created.write_all(&bytes).await?;
                created.flush().await?;
                self.open = Some((file, created));
            }
            FileOp::Write { file, offset, bytes } => {
                let file = self.file(&file).await?;
                file.seek(SeekFrom::Start(offset)).await?;
                let first = if buggify!("raft/write-in-two") { bytes.len() / 2 } else { bytes.len() };
                file.write_all(&bytes[..first]).await?;
                file.write_all(&bytes[first..]).await?;
                file.flush().await?;
                hook!("raft/between-write-and-sync").await;
            }
            FileOp::SetLen { file, length } => self.file(&file).await?.set_len(length).await?,
            FileOp::Sync { file } => self.file(&file).await?.sync_all().await?,
            FileOp::Rename { from, to } => {
                self.open = None;
                hook!("raft/before-rename").await;
                fs::rename(self.root.join(from), self.root.join(to)).await?;
                hook!("raft/after-rename").await;
            }
            FileOp::Remove { file } => {
                self.open = None;
                fs::remove_file(self.root.join(file)).await?;
            }
            FileOp::SyncDir { directory } => fs::sync_dir(self.root.join(directory)).await?,
        }
        Ok(())
    }

    async fn file(&mut self, name: &str) -> io::Result<&mut fs::File> {
        if self.open.as_ref().is_none_or(|(open, _)| open != name) {
            let file = fs::OpenOptions::new().write().open(self.root.join(name)).await?;
            self.open = Some((name.to_owned(), file));
        }
        let (_, file) = self.open.as_mut().expect("it was just opened");
        Ok(file)
    }
}

/// Makes durable what was read. A sync alone may not: after one that failed, pages that never reached
/// the medium count as clean, and a program that comes back reads them and syncs nothing (Rebello and
/// others, "Can Applications Recover from fsync Failures?", ATC 2020).
async fn write_anew(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write().open(path).await?;
    file.write_all(content).await?;
    file.flush().await?;
    file.sync_all().await
}
