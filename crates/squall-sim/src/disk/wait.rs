//! The time that an operation takes: drawn, longer on a slow disk, without end on a stalled one.
//!
//! How long is decided when the operation begins; a disk that stalls holds those under way too.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use squall_history::{DiskProfile, Domain, SimDuration};

use super::At;
use super::fault::Target;
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
    /// Among those that a stalled disk holds.
    place: Option<u64>,
}

impl<'a> Wait<'a> {
    fn new(target: Target<'a>, range: fn(&DiskProfile) -> (SimDuration, SimDuration)) -> Self {
        let caller = caller::expect();
        let wait = world::with(|world| {
            let (low, high) = range(&world.disks.profile);
            let at = At { node: caller.node, disk: target.disk() };
            let operation = world.disks.count_operation(at);
            let identity = world.disk_identity(at);
            let wait = world.draws.draw(Domain::Disk, identity, operation).between(low.0, high.0);
            world.trace.fold(wait);
            SimDuration(wait) + world.disk_slowness(at, target)
        });
        Self { run: caller::run(), target, sleep: Sleep::until(caller::now() + wait), place: None }
    }

    /// Ready once the operation may take effect; else `cx`'s waker will be woken then.
    ///
    /// # Panics
    /// On a thread or in a run other than its own.
    pub fn poll_elapsed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        ready!(self.sleep.poll_elapsed(cx));
        let at = At { node: caller::expect().node, disk: self.target.disk() };
        let goes_on = world::with(|world| world.disk_may_go_on(at, self.target, &mut self.place, cx.waker()));
        if goes_on { Poll::Ready(()) } else { Poll::Pending }
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
        if let Some(place) = self.place
            && self.run == caller::run()
        {
            world::with(|world| world.disk_give_up(place));
        }
    }
}

/// The time of one access (a read, a write, a change of names).
///
/// # Panics
/// Outside software on a node; so do all functions of this module.
pub fn access(target: Target<'_>) -> Wait<'_> {
    Wait::new(target, |profile| profile.latency)
}

/// The time of one sync.
pub fn sync(target: Target<'_>) -> Wait<'_> {
    Wait::new(target, |profile| profile.fsync)
}
