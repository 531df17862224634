//! The node's files. Paths are relative to the node's own directory; no node sees another's.
//!
//! What is written lies in the page cache until [`File::sync_all`]; a new, renamed or removed name
//! is durable only after [`sync_dir`] of the directory that holds it. A killed process loses
//! nothing of either, a loss of power loses both.
//!
//! A node has several disks ([`disk`]), each a device of its own: what lies on one is not moved to
//! another by renaming, and each is full, slow or broken for itself.

use std::fmt;
use std::io::{self, SeekFrom};
use std::path::{Component, Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncSeek, AsyncWrite, ReadBuf};

use squall_history::{disk_mount, disk_of};
#[cfg(feature = "sim")]
use squall_sim::disk::{fault::Target, wait};

use crate::ground::{Machine, machine};

/// One of the node's disks, by number. The first, 0, holds the node's directory; disk `i` is mounted
/// in it as `disk<i>`. Nothing need be made before it is used. Listing the node's directory does not
/// show them.
///
/// # Panics
/// If the number is not below [`DISKS`](squall_history::DISKS).
pub fn disk(number: u32) -> Disk {
    Disk(disk_mount(number).into())
}

/// A disk of the node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Disk(PathBuf);

impl Disk {
    /// Where something of this disk lies in the node's directory: the path for the functions here.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        // A root in `path` would replace the mount.
        self.0.join(path.strip_prefix("/").unwrap_or(path))
    }
}

/// How a file is opened; the names are those of `std::fs::OpenOptions`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OpenOptions {
    write: bool,
    create: bool,
    create_new: bool,
    truncate: bool,
}

impl OpenOptions {
    /// For reading only.
    pub const fn new() -> Self {
        Self { write: false, create: false, create_new: false, truncate: false }
    }

    /// For writing too.
    #[must_use]
    pub const fn write(mut self) -> Self {
        self.write = true;
        self
    }

    /// Made if it does not exist; for writing.
    #[must_use]
    pub const fn create(mut self) -> Self {
        (self.write, self.create) = (true, true);
        self
    }

    /// Made, and an error if it exists; for writing.
    #[must_use]
    pub const fn create_new(mut self) -> Self {
        (self.write, self.create_new) = (true, true);
        self
    }

    /// Emptied; for writing.
    #[must_use]
    pub const fn truncate(mut self) -> Self {
        (self.write, self.truncate) = (true, true);
        self
    }

    /// Opens `path`.
    ///
    /// # Errors
    /// `NotFound`, `AlreadyExists`, and what else the file system says.
    pub async fn open(self, path: impl AsRef<Path>) -> io::Result<File> {
        let path = inside(path.as_ref())?;
        Ok(File(match machine() {
            #[cfg(feature = "sim")]
            Machine::Simulated => {
                wait::access(Target::Path(&path)).await;
                let options = squall_sim::disk::Open {
                    write: self.write,
                    create: self.create,
                    create_new: self.create_new,
                    truncate: self.truncate,
                };
                Inner::Sim(SimFile {
                    handle: squall_sim::disk::open(&path, options)?,
                    position: 0,
                    wait: None,
                })
            }
            Machine::Real(place) => {
                let mut options = tokio::fs::OpenOptions::new();
                options.read(true).write(self.write).create(self.create);
                options.create_new(self.create_new).truncate(self.truncate);
                Inner::Tokio(options.open(rooted(place.as_deref(), &path).await?).await?)
            }
        }))
    }
}

/// An open file with a position.
pub struct File(Inner);

enum Inner {
    #[cfg(feature = "sim")]
    Sim(SimFile),
    Tokio(tokio::fs::File),
}

#[cfg(feature = "sim")]
struct SimFile {
    handle: squall_sim::disk::Handle,
    position: u64,
    /// The running operation's time.
    wait: Option<squall_sim::disk::wait::Wait<'static>>,
}

#[cfg(feature = "sim")]
impl SimFile {
    /// Waits for an operation's time; what it gives is to be dropped when the operation is done.
    fn poll_access(
        &mut self,
        cx: &mut Context<'_>,
        begin: impl FnOnce(squall_sim::disk::Handle, u64) -> wait::Wait<'static>,
    ) -> Poll<io::Result<wait::Wait<'static>>> {
        squall_sim::disk::check(&self.handle)?;
        let mut wait = self.wait.take().unwrap_or_else(|| begin(self.handle, self.position));
        if wait.poll_elapsed(cx).is_pending() {
            self.wait = Some(wait);
            return Poll::Pending;
        }
        Poll::Ready(Ok(wait))
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("File")
    }
}

