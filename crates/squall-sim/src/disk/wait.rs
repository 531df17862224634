//! The time that an operation takes: drawn, longer on a slow disk, in turn on a throttled one, without
//! end on a stalled one.
//!
//! How long is decided when the operation begins; a disk that stalls holds those under way too, and
//! one that is throttled no longer lets those go that waited for their turn.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use squall_history::{DiskProfile, Domain, SimDuration};

use super::At;
use super::Handle;
use super::fault::{DiskRuleId, Target};
use super::torn::Ticket;
use crate::caller;
use crate::timer::Sleep;
use crate::world;

/// Finishes when an operation may take effect.
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Wait<'a> {
    run: u32,
    target: Target<'a>,
    sleep: Sleep,
    /// On a throttled disk: one for each rule.
    turns: Vec<Turn>,
    /// Among those that a stalled disk holds.
    place: Option<u64>,
    /// Of a write that the node's death would tear.
    ticket: Option<(Handle, Ticket)>,
    boot: u32,
    at: At,
}

/// The end of a disk's turn for an operation.
#[derive(Debug)]
struct Turn {
    rule: DiskRuleId,
    sleep: Sleep,
    /// Among those that wait for the rule to end.
    place: Option<u64>,
}

/// What an operation moves between memory and disk.
#[derive(Clone, Copy, Debug)]
enum Moves<'b> {
    Nothing,
    Read { offset: u64, wanted: u64 },
    Write { file: Handle, offset: u64, bytes: &'b [u8] },
}

impl<'a> Wait<'a> {
    fn new(
        target: Target<'a>,
        moves: Moves<'_>,
        range: fn(&DiskProfile) -> (SimDuration, SimDuration),
    ) -> Self {
        let caller = caller::expect();
        let at = At { node: caller.node, disk: target.disk() };
        let (wait, turns, ticket) = world::with(|world| {
            let (low, high) = range(&world.disks.profile);
            let operation = world.disks.count_operation(at);
            let identity = world.disk_identity(at);
            let wait = world.draws.draw(Domain::Disk, identity, operation).between(low.0, high.0);
            world.trace.fold(wait);
            let wait = SimDuration(wait) + world.disk_slowness(at, target);
            let bytes = match (moves, target) {
                (Moves::Write { bytes, .. }, _) => bytes.len() as u64,
                (Moves::Read { offset, wanted }, Target::File(file)) => {
                    wanted.min(world.disks.disk(at).len(file.inode).saturating_sub(offset))
                }
                _ => 0,
            };
            let ticket = match moves {
                Moves::Write { file, offset, bytes } => {
                    world.disk_begin_write(at, file, offset, bytes).map(|ticket| (file, ticket))
                }
                _ => None,
            };
            world.disks.begin(at.node, caller.boot);
            (wait, world.disk_turns(at, target, bytes), ticket)
        });
        let turn = |(rule, until)| Turn { rule, sleep: Sleep::until(until), place: None };
        let turns = turns.into_iter().map(turn).collect();
        Self {
            run: caller::run(),
            target,
            sleep: Sleep::until(caller::now() + wait),
            turns,
            place: None,
            ticket,
            boot: caller.boot,
            at,
        }
    }

    /// Ready once the operation may take effect; else `cx`'s waker will be woken then.
    ///
    /// # Panics
    /// On a thread or in a run other than its own.
    pub fn poll_elapsed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        ready!(self.sleep.poll_elapsed(cx));
        while let Some(turn) = self.turns.last_mut() {
            if turn.sleep.poll_elapsed(cx).is_pending() {
                let is_void =
                    world::with(|world| world.disk_turn_is_void(turn.rule, &mut turn.place, cx.waker()));
                if !is_void {
                    return Poll::Pending;
                }
            }
            self.end_turn();
        }
        let goes_on =
            world::with(|world| world.disk_may_go_on(self.at, self.target, &mut self.place, cx.waker()));
        if goes_on { Poll::Ready(()) } else { Poll::Pending }
    }

    fn end_turn(&mut self) {
        if let Some(place) = self.turns.pop().and_then(|turn| turn.place) {
            world::with(|world| world.disk_give_up(place));
        }
    }
}

impl Future for Wait<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_elapsed(cx)
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        if self.run != caller::run() {
            return;
        }
        while !self.turns.is_empty() {
            self.end_turn();
        }
        world::with(|world| {
            if let Some(place) = self.place {
                world.disk_give_up(place);
            }
            if let Some((file, ticket)) = self.ticket {
                world.disk_end_write(self.at, file.inode, ticket);
            }
            world.disks.end(self.at.node, self.boot);
        });
    }
}

/// The time of one access that moves no content: opening, a length, a change of names.
///
/// # Panics
/// Outside software on a node; so do all functions of this module.
pub fn access(target: Target<'_>) -> Wait<'_> {
    Wait::new(target, Moves::Nothing, |profile| profile.latency)
}

/// The time of a read of at most so many bytes.
pub fn read(file: Handle, offset: u64, wanted: usize) -> Wait<'static> {
    let moves = Moves::Read { offset, wanted: wanted as u64 };
    Wait::new(Target::File(file), moves, |profile| profile.latency)
}

/// The time of a write.
pub fn write(file: Handle, offset: u64, bytes: &[u8]) -> Wait<'static> {
    let moves = Moves::Write { file, offset, bytes };
    Wait::new(Target::File(file), moves, |profile| profile.latency)
}

/// The time of one sync.
pub fn sync(target: Target<'_>) -> Wait<'_> {
    Wait::new(target, Moves::Nothing, |profile| profile.fsync)
}
