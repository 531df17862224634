//! Wakers that are plain numbers.
//!
//! A waker's data word packs `[run | generation | index]` of its task. It is never dereferenced:
//! clone and drop do nothing, waking looks the task up through the thread-local world. A waker that
//! outlives its task, its run or its thread is therefore harmless: a stale generation is ignored,
//! and a wake from a foreign thread goes to an inbox where it is counted and reported, since what
//! another thread does is not reproducible.
#![expect(unsafe_code, reason = "RawWaker: the vtable below upholds its contract, see the proofs")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::task::{RawWaker, RawWakerVTable, Waker};

use crate::caller;

const INDEX_BITS: u32 = 22;
const GENERATION_BITS: u32 = 20;
const RUN_BITS: u32 = 22;
const _: () = assert!(INDEX_BITS + GENERATION_BITS + RUN_BITS == 64 && usize::BITS == 64);

/// Most tasks that may exist at a time.
pub(crate) const TASKS_MAX: u32 = 1 << INDEX_BITS;
/// Generations of a task slot; one that has used them up is not used again.
pub(crate) const GENERATIONS: u32 = 1 << GENERATION_BITS;
/// Runs per process; the next one is refused, so that ids never repeat.
pub(crate) const RUNS_MAX: u32 = 1 << RUN_BITS;

/// A task, as its wakers name it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TaskKey {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

fn pack(run: u32, task: TaskKey) -> usize {
    assert!(run < RUNS_MAX && task.generation < GENERATIONS && task.index < TASKS_MAX);
    (run as usize) << (GENERATION_BITS + INDEX_BITS)
        | (task.generation as usize) << INDEX_BITS
        | task.index as usize
}

const fn unpack(word: usize) -> (u32, TaskKey) {
    let index = (word & ((1 << INDEX_BITS) - 1)) as u32;
    let generation = (word >> INDEX_BITS & ((1 << GENERATION_BITS) - 1)) as u32;
    ((word >> (GENERATION_BITS + INDEX_BITS)) as u32, TaskKey { index, generation })
}

static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake, drop_nothing);

fn clone(data: *const ()) -> RawWaker {
    RawWaker::new(data, &VTABLE)
}

fn wake(data: *const ()) {
    let word = data.addr();
    let (run, task) = unpack(word);
    if caller::run() == run {
        crate::world::with(|world| world.tasks_wake(task));
    } else {
        let mut inbox = lock_inbox();
        if inbox.live.contains(&run) {
            inbox.words.push(word);
            INBOX_FILLED.store(true, Ordering::Relaxed);
        }
    }
}

fn drop_nothing(_: *const ()) {}

/// A waker of this task.
pub(crate) fn waker(run: u32, task: TaskKey) -> Waker {
    let data = std::ptr::without_provenance(pack(run, task));
    // SAFETY: the data word is a number that is never dereferenced, so it is valid for ever and may
    // be copied, dropped and sent between threads freely. Every function of the vtable is safe to
    // call from any thread: `clone` copies the word, `drop_nothing` does nothing, `wake` (by value
    // and by reference alike, as there is nothing to release) touches only this thread's own
    // thread-local and a mutex.
    unsafe { Waker::from_raw(RawWaker::new(data, &VTABLE)) }
}

/// The task behind a waker of ours of this run; `None` for any other waker.
pub(crate) fn task_of(waker: &Waker, run: u32) -> Option<TaskKey> {
    if !std::ptr::eq(waker.vtable(), &VTABLE) {
        return None;
    }
    let (of_run, task) = unpack(waker.data().addr());
    (of_run == run).then_some(task)
}

/// Wakes from foreign threads, for the runs that live in this process.
struct Inbox {
    live: Vec<u32>,
    words: Vec<usize>,
}

static INBOX: Mutex<Inbox> = Mutex::new(Inbox { live: Vec::new(), words: Vec::new() });
static INBOX_FILLED: AtomicBool = AtomicBool::new(false);

fn lock_inbox() -> MutexGuard<'static, Inbox> {
    INBOX.lock().expect("nothing panics while it holds the inbox")
}

/// From now on wakes for `run` are kept.
pub(crate) fn open_inbox(run: u32) {
    lock_inbox().live.push(run);
}

/// The run is over: wakes for it, those to come as well, are forgotten.
pub(crate) fn close_inbox(run: u32) {
    let mut inbox = lock_inbox();
    inbox.live.retain(|&live| live != run);
    inbox.words.retain(|&word| unpack(word).0 != run);
}

/// Tasks of `run` that foreign threads woke since the last call. Words of other runs, on other
/// threads of this process, stay for them.
pub(crate) fn foreign_wakes(run: u32) -> Vec<TaskKey> {
    let mut inbox = lock_inbox();
    let mut woken = Vec::new();
    inbox.words.retain(|&word| {
        let (of_run, task) = unpack(word);
        if of_run == run {
            woken.push(task);
        }
        of_run != run
    });
    // Written under the lock only: another run would else miss a wake of its own.
    INBOX_FILLED.store(!inbox.words.is_empty(), Ordering::Relaxed);
    woken
}

/// Whether a foreign thread may have woken something.
pub(crate) fn has_foreign_wakes() -> bool {
    INBOX_FILLED.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_hold_their_parts() {
        for run in [0, 1, RUNS_MAX - 1] {
            for generation in [0, 1, GENERATIONS - 1] {
                for index in [0, 1, TASKS_MAX - 1] {
                    let task = TaskKey { index, generation };
                    assert_eq!(unpack(pack(run, task)), (run, task));
                }
            }
        }
    }

    #[test]
    fn a_waker_of_ours_is_recognised() {
        let task = TaskKey { index: 3, generation: 2 };
        let ours = waker(5, task);
        assert_eq!(task_of(&ours, 5), Some(task));
        assert_eq!(task_of(&ours.clone(), 6), None);
        assert_eq!(task_of(Waker::noop(), 5), None);
    }
}
