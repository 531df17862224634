//! The outputs of this worker's maps on its disk.
//!
//! ```text
//! <directory>/shuffle/<attempt>.dat    the partitions, one after the other
//! <directory>/shuffle/<attempt>.idx    what is where in it; a frame of `codec`
//! ```
//! Both are written beside, synced, renamed, and the directory is synced: a file of that name is
//! whole. After a loss of power one of the two names may be missing; then there is no output.

use std::collections::BTreeSet;
use std::io::{self, SeekFrom};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use squall_io::{assert, fs, hook};
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

use crate::codec::{frame, read_frame};
use crate::job::{AttemptId, Segment, Tally};
use crate::wordcount::Counted;

/// The files. Attempts have files of their own, so what is done for one does not touch another.
#[derive(Clone, Debug)]
pub(super) struct Store {
    directory: PathBuf,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Index {
    attempt: AttemptId,
    input: Tally,
    segments: Vec<Segment>,
}

impl Index {
    fn length(&self) -> u64 {
        self.segments.last().map_or(0, |segment| segment.offset + segment.length)
    }
}

const ENDINGS: [&str; 2] = ["dat", "idx"];

impl Store {
    /// Opens the files under `root`, makes the directories if need be, removes what was left half
    /// done, and gives the attempts whose outputs lie there whole, durable.
    pub(super) async fn open(root: &Path) -> io::Result<(Self, Vec<AttemptId>)> {
        let store = Self { directory: root.join("shuffle") };
        fs::create_dir_all(&store.directory).await?;
        let mut kept = BTreeSet::new();
        let names = fs::read_dir(&store.directory).await?;
        for attempt in names.iter().filter_map(|name| attempt_of(name, "idx")) {
            if store.is_whole(attempt).await? {
                kept.insert(attempt);
            }
        }
        for name in &names {
            let mut of_attempts = ENDINGS.iter().filter_map(|end| attempt_of(name, end));
            if !of_attempts.any(|attempt| kept.contains(&attempt)) {
                assert::reachable!("worker/half-done-output-removed");
                fs::remove_file(store.directory.join(name)).await?;
            }
        }
        assert::sometimes!(!kept.is_empty(), "worker/output-outlives-restart");
        // Also for the names that a killed incarnation gave and did not get to sync.
        for directory in store.directory.ancestors() {
            let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
            fs::sync_dir(directory).await?;
        }
        Ok((store, kept.into_iter().collect()))
    }

    /// Whether the index can be read and the other file has the length that it says. The content is
    /// verified by whoever reads it.
    async fn is_whole(&self, attempt: AttemptId) -> io::Result<bool> {
        let content = fs::read(self.file(attempt, "idx")).await?;
        let Ok(index) = read_frame::<Index>(&mut &content[..]).await else { return Ok(false) };
        let Some(file) = self.open_piece(attempt, (0, index.length())).await? else { return Ok(false) };
        Ok(index.attempt == attempt && file.len().await? == index.length())
    }

    /// Writes an attempt's output. It is durable when this returns.
    pub(super) async fn write(&self, attempt: AttemptId, counted: &Counted) -> io::Result<()> {
        let index = Index { attempt, input: counted.input, segments: counted.segments.clone() };
        self.write_beside(attempt, "dat", &counted.file).await?;
        self.write_beside(attempt, "idx", &frame(&index)).await?;
        for end in ENDINGS {
            hook!("worker/before-publish").await;
            fs::rename(self.beside(attempt, end), self.file(attempt, end)).await?;
        }
        hook!("worker/before-names-are-durable").await;
        fs::sync_dir(&self.directory).await
    }

    async fn write_beside(&self, attempt: AttemptId, end: &str, content: &[u8]) -> io::Result<()> {
        let mut file = fs::File::create(self.beside(attempt, end)).await?;
        file.write_all(content).await?;
        file.flush().await?;
        file.sync_all().await
    }