impl File {
    /// Opens for reading.
    ///
    /// # Errors
    /// `NotFound`, and what else the file system says.
    pub async fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        OpenOptions::new().open(path).await
    }

    /// Opens for writing, makes it if need be, and empties it.
    ///
    /// # Errors
    /// What the file system says.
    pub async fn create(path: impl AsRef<Path>) -> io::Result<Self> {
        OpenOptions::new().create().truncate().open(path).await
    }

    /// Makes all that was written durable (the file's data and length; not its name).
    ///
    /// # Errors
    /// What the disk says; the data may then be lost.
    pub async fn sync_all(&mut self) -> io::Result<()> {
        match &mut self.0 {
            #[cfg(feature = "sim")]
            Inner::Sim(file) => {
                let ticket = squall_sim::disk::begin_sync(&file.handle)?;
                wait::sync(Target::File(file.handle)).await;
                squall_sim::disk::finish_sync(&file.handle, ticket)
            }
            Inner::Tokio(file) => file.sync_all().await,
        }
    }

    /// As [`sync_all`](Self::sync_all), but for metadata that is not needed to read the data back.
    ///
    /// # Errors
    /// What the disk says; the data may then be lost.
    pub async fn sync_data(&mut self) -> io::Result<()> {
        match &mut self.0 {
            #[cfg(feature = "sim")]
            Inner::Sim(_) => self.sync_all().await,
            Inner::Tokio(file) => file.sync_data().await,
        }
    }

    /// Cuts the file, or extends it with zeros.
    ///
    /// # Errors
    /// What the file system says.
    pub async fn set_len(&mut self, length: u64) -> io::Result<()> {
        match &mut self.0 {
            #[cfg(feature = "sim")]
            Inner::Sim(file) => {
                squall_sim::disk::check(&file.handle)?;
                wait::access(Target::File(file.handle)).await;
                squall_sim::disk::set_len(&file.handle, length)
            }
            Inner::Tokio(file) => file.set_len(length).await,
        }
    }

    /// Length in bytes.
    ///
    /// # Errors
    /// What the file system says.
    pub async fn len(&self) -> io::Result<u64> {
        match &self.0 {
            #[cfg(feature = "sim")]
            Inner::Sim(file) => squall_sim::disk::len(&file.handle),
            Inner::Tokio(file) => Ok(file.metadata().await?.len()),
        }
    }
}

impl AsyncRead for File {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.0 {
            #[cfg(feature = "sim")]
            Inner::Sim(file) => {
                let wanted = buffer.remaining();
                let access = file.poll_access(cx, |file, offset| wait::read(file, offset, wanted));
                let _under_way = std::task::ready!(access)?;
                let count =
                    squall_sim::disk::read_at(&file.handle, buffer.initialize_unfilled(), file.position)?;
                buffer.advance(count);
                file.position += count as u64;
                Poll::Ready(Ok(()))
            }
            Inner::Tokio(file) => Pin::new(file).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for File {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.0 {
            #[cfg(feature = "sim")]
            Inner::Sim(file) => {
                let access = file.poll_access(cx, |file, offset| wait::write(file, offset, bytes));
                let _under_way = std::task::ready!(access)?;
                let written = squall_sim::disk::write_at(&file.handle, bytes, file.position)?;
                file.position += written as u64;
                Poll::Ready(Ok(written))
            }
            Inner::Tokio(file) => Pin::new(file).poll_write(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            #[cfg(feature = "sim")]
            Inner::Sim(_) => Poll::Ready(Ok(())),
            Inner::Tokio(file) => Pin::new(file).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            #[cfg(feature = "sim")]
            Inner::Sim(_) => Poll::Ready(Ok(())),
            Inner::Tokio(file) => Pin::new(file).poll_shutdown(cx),
        }
    }
}

impl AsyncSeek for File {
    fn start_seek(mut self: Pin<&mut Self>, to: SeekFrom) -> io::Result<()> {
        match &mut self.0 {
            #[cfg(feature = "sim")]
            Inner::Sim(file) => {
                let (base, offset) = match to {
                    SeekFrom::Start(position) => (position, 0),
                    SeekFrom::End(offset) => (squall_sim::disk::len(&file.handle)?, offset),
                    SeekFrom::Current(offset) => (file.position, offset),
                };
                let before_start = || io::Error::from(io::ErrorKind::InvalidInput);
                file.position = base.checked_add_signed(offset).ok_or_else(before_start)?;
                Ok(())
            }
            Inner::Tokio(file) => Pin::new(file).start_seek(to),
        }
    }

    fn poll_complete(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        match &mut self.0 {
            #[cfg(feature = "sim")]
            Inner::Sim(file) => Poll::Ready(Ok(file.position)),
            Inner::Tokio(file) => Pin::new(file).poll_complete(cx),
        }
    }
}

/// The whole content of a file.
///
/// # Errors
/// `NotFound`, and what else the file system says.
pub async fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    use tokio::io::AsyncReadExt;
    let mut file = File::open(path).await?;
    let mut content = Vec::new();
    file.read_to_end(&mut content).await?;
    Ok(content)
}

/// Makes a file of this content, not durable yet.
///
/// # Errors
/// What the file system says.
pub async fn write(path: impl AsRef<Path>, content: &[u8]) -> io::Result<()> {
    use tokio::io::AsyncWriteExt;
    let mut file = File::create(path).await?;
    file.write_all(content).await?;
    file.flush().await
}

/// Gives a file or directory another name, atomically; a file of that name is replaced.
///
/// # Errors
/// `NotFound`, and what else the file system says.
pub async fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
    let (from, to) = (inside(from.as_ref())?, inside(to.as_ref())?);
    match machine() {
        #[cfg(feature = "sim")]
        Machine::Simulated => {
            wait::access(Target::Paths(&from, &to)).await;
            squall_sim::disk::rename(&from, &to)
        }
        Machine::Real(place) => {
            let place = place.as_deref();
            // Directories of one real disk stand for the disks of a node of ours; elsewhere the mounts
            // are the machine's own.
            if place.is_some() && disk_of(&from).0 != disk_of(&to).0 {
                return Err(io::Error::from_raw_os_error(EXDEV));
            }
            tokio::fs::rename(rooted(place, &from).await?, rooted(place, &to).await?).await
        }
    }
}

