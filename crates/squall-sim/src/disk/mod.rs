//! The disks: a pure model ([`model`]), and the functions through which a node reaches its own.
//!
//! The model knows nothing of time; how long an operation takes is drawn here (domain `Disk`;
//! identity: the node; n: the operation's number) and waited for by the caller. A sync takes effect
//! when its time is over, for what had been written when it began.

mod crash;
pub mod model;
pub mod truth;

use std::io;
use std::path::Path;

use squall_history::{Body, Boot, DiskProfile, Domain, Record, SimDuration};

use self::model::{Disk, Inode, SyncPoint};
use self::truth::{Touched, Truth};
use crate::caller;
use crate::effects::Effects;
use crate::timer::Sleep;
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
}

impl Disks {
    pub(crate) fn new(nodes: usize, profile: DiskProfile) -> Self {
        let disks = (0..nodes).map(|_| Disk::default()).collect();
        Self { profile, disks, operations: vec![0; nodes], truths: Vec::new() }
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

/// Runs `f` on the calling node's disk, where it may touch what `touched` says.
fn on_disk<R>(operation: u64, touched: Touched, f: impl FnOnce(&mut Disk) -> io::Result<R>) -> io::Result<R> {
    let caller = caller::expect();
    world::with(|world| {
        if !world.nodes.is_current(caller.node, caller.boot) {
            return Err(io::Error::new(io::ErrorKind::NotConnected, "the node has stopped"));
        }
        world.trace.fold(operation);
        world.trace.fold(world.nodes.get(caller.node).identity.0);
        let result = f(&mut world.disks.disks[caller.node as usize]);
        world.disk_tell(caller.node, touched);
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

/// Runs `f` on the disk that a handle belongs to, if that is the calling node's.
fn on_file<R>(handle: &Handle, operation: u64, f: impl FnOnce(&mut Disk) -> io::Result<R>) -> io::Result<R> {
    check(handle)?;
    // A sync that begins changes nothing, which is noticed.
    let touched = if operation == READ { Touched::Nothing } else { Touched::Content(handle.inode) };
    on_disk(operation, touched, f)
}

/// As [`on_file`], for a change.
fn on_writable<R>(
    handle: &Handle,
    operation: u64,
    f: impl FnOnce(&mut Disk) -> io::Result<R>,
) -> io::Result<R> {
    check(handle)?;
    if handle.access == Access::Read {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the file was opened for reading"));
    }
    on_disk(operation, Touched::Content(handle.inode), f)
}

fn draw_delay(range: fn(&DiskProfile) -> (SimDuration, SimDuration)) -> Sleep {
    let caller = caller::expect();
    let wait = world::with(|world| {
        let (low, high) = range(&world.disks.profile);
        let count = &mut world.disks.operations[caller.node as usize];
        *count += 1;
        let identity = world.nodes.get(caller.node).identity;
        let wait = world.draws.draw(Domain::Disk, identity, *count).between(low.0, high.0);
        world.trace.fold(wait);
        SimDuration(wait)
    });
    Sleep::until(caller::now() + wait)
}

/// A timer for one access (a read, a write, a change of names).
///
/// # Panics
/// Outside software on a node; so do all functions of this module.
pub fn access_timer() -> Sleep {
    draw_delay(|profile| profile.latency)
}

/// Waits for one access.
pub async fn access_delay() {
    access_timer().await;
}

/// Waits for one sync.
pub async fn sync_delay() {
    draw_delay(|profile| profile.fsync).await;
}

/// Opens a file.
///
/// # Errors
/// `NotFound`, `AlreadyExists`, `IsADirectory`, `NotADirectory`.
pub fn open(path: &Path, options: Open) -> io::Result<Handle> {
    let caller = caller::expect();
    let inode = on_disk(NAMES, Touched::Anything, |disk| disk.open(path, options))?;
    let access = if options.write { Access::ReadWrite } else { Access::Read };
    Ok(Handle { run: caller::run(), node: caller.node, boot: caller.boot, inode, access })
}

/// Reads at an offset; zero bytes at the end of the file.
///
/// # Errors
/// `NotConnected` for a handle of another incarnation.
pub fn read_at(file: &Handle, into: &mut [u8], offset: u64) -> io::Result<usize> {
    on_file(file, READ, |disk| Ok(disk.read_at(file.inode, into, offset)))
}

/// Writes at an offset, into the page cache.
///
/// # Errors
/// `NotConnected` for a handle of another incarnation; `PermissionDenied` if it was opened for
/// reading; `FileTooLarge`.
pub fn write_at(file: &Handle, bytes: &[u8], offset: u64) -> io::Result<()> {
    on_writable(file, WRITE, |disk| disk.write_at(file.inode, bytes, offset))?;
    world::with(|world| world.trace.fold_bytes(bytes));
    Ok(())
}

/// Cuts or extends a file.
///
/// # Errors
/// As [`write_at`].
pub fn set_len(file: &Handle, length: u64) -> io::Result<()> {
    on_writable(file, CUT, |disk| disk.set_len(file.inode, length))
}

/// A file's length.
///
/// # Errors
/// `NotConnected` for a handle of another incarnation.
pub fn len(file: &Handle) -> io::Result<u64> {
    on_file(file, READ, |disk| Ok(disk.len(file.inode)))
}

/// Begins to make a file's content durable.
///
/// # Errors
/// `NotConnected` for a handle of another incarnation.
pub fn begin_sync(file: &Handle) -> io::Result<SyncPoint> {
    on_file(file, SYNC, |disk| Ok(disk.sync_point()))
}

/// What was written before `point` is durable.
///
/// # Errors
/// `NotConnected` for a handle of another incarnation.
pub fn finish_sync(file: &Handle, point: SyncPoint) -> io::Result<()> {
    on_file(file, SYNC, |disk| {
        disk.sync(file.inode, point);
        Ok(())
    })
}

/// Begins to make a directory's names durable.
///
/// # Errors
/// `NotFound`, `NotADirectory`.
pub fn begin_sync_dir(path: &Path) -> io::Result<DirectorySync> {
    on_disk(SYNC, Touched::Nothing, |disk| {
        Ok(DirectorySync { directory: disk.directory(path)?, point: disk.sync_point() })
    })
}

/// The names changed before the sync began are durable.
///
/// # Errors
/// `NotConnected` if the node has stopped.
pub fn finish_sync_dir(sync: DirectorySync) -> io::Result<()> {
    on_disk(SYNC, Touched::Anything, |disk| {
        disk.sync_directory(sync.directory, sync.point);
        Ok(())
    })
}

/// Gives a file or directory another name.
///
/// # Errors
/// `NotFound`, `NotADirectory`, `IsADirectory`, `DirectoryNotEmpty`.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    on_disk(NAMES, Touched::Anything, |disk| disk.rename(from, to))
}

/// Removes a file.
///
/// # Errors
/// `NotFound`, `IsADirectory`.
pub fn remove_file(path: &Path) -> io::Result<()> {
    on_disk(NAMES, Touched::Anything, |disk| disk.remove_file(path))
}

/// Makes a directory and those above it.
///
/// # Errors
/// `NotADirectory`.
pub fn create_dir_all(path: &Path) -> io::Result<()> {
    on_disk(NAMES, Touched::Anything, |disk| disk.create_dir_all(path))
}

/// Names in a directory, sorted.
///
/// # Errors
/// `NotFound`, `NotADirectory`.
pub fn read_dir(path: &Path) -> io::Result<Vec<String>> {
    on_disk(NAMES, Touched::Nothing, |disk| disk.read_dir(path))
}

/// Whether there is something of this name.
///
/// # Errors
/// `NotConnected` if the node has stopped.
pub fn exists(path: &Path) -> io::Result<bool> {
    on_disk(NAMES, Touched::Nothing, |disk| Ok(disk.exists(path)))
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
