//! What software on a node does with its disks. Each function takes effect at once: the time that it
//! takes is waited for before it ([`super::wait`]).

use std::io;
use std::path::Path;

use squall_history::{DiskOp, disk_of};

use super::fault::Target;
use super::model::{Disk, Open, SyncPoint};
use super::room::Room;
use super::truth::Touched;
use super::verdict::{self, Fate};
use super::{Access, At, DirectorySync, Handle};
use crate::caller;
use crate::world::{self, World};

// What an operation is, for the digest.
const READ: u64 = 0x10;
const WRITE: u64 = 0x11;
const SYNC: u64 = 0x12;
const CUT: u64 = 0x13;
const NAMES: u64 = 0x14;

/// EXDEV of Linux, the error number of `io::ErrorKind::CrossesDevices`.
const EXDEV: i32 = 18;

/// Runs `f` on one of the calling node's disks; it may be touched as `touched` says.
fn on_disk<R>(
    operation: u64,
    disk: u32,
    touched: Touched,
    f: impl FnOnce(&mut World, At) -> io::Result<R>,
) -> io::Result<R> {
    let caller = caller::expect();
    world::with(|world| {
        if !world.nodes.is_current(caller.node, caller.boot) {
            return Err(io::Error::new(io::ErrorKind::NotConnected, "the node has stopped"));
        }
        world.trace.fold(operation);
        world.trace.fold(world.nodes.get(caller.node).identity.0);
        if disk > 0 {
            world.trace.fold(disk.into());
        }
        let at = At { node: caller.node, disk };
        world.disks.open_up(at);
        let result = f(world, at);
        world.disk_tell(at, touched);
        result
    })
}

/// Runs `f` on the calling node's disk, if no rule refuses it. Nothing is changed then.
fn read<R>(operation: u64, target: Target<'_>, f: impl FnOnce(&mut Disk) -> io::Result<R>) -> io::Result<R> {
    on_disk(operation, target.disk(), Touched::Nothing, |world, at| {
        world.disk_refuse(at, DiskOp::Read, target)?;
        f(world.disks.disk_mut(at))
    })
}

/// As [`read`], for a change that may take the room that is left.
fn change<R>(
    operation: u64,
    target: Target<'_>,
    touched: Touched,
    f: impl FnOnce(&mut Disk, Room) -> io::Result<R>,
) -> io::Result<R> {
    on_disk(operation, target.disk(), touched, |world, at| {
        world.disk_refuse(at, DiskOp::Write, target)?;
        let (room, rule) = world.disk_room(at, target);
        let result = f(world.disks.disk_mut(at), room);
        let is_full = |error: &io::Error| error.kind() == io::ErrorKind::StorageFull;
        if let Some(rule) = rule.filter(|_| result.as_ref().is_err_and(is_full)) {
            world.disks.count(rule, "writes-refused", 1);
        }
        result
    })
}

/// Whether the caller may use a file: it belongs to the calling node's incarnation.
///
/// # Errors
/// `NotConnected` elsewhere: in another incarnation, on another node, thread or in another run.
pub fn check(handle: &Handle) -> io::Result<()> {
    let owner = (handle.run, handle.node, handle.boot);
    let is_own = caller::get().is_some_and(|caller| owner == (caller::run(), caller.node, caller.boot));
    if !is_own {
        let message = "a file of a simulated node was used outside its incarnation";
        return Err(io::Error::new(io::ErrorKind::NotConnected, message));
    }
    Ok(())
}

/// As [`change`], of an open file's content.
fn change_file<R>(
    file: &Handle,
    operation: u64,
    f: impl FnOnce(&mut Disk, Room) -> io::Result<R>,
) -> io::Result<R> {
    check(file)?;
    if file.access == Access::Read {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the file was opened for reading"));
    }
    change(operation, Target::File(*file), Touched::Content(file.inode), f)
}

/// Opens a file.
///
/// # Errors
/// `NotFound`, `AlreadyExists`, `IsADirectory`, `NotADirectory`, `StorageFull`; EIO, as from all
/// functions here, under a rule.
pub fn open(path: &Path, options: Open) -> io::Result<Handle> {
    let caller = caller::expect();
    let target = Target::Path(path);
    let (disk, path) = disk_of(path);
    if disk > 0 && path.as_os_str().is_empty() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let inode = if options.create || options.create_new || options.truncate {
        change(NAMES, target, Touched::Anything, |disk, room| {
            let is_new = !disk.exists(path) && disk.directory(path.parent().unwrap_or(Path::new(""))).is_ok();
            if is_new {
                room.for_name()?;
            }
            disk.open(path, options)
        })?
    } else {
        read(NAMES, target, |disk| disk.open(path, options))?
    };
    let access = if options.write { Access::ReadWrite } else { Access::Read };
    Ok(Handle { run: caller::run(), node: caller.node, boot: caller.boot, disk, inode, access })
}

/// Reads at an offset; zero bytes at the end of the file.
///
/// # Errors
/// `NotConnected` for a handle of another incarnation.
pub fn read_at(file: &Handle, into: &mut [u8], offset: u64) -> io::Result<usize> {
    check(file)?;
    read(READ, Target::File(*file), |disk| Ok(disk.read_at(file.inode, into, offset)))
}

