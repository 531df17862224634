//! The disks: a pure model ([`model`]), and the functions through which a node reaches its own.
//!
//! The model knows nothing of time; how long an operation takes is drawn in [`wait`] (domain `Disk`;
//! identity: the node; n: the operation's number) and waited for by the caller. A sync takes effect
//! when its time is over, for what had been written when it began. What rules do to an operation is
//! decided in [`fault`], at the moment it takes effect.

mod crash;
pub mod fault;
pub mod model;
mod room;
mod spoilt;
pub mod truth;
pub mod wait;
mod wipe;

use std::io;
use std::path::Path;

use squall_history::{Body, Boot, DiskOp, DiskProfile, Domain, Record};

use self::fault::{Fate, Rules, Target};
use self::model::{Disk, Inode, SyncPoint};
use self::room::Room;
use self::truth::{Touched, Truth};
use crate::caller;
use crate::effects::Effects;
use crate::world::{self, World};

pub use self::model::Open;

/// Every node's disk.
#[derive(Debug)]
pub(crate) struct Disks {
    profile: DiskProfile,
    disks: Vec<Disk>,
    /// Operations so far, by node.
    operations: Vec<u64>,
    /// What was told of each disk; empty if nobody listens.
    truths: Vec<Truth>,
    rules: Rules,
}

impl Disks {
    pub(crate) fn new(nodes: usize, profile: DiskProfile) -> Self {
        let disks = (0..nodes).map(|_| Disk::default()).collect();
        Self { profile, disks, operations: vec![0; nodes], truths: Vec::new(), rules: Rules::default() }
    }

    /// From now on it is told what the disks hold.
    pub(crate) fn listen(&mut self) {
        self.truths = vec![Truth::default(); self.disks.len()];
    }
}

/// An open file of a node's incarnation: plain numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Handle {
    run: u32,
    node: u32,
    boot: u32,
    inode: Inode,
    access: Access,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Access {
    Read,
    ReadWrite,
}

/// A directory's sync that began.
#[derive(Debug)]
pub struct DirectorySync {
    directory: Inode,
    point: SyncPoint,
}

// What an operation is, for the digest.
const READ: u64 = 0x10;
const WRITE: u64 = 0x11;
const SYNC: u64 = 0x12;
const CUT: u64 = 0x13;
const NAMES: u64 = 0x14;

/// Runs `f` on the calling node and the world; its disk may be touched as `touched` says.
fn on_disk<R>(
    operation: u64,
    touched: Touched,
    f: impl FnOnce(&mut World, u32) -> io::Result<R>,
) -> io::Result<R> {
    let caller = caller::expect();
    world::with(|world| {
        if !world.nodes.is_current(caller.node, caller.boot) {
            return Err(io::Error::new(io::ErrorKind::NotConnected, "the node has stopped"));
        }
        world.trace.fold(operation);
        world.trace.fold(world.nodes.get(caller.node).identity.0);
        let result = f(world, caller.node);
        world.disk_tell(caller.node, touched);
        result
    })
}

/// Runs `f` on the calling node's disk, if no rule refuses it. Nothing is changed then.
fn read<R>(operation: u64, target: Target<'_>, f: impl FnOnce(&mut Disk) -> io::Result<R>) -> io::Result<R> {
    on_disk(operation, Touched::Nothing, |world, node| {
        world.disk_refuse(node, DiskOp::Read, target)?;
        f(&mut world.disks.disks[node as usize])
    })
}

