//! How files of a run folder reach the disk: whole or not at all, and in which order.

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::Path;

use crate::ReportError;

/// Name of the symbolic link to the run that ended last.
pub(super) const LATEST: &str = "latest";

/// When what was written must have reached the disk.
#[derive(Clone, Copy)]
pub(super) enum Durable {
    /// Before it gets its name.
    First,
    /// Whenever the system likes.
    Later,
}

/// Writes a file that is there whole or not at all, whatever dies.
pub(super) fn write_whole(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), ReportError> {
    replace(folder, name, bytes, Durable::First)?;
    sync(folder)
}

/// Writes a file under a temporary name and renames it.
pub(super) fn replace(folder: &Path, name: &str, bytes: &[u8], durable: Durable) -> Result<(), ReportError> {
    let (target, temporary) = (folder.join(name), folder.join(format!(".{name}.tmp")));
    let written = File::create(&temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        match durable {
            Durable::First => file.sync_all(),
            Durable::Later => Ok(()),
        }
    });
    let renamed = written.and_then(|()| fs::rename(&temporary, &target));
    renamed.map_err(|error| {
        // Only tidiness: what matters is that `target` was not touched, and is reported.
        let _ = fs::remove_file(&temporary);
        ReportError::io("write", &target)(error)
    })
}

/// Whether a file of this name is what [`replace`] leaves if it dies.
pub(super) fn is_temporary(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(".tmp")
}

/// Makes a file's content durable, or the names in a folder: without the latter a rename may be
/// undone by a power loss.
pub(super) fn sync(path: &Path) -> Result<(), ReportError> {
    // Folders can be opened, and so synced, on unix alone.
    if cfg!(unix) || path.is_file() {
        let synced = File::open(path).and_then(|file| file.sync_all());
        synced.map_err(ReportError::io("sync", path))?;
    }
    Ok(())
}

/// Keeps other processes from writing the folder, until the file is closed. The system lets go of it
/// when a process dies, however it dies.
pub(super) fn lock(folder: &Path) -> Result<Option<File>, ReportError> {
    if !cfg!(unix) {
        return Ok(None);
    }
    let file = File::open(folder).map_err(ReportError::io("read", folder))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(ReportError::InUse { path: folder.to_owned() }),
        // Some network file systems have no locks; a run must not fail for that.
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

/// Lets `latest` point to the run, in one step: a reader sees the run before or this one.
#[cfg(unix)]
pub(super) fn point_latest(reports: &Path, run_id: &str) -> Result<(), ReportError> {
    let (latest, temporary) = (reports.join(LATEST), reports.join(format!(".{LATEST}-{run_id}.tmp")));
    let swapped =
        std::os::unix::fs::symlink(run_id, &temporary).and_then(|()| fs::rename(&temporary, &latest));
    swapped.map_err(|error| {
        let _ = fs::remove_file(&temporary);
        ReportError::io("replace", &latest)(error)
    })
}

/// Symbolic links need a privilege elsewhere; there is no `latest` then.
#[cfg(not(unix))]
pub(super) fn point_latest(_reports: &Path, _run_id: &str) -> Result<(), ReportError> {
    Ok(())
}