/// Writes at an offset, into the page cache; gives how many bytes there was room for.
///
/// # Errors
/// `NotConnected` for a handle of another incarnation; `PermissionDenied` if it was opened for
/// reading; `FileTooLarge`; `StorageFull` if there is no room at all.
pub fn write_at(file: &Handle, bytes: &[u8], offset: u64) -> io::Result<usize> {
    let written = change_file(file, WRITE, |disk, room| {
        let count = room.for_write(disk, file.inode, offset, bytes.len())?;
        disk.write_at(file.inode, &bytes[..count], offset)?;
        Ok(count)
    })?;
    world::with(|world| world.trace.fold_bytes(&bytes[..written]));
    Ok(written)
}

/// Cuts or extends a file.
///
/// # Errors
/// As [`write_at`].
pub fn set_len(file: &Handle, length: u64) -> io::Result<()> {
    change_file(file, CUT, |disk, room| {
        room.for_length(disk, file.inode, length)?;
        disk.set_len(file.inode, length)
    })
}

/// A file's length, which is known without an access.
///
/// # Errors
/// `NotConnected` for a handle of another incarnation.
pub fn len(file: &Handle) -> io::Result<u64> {
    check(file)?;
    on_disk(READ, file.disk, Touched::Nothing, |world, at| Ok(world.disks.disk(at).len(file.inode)))
}

/// Begins to make a file's content durable.
///
/// # Errors
/// `NotConnected` for a handle of another incarnation.
pub fn begin_sync(file: &Handle) -> io::Result<SyncPoint> {
    check(file)?;
    on_disk(SYNC, file.disk, Touched::Nothing, |world, at| Ok(world.disks.disk(at).sync_point()))
}

/// What was written before `point` is durable.
///
/// # Errors
/// `NotConnected` for a handle of another incarnation; EIO under a rule, and then what was written
/// before `point` never will be, unless it is written again.
pub fn finish_sync(file: &Handle, point: SyncPoint) -> io::Result<()> {
    check(file)?;
    on_disk(SYNC, file.disk, Touched::Content(file.inode), |world, at| {
        let fate = world.disk_sync_fate(at, Target::File(*file));
        let disk = world.disks.disk_mut(at);
        match fate {
            Fate::Done => world.disk_sync(at, *file, point),
            Fate::Fails(rule) => {
                let dropped = disk.drop_writes(file.inode, point);
                world.disks.count(rule, "writes-dropped", dropped);
                return Err(verdict::input_output_error());
            }
            Fate::Lies(rule) => {
                let lied = u64::from(disk.is_dirty(file.inode, point));
                world.disks.count(rule, "syncs-faked", lied);
            }
        }
        Ok(())
    })
}

/// Begins to make a directory's names durable.
///
/// # Errors
/// `NotFound`, `NotADirectory`.
pub fn begin_sync_dir(path: &Path) -> io::Result<DirectorySync> {
    let (disk, path) = disk_of(path);
    on_disk(SYNC, disk, Touched::Nothing, |world, at| {
        let disk = world.disks.disk(at);
        Ok(DirectorySync { directory: disk.directory(path)?, point: disk.sync_point() })
    })
}

/// The names changed before the sync of the directory at `path` began are durable.
///
/// # Errors
/// `NotConnected` if the node has stopped; EIO under a rule, and then a later sync may do it.
pub fn finish_sync_dir(path: &Path, sync: DirectorySync) -> io::Result<()> {
    on_disk(SYNC, disk_of(path).0, Touched::Anything, |world, at| {
        let fate = world.disk_sync_fate(at, Target::Path(path));
        let disk = world.disks.disk_mut(at);
        match fate {
            Fate::Done => disk.sync_directory(sync.directory, sync.point),
            Fate::Fails(_) => return Err(verdict::input_output_error()),
            Fate::Lies(rule) => {
                let lied = u64::from(disk.is_dirty(sync.directory, sync.point));
                world.disks.count(rule, "syncs-faked", lied);
            }
        }
        Ok(())
    })
}

/// Gives a file or directory another name.
///
/// # Errors
/// `NotFound`, `NotADirectory`, `IsADirectory`, `DirectoryNotEmpty`; EXDEV from one disk to another.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    let ((disk, source), (other, place)) = (disk_of(from), disk_of(to));
    if disk != other {
        return on_disk(NAMES, disk, Touched::Nothing, |_, _| Err(io::Error::from_raw_os_error(EXDEV)));
    }
    change(NAMES, Target::Paths(from, to), Touched::Anything, |disk, _| disk.rename(source, place))
}

/// Removes a file.
///
/// # Errors
/// `NotFound`, `IsADirectory`.
pub fn remove_file(path: &Path) -> io::Result<()> {
    let place = disk_of(path).1;
    change(NAMES, Target::Path(path), Touched::Anything, |disk, _| disk.remove_file(place))
}

/// Makes a directory and those above it.
///
/// # Errors
/// `NotADirectory`, `StorageFull`.
pub fn create_dir_all(path: &Path) -> io::Result<()> {
    let place = disk_of(path).1;
    change(NAMES, Target::Path(path), Touched::Anything, |disk, room| {
        if !disk.exists(place) {
            room.for_name()?;
        }
        disk.create_dir_all(place)
    })
}

/// Names in a directory, sorted.
///
/// # Errors
/// `NotFound`, `NotADirectory`.
pub fn read_dir(path: &Path) -> io::Result<Vec<String>> {
    read(NAMES, Target::Path(path), |disk| disk.read_dir(disk_of(path).1))
}

/// Whether there is something of this name.
///
/// # Errors
/// `NotConnected` if the node has stopped.
pub fn exists(path: &Path) -> io::Result<bool> {
    read(NAMES, Target::Path(path), |disk| Ok(disk.exists(disk_of(path).1)))
}
