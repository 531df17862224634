//! The disks: a pure model ([`model`]), and the functions through which a node reaches its own
//! (`calls.rs`).
//!
//! The model knows nothing of time; how long an operation takes is drawn in [`wait`] (domain `Disk`;
//! identity: the node and the disk; n: the operation's number) and waited for by the caller. A sync
//! takes effect when its time is over, for what had been written when it began. What rules do to an
//! operation is decided in [`fault`], at the moment it takes effect.

mod calls;
mod crash;
mod deaths;
pub mod fault;
mod misdirect;
pub mod model;
mod room;
mod spoilt;
mod torn;
pub mod truth;
mod verdict;
pub mod wait;
mod wipe;

use squall_history::{Body, Boot, DiskEvent, DiskProfile, Domain, Identity, Record, disk_mount};

use self::fault::Rules;
use self::model::{Disk, Inode, SyncPoint};
use self::truth::{Touched, Truth};
use crate::caller;
use crate::effects::Effects;
use crate::world::World;

pub use self::calls::{
    begin_sync, begin_sync_dir, check, create_dir_all, exists, finish_sync, finish_sync_dir, len, open,
    read_at, read_dir, remove_file, rename, set_len, write_at,
};
pub use self::misdirect::Astray;
pub use self::model::Open;
pub use self::torn::Ticket;

/// One disk of one node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct At {
    node: u32,
    disk: u32,
}

/// A disk with what is known of it outside the model.
#[derive(Debug, Default)]
struct Device {
    disk: Disk,
    /// Operations so far.
    operations: u64,
    /// What was told of it.
    truth: Truth,
}

/// Every node's disks.
#[derive(Debug)]
pub(crate) struct Disks {
    profile: DiskProfile,
    /// By node; those behind the last one that was used are empty and not there.
    devices: Vec<Vec<Device>>,
    listening: Listening,
    rules: Rules,
    /// By node: its incarnation, and how many of that one's operations are under way.
    in_flight: Vec<(u32, u32)>,
}

/// Whether it is told what the disks hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Listening {
    Nobody,
    Somebody,
}

impl Disks {
    pub(crate) fn new(nodes: usize, profile: DiskProfile) -> Self {
        let devices = (0..nodes).map(|_| vec![Device::default()]).collect();
        let (listening, rules) = (Listening::Nobody, Rules::default());
        Self { profile, devices, listening, rules, in_flight: vec![(0, 0); nodes] }
    }

    /// From now on it is told what the disks hold.
    pub(crate) fn listen(&mut self) {
        self.listening = Listening::Somebody;
    }

    /// Makes sure that a disk is there.
    fn open_up(&mut self, at: At) {
        let devices = &mut self.devices[at.node as usize];
        while devices.len() <= at.disk as usize {
            devices.push(Device::default());
        }
    }

    /// One operation more on a disk: its number.
    fn count_operation(&mut self, at: At) -> u64 {
        self.open_up(at);
        let device = &mut self.devices[at.node as usize][at.disk as usize];
        device.operations += 1;
        device.operations
    }

    /// An operation of a node's incarnation begins.
    fn begin(&mut self, node: u32, boot: u32) {
        let (of, count) = &mut self.in_flight[node as usize];
        // What an incarnation before it had under way is under way no more.
        *count = if *of == boot { *count + 1 } else { 1 };
        *of = boot;
    }

    /// It has taken effect, or was given up.
    fn end(&mut self, node: u32, boot: u32) {
        let (of, count) = &mut self.in_flight[node as usize];
        if *of == boot {
            *count = count.checked_sub(1).expect("what ends has begun");
        }
    }

    /// Whether operations of this incarnation are under way.
    pub(crate) fn is_in_flight(&self, node: u32, boot: u32) -> bool {
        let (of, count) = self.in_flight[node as usize];
        of == boot && count > 0
    }

    fn disk(&self, at: At) -> &Disk {
        &self.devices[at.node as usize][at.disk as usize].disk
    }

    fn disk_mut(&mut self, at: At) -> &mut Disk {
        &mut self.devices[at.node as usize][at.disk as usize].disk
    }

    /// A node's disks.
    fn of_node(&self, node: u32) -> impl Iterator<Item = At> + use<> {
        let count = u32::try_from(self.devices[node as usize].len()).expect("a node has few disks");
        (0..count).map(move |disk| At { node, disk })
    }
}

/// The name that a disk's own path has in the node's directory.
fn named(disk: u32, path: String) -> String {
    match (disk, path.is_empty()) {
        (0, _) => path,
        (_, true) => disk_mount(disk),
        (_, false) => format!("{}/{path}", disk_mount(disk)),
    }
}

/// An open file of a node's incarnation: plain numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Handle {
    run: u32,
    node: u32,
    boot: u32,
    disk: u32,
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

/// Sets the draws of further disks apart from those of the first, which have the node's own identity.
const FURTHER_DISKS: u64 = 0xd15c_0000_0000;

impl World {
    /// Who draws for a disk.
    fn disk_identity(&self, at: At) -> Identity {
        let node = self.nodes.get(at.node).identity;
        if at.disk == 0 { node } else { node.with(FURTHER_DISKS | u64::from(at.disk)) }
    }

    /// A node's power is gone: only what was synced survives, and a drawn part of the rest.
    pub(crate) fn disk_power_loss(&mut self, node: u32, effects: &mut Effects) {
        for at in self.disks.of_node(node) {
            let identity = self.disk_identity(at).with(u64::from(self.nodes.get(node).boot));
            let tears = self.disk_tears(at);
            let draws = &self.draws;
            let draw = |operation| draws.draw(Domain::Disk, identity, operation);
            let tear = |operation| tears.get(&operation).map(|(_, draw)| *draw);
            let lost = self.disks.disk_mut(at).power_loss_tearing(draw, tear);
            for operation in &lost.torn_by_fault {
                self.disks.count(tears[operation].0, "writes-torn", 1);
            }
            self.trace.fold(lost.writes_lost);
            self.trace.fold(lost.writes_torn);
            self.trace.fold(lost.names_lost);
            effects.add("writes-lost", lost.writes_lost);
            effects.add("writes-torn", lost.writes_torn);
            effects.add("names-lost", lost.names_lost);
        }
    }

    /// Tells what has changed on all disks of a node, if anybody listens.
    pub(crate) fn disk_tell_all(&mut self, node: u32) {
        for at in self.disks.of_node(node) {
            self.disk_tell(at, Touched::Anything);
        }
    }

    /// Tells what an operation changed of what a disk holds for certain, if anybody listens. It does
    /// not fold: it says nothing that the operations themselves do not.
    fn disk_tell(&mut self, at: At, touched: Touched) {
        if self.disks.listening == Listening::Nobody {
            return;
        }
        let device = &mut self.disks.devices[at.node as usize][at.disk as usize];
        let events = device.truth.tell(&device.disk, touched);
        let state = self.nodes.get(at.node);
        for DiskEvent::Holds { file, ranges } in events {
            self.trace.record_unfolded(Record {
                at: caller::now(),
                node: Some(state.name.clone()),
                boot: Some(Boot(state.boot)),
                body: Body::Disk(DiskEvent::Holds { file: named(at.disk, file), ranges }),
            });
        }
    }
}