/// As [`read`], for a change that may take the room that is left.
fn change<R>(
    operation: u64,
    target: Target<'_>,
    touched: Touched,
    f: impl FnOnce(&mut Disk, Room) -> io::Result<R>,
) -> io::Result<R> {
    on_disk(operation, touched, |world, node| {
        world.disk_refuse(node, DiskOp::Write, target)?;
        let (room, rule) = world.disk_room(node, target);
        let result = f(&mut world.disks.disks[node as usize], room);
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
    Ok(Handle { run: caller::run(), node: caller.node, boot: caller.boot, inode, access })
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
    on_disk(READ, Touched::Nothing, |world, node| Ok(world.disks.disks[node as usize].len(file.inode)))
}

/// Begins to make a file's content durable.
///
/// # Errors
/// `NotConnected` for a handle of another incarnation.
pub fn begin_sync(file: &Handle) -> io::Result<SyncPoint> {
    check(file)?;
    on_disk(SYNC, Touched::Nothing, |world, node| Ok(world.disks.disks[node as usize].sync_point()))
}

/// What was written before `point` is durable.
///
/// # Errors
/// `NotConnected` for a handle of another incarnation; EIO under a rule, and then what was written
/// before `point` never will be, unless it is written again.
pub fn finish_sync(file: &Handle, point: SyncPoint) -> io::Result<()> {
    check(file)?;
    on_disk(SYNC, Touched::Content(file.inode), |world, node| {
        let fate = world.disk_sync_fate(node, Target::File(*file));
        let disk = &mut world.disks.disks[node as usize];
        match fate {
            Fate::Done => disk.sync(file.inode, point),
            Fate::Fails(rule) => {
                let dropped = disk.drop_writes(file.inode, point);
                world.disks.count(rule, "writes-dropped", dropped);
                return Err(fault::input_output_error());
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
    on_disk(SYNC, Touched::Nothing, |world, node| {
        let disk = &world.disks.disks[node as usize];
        Ok(DirectorySync { directory: disk.directory(path)?, point: disk.sync_point() })
    })
}

/// The names changed before the sync of the directory at `path` began are durable.
///
/// # Errors
/// `NotConnected` if the node has stopped; EIO under a rule, and then a later sync may do it.
pub fn finish_sync_dir(path: &Path, sync: DirectorySync) -> io::Result<()> {
    on_disk(SYNC, Touched::Anything, |world, node| {
        let fate = world.disk_sync_fate(node, Target::Path(path));
        let disk = &mut world.disks.disks[node as usize];
        match fate {
            Fate::Done => disk.sync_directory(sync.directory, sync.point),
            Fate::Fails(_) => return Err(fault::input_output_error()),
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
/// `NotFound`, `NotADirectory`, `IsADirectory`, `DirectoryNotEmpty`.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    change(NAMES, Target::Paths(from, to), Touched::Anything, |disk, _| disk.rename(from, to))
}

/// Removes a file.
///
/// # Errors
/// `NotFound`, `IsADirectory`.
pub fn remove_file(path: &Path) -> io::Result<()> {
    change(NAMES, Target::Path(path), Touched::Anything, |disk, _| disk.remove_file(path))
}

/// Makes a directory and those above it.
///
/// # Errors
/// `NotADirectory`, `StorageFull`.
pub fn create_dir_all(path: &Path) -> io::Result<()> {
    change(NAMES, Target::Path(path), Touched::Anything, |disk, room| {
        if !disk.exists(path) {
            room.for_name()?;
        }
        disk.create_dir_all(path)
    })
}

/// Names in a directory, sorted.
///
/// # Errors
/// `NotFound`, `NotADirectory`.
pub fn read_dir(path: &Path) -> io::Result<Vec<String>> {
    read(NAMES, Target::Path(path), |disk| disk.read_dir(path))
}

/// Whether there is something of this name.
///
/// # Errors
/// `NotConnected` if the node has stopped.
pub fn exists(path: &Path) -> io::Result<bool> {
    read(NAMES, Target::Path(path), |disk| Ok(disk.exists(path)))
}

impl World {
    /// A node's power is gone: only what was synced survives, and a drawn part of the rest.
    pub(crate) fn disk_power_loss(&mut self, node: u32, effects: &mut Effects) {
        let identity = self.nodes.get(node).identity.with(u64::from(self.nodes.get(node).boot));
        let draws = &self.draws;
        let disk = &mut self.disks.disks[node as usize];
        let lost = disk.power_loss(|operation| draws.draw(Domain::Disk, identity, operation));
        self.trace.fold(lost.writes_lost);
        self.trace.fold(lost.writes_torn);
        self.trace.fold(lost.names_lost);
        effects.add("writes-lost", lost.writes_lost);
        effects.add("writes-torn", lost.writes_torn);
        effects.add("names-lost", lost.names_lost);
    }

    /// Tells what an operation changed of what a disk holds for certain, if anybody listens. It does
    /// not fold: it says nothing that the operations themselves do not.
    pub(crate) fn disk_tell(&mut self, node: u32, touched: Touched) {
        let Some(truth) = self.disks.truths.get_mut(node as usize) else { return };
        let events = truth.tell(&self.disks.disks[node as usize], touched);
        let state = self.nodes.get(node);
        for event in events {
            self.trace.record_unfolded(Record {
                at: caller::now(),
                node: Some(state.name.clone()),
                boot: Some(Boot(state.boot)),
                body: Body::Disk(event),
            });
        }
    }
}