/// Removes a file.
///
/// # Errors
/// `NotFound`, and what else the file system says.
pub async fn remove_file(path: impl AsRef<Path>) -> io::Result<()> {
    let path = inside(path.as_ref())?;
    match machine() {
        #[cfg(feature = "sim")]
        Machine::Simulated => {
            wait::access(Target::Path(&path)).await;
            squall_sim::disk::remove_file(&path)
        }
        Machine::Real(place) => tokio::fs::remove_file(rooted(place.as_deref(), &path).await?).await,
    }
}

/// Makes a directory and those above it, as far as they do not exist.
///
/// # Errors
/// What the file system says.
pub async fn create_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    let path = inside(path.as_ref())?;
    match machine() {
        #[cfg(feature = "sim")]
        Machine::Simulated => {
            wait::access(Target::Path(&path)).await;
            squall_sim::disk::create_dir_all(&path)
        }
        Machine::Real(place) => tokio::fs::create_dir_all(rooted(place.as_deref(), &path).await?).await,
    }
}

/// Names in a directory, sorted.
///
/// # Errors
/// `NotFound`, and what else the file system says.
pub async fn read_dir(path: impl AsRef<Path>) -> io::Result<Vec<String>> {
    let path = inside(path.as_ref())?;
    match machine() {
        #[cfg(feature = "sim")]
        Machine::Simulated => {
            wait::access(Target::Path(&path)).await;
            squall_sim::disk::read_dir(&path)
        }
        Machine::Real(place) => {
            let mut entries = tokio::fs::read_dir(rooted(place.as_deref(), &path).await?).await?;
            let mut names = Vec::new();
            while let Some(entry) = entries.next_entry().await? {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
            if place.is_some() && path.as_os_str().is_empty() {
                names.retain(|name| disk_of(Path::new(name)).0 == 0);
            }
            names.sort();
            Ok(names)
        }
    }
}

/// Makes the names in a directory durable: files created, renamed into or out of it, removed.
///
/// # Errors
/// `NotFound`, and what else the disk says.
pub async fn sync_dir(path: impl AsRef<Path>) -> io::Result<()> {
    let path = inside(path.as_ref())?;
    match machine() {
        #[cfg(feature = "sim")]
        Machine::Simulated => {
            let ticket = squall_sim::disk::begin_sync_dir(&path)?;
            wait::sync(Target::Path(&path)).await;
            squall_sim::disk::finish_sync_dir(&path, ticket)
        }
        Machine::Real(place) => {
            let directory = tokio::fs::File::open(rooted(place.as_deref(), &path).await?).await?;
            directory.sync_all().await
        }
    }
}

/// Whether there is a file or directory of this name.
///
/// # Errors
/// What the file system says.
pub async fn try_exists(path: impl AsRef<Path>) -> io::Result<bool> {
    let path = inside(path.as_ref())?;
    match machine() {
        #[cfg(feature = "sim")]
        Machine::Simulated => {
            wait::access(Target::Path(&path)).await;
            squall_sim::disk::exists(&path)
        }
        Machine::Real(place) => tokio::fs::try_exists(rooted(place.as_deref(), &path).await?).await,
    }
}

/// The path without `.` and root; one that climbs out is refused. A program that is no node of
/// ours has no directory of its own: its paths stay as they are.
fn inside(path: &Path) -> io::Result<PathBuf> {
    if matches!(machine(), Machine::Real(None)) {
        return Ok(path.to_owned());
    }
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => clean.push(name),
            Component::CurDir | Component::RootDir => {}
            Component::ParentDir | Component::Prefix(_) => {
                let message = format!("`{}` leaves the node's directory", path.display());
                return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
            }
        }
    }
    Ok(clean)
}

/// The real path. A disk's mount is made at its first use.
async fn rooted(place: Option<&crate::real::Place>, path: &Path) -> io::Result<PathBuf> {
    let Some(place) = place else { return Ok(path.to_owned()) };
    let (disk, _) = disk_of(path);
    if disk > 0 {
        tokio::fs::create_dir_all(place.root.join(disk_mount(disk))).await?;
    }
    Ok(place.root.join(path))
}

/// EXDEV, the error number of `io::ErrorKind::CrossesDevices`.
const EXDEV: i32 = 18;