    /// Removes whatever there is of an attempt, finished or not.
    pub(super) async fn remove(&self, attempt: AttemptId) -> io::Result<()> {
        // The index first: without it the rest is no output.
        for end in ["idx", "dat"] {
            for file in [self.file(attempt, end), self.beside(attempt, end)] {
                match fs::remove_file(file).await {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// A piece of an attempt's output, to be read on from where the file stands; nothing if there is
    /// no such output, or it has no such piece.
    pub(super) async fn open_piece(
        &self,
        attempt: AttemptId,
        (offset, length): (u64, u64),
    ) -> io::Result<Option<fs::File>> {
        let mut file = match fs::File::open(self.file(attempt, "dat")).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let length_of_file = file.len().await?;
        if offset.checked_add(length).is_none_or(|end| end > length_of_file) {
            return Ok(None);
        }
        file.seek(SeekFrom::Start(offset)).await?;
        Ok(Some(file))
    }

    /// A piece of an attempt's output; nothing as with [`Self::open_piece`].
    pub(super) async fn read_piece(
        &self,
        attempt: AttemptId,
        (offset, length): (u64, u64),
    ) -> io::Result<Option<Vec<u8>>> {
        let Some(file) = self.open_piece(attempt, (offset, length)).await? else { return Ok(None) };
        let mut content = Vec::new();
        file.take(length).read_to_end(&mut content).await?;
        Ok(Some(content))
    }

    fn file(&self, attempt: AttemptId, end: &str) -> PathBuf {
        self.directory.join(format!("{}.{end}", attempt.0))
    }

    fn beside(&self, attempt: AttemptId, end: &str) -> PathBuf {
        self.directory.join(format!("{}.{end}.tmp", attempt.0))
    }
}

fn attempt_of(name: &str, end: &str) -> Option<AttemptId> {
    name.strip_suffix(end)?.strip_suffix('.')?.parse().ok().map(AttemptId)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wordcount::Counting;

    fn now<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    fn counted() -> Counted {
        let mut counting = Counting::new(2);
        counting.add(&mut b"the cat and the dog".to_vec()).unwrap();
        counting.finish()
    }

    #[test]
    fn what_is_whole_is_kept_and_what_is_not_is_removed() {
        now(async {
            let root = tempfile::tempdir().unwrap();
            let (store, kept) = Store::open(root.path()).await.unwrap();
            assert_eq!(kept, []);
            let counted = counted();
            for attempt in 1..=6 {
                store.write(AttemptId(attempt), &counted).await.unwrap();
            }
            let path = |name: &str| root.path().join("shuffle").join(name);
            std::fs::remove_file(path("2.dat")).unwrap();
            std::fs::remove_file(path("3.idx")).unwrap();
            std::fs::write(path("4.dat"), &counted.file[1..]).unwrap();
            let mut index = std::fs::read(path("5.idx")).unwrap();
            *index.last_mut().unwrap() ^= 1;
            std::fs::write(path("5.idx"), index).unwrap();
            std::fs::copy(path("6.idx"), path("7.idx")).unwrap();
            std::fs::copy(path("6.dat"), path("7.dat")).unwrap();
            std::fs::write(path("8.dat.tmp"), "the").unwrap();
            let (store, kept) = Store::open(root.path()).await.unwrap();
            assert_eq!(kept, [AttemptId(1), AttemptId(6)]);
            let names = fs::read_dir(root.path().join("shuffle")).await.unwrap();
            assert_eq!(names, ["1.dat", "1.idx", "6.dat", "6.idx"]);
            store.remove(AttemptId(1)).await.unwrap();
            store.remove(AttemptId(1)).await.unwrap();
            assert_eq!(Store::open(root.path()).await.unwrap().1, [AttemptId(6)]);
        });
    }

    #[test]
    fn a_piece_is_there_whole_or_not_at_all() {
        now(async {
            let root = tempfile::tempdir().unwrap();
            let (store, _) = Store::open(root.path()).await.unwrap();
            let counted = counted();
            store.write(AttemptId(1), &counted).await.unwrap();
            let length = counted.file.len() as u64;
            let read = async |attempt, piece| store.read_piece(AttemptId(attempt), piece).await.unwrap();
            assert_eq!(read(1, (2, 5)).await.unwrap(), counted.file[2..7]);
            assert_eq!(read(1, (0, length)).await.unwrap(), counted.file);
            assert_eq!(read(1, (length, 0)).await.unwrap(), b"");
            assert_eq!(read(1, (0, length + 1)).await, None);
            assert_eq!(read(1, (1, u64::MAX)).await, None);
            assert_eq!(read(2, (0, 0)).await, None);
        });
    }
}
