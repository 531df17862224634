//! How a run shows its worker that it gets somewhere, and where it is.
//!
//! Both go into a page of memory that the worker shares with the child it forks, so saying it costs
//! a few stores and no system call, and what was said last outlives the child. Outside a forked
//! run there is no page, and both do nothing.

use std::io;
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};

/// Bytes of a place; a longer one is cut.
pub const PLACE_BYTES: usize = 120;

/// Says how far the run has come: any number that changes as it goes on, as the count of events
/// executed. A run that leaves it unchanged for `Limits::stuck` is killed as stuck, so whatever
/// takes long must call it: the simulator, but the judging after it too. About a nanosecond.
pub fn tick(word: u64) {
    if let Some(page) = page() {
        page.word.store(word, Ordering::Relaxed);
    }
}

/// Says where the run is, for the report of its death: a node, a task, a phase. Text beyond
/// [`PLACE_BYTES`] is cut at a character. Saying a place is not progress.
pub fn place(text: &str) {
    if let Some(page) = page() {
        page.say(text);
    }
}

/// The worker's view of the page.
#[derive(Clone, Copy)]
pub(crate) struct Board(&'static Page);

impl Board {
    /// Makes the page, which then belongs to this process and to all it forks, for good.
    pub(crate) fn map() -> io::Result<Self> {
        let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANON);
        // SAFETY: asks for fresh memory at no fixed address; no existing mapping is touched.
        let memory = unsafe { libc::mmap(std::ptr::null_mut(), size_of::<Page>(), protection, flags, -1, 0) };
        if memory == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let page = memory.cast::<Page>();
        PAGE.store(page, Ordering::Release);
        // SAFETY: the mapping is large enough, aligned to a memory page, never unmapped, and zeroed,
        // which is a valid `Page`; it is made of atomics, so shared writes are no data race.
        Ok(Self(unsafe { &*page }))
    }

    /// Forgets what the last run said.
    pub(crate) fn clear(self) {
        self.0.word.store(0, Ordering::Relaxed);
        self.0.say("");
    }

    /// The progress word.
    pub(crate) fn word(self) -> u64 {
        self.0.word.load(Ordering::Relaxed)
    }

    /// The place said last.
    pub(crate) fn place(self) -> String {
        let slot = &self.0.slots[self.0.live.load(Ordering::Acquire) as usize % 2];
        let words = slot.words.iter().map(|word| word.load(Ordering::Relaxed));
        let mut bytes: Vec<u8> = words.flat_map(u64::to_le_bytes).collect();
        bytes.truncate(slot.length.load(Ordering::Relaxed) as usize);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

const PLACE_WORDS: usize = PLACE_BYTES / 8;
const _: () = assert!(PLACE_BYTES.is_multiple_of(8));

/// What is shared. Two slots: a child killed while it writes one leaves the other whole.
#[repr(C)]
struct Page {
    word: AtomicU64,
    live: AtomicU32,
    slots: [Slot; 2],
}

#[repr(C)]
struct Slot {
    length: AtomicU32,
    words: [AtomicU64; PLACE_WORDS],
}

static PAGE: AtomicPtr<Page> = AtomicPtr::new(std::ptr::null_mut());

fn page() -> Option<&'static Page> {
    // SAFETY: the pointer is null or comes from `Board::map`, whose mapping is valid for ever.
    unsafe { PAGE.load(Ordering::Acquire).as_ref() }
}

impl Page {
    fn say(&self, text: &str) {
        let bytes = &text.as_bytes()[..text.floor_char_boundary(PLACE_BYTES)];
        let next = (self.live.load(Ordering::Relaxed) + 1) % 2;
        let slot = &self.slots[next as usize];
        for (word, chunk) in slot.words.iter().zip(bytes.chunks(8)) {
            let mut padded = [0; 8];
            padded[..chunk.len()].copy_from_slice(chunk);
            word.store(u64::from_le_bytes(padded), Ordering::Relaxed);
        }
        slot.length.store(bytes.len() as u32, Ordering::Relaxed);
        // Only now is the slot the one that counts.
        self.live.store(next, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // One test: the page is one per process.
    #[test]
    fn what_is_said_last_is_read() {
        tick(1);
        place("before there is a page: nothing happens");
        let board = Board::map().unwrap();
        assert_eq!((board.word(), board.place()), (0, String::new()));
        for (n, text) in ["node-1", "a longer place", "short", ""].into_iter().enumerate() {
            tick(n as u64);
            place(text);
            assert_eq!((board.word(), board.place()), (n as u64, text.to_owned()));
        }
        place(&"é".repeat(100));
        assert_eq!(board.place(), "é".repeat(60));
        place(&format!("x{}", "é".repeat(100)));
        assert_eq!(board.place(), format!("x{}", "é".repeat(59)), "cut inside a character");
        board.clear();
        assert_eq!((board.word(), board.place()), (0, String::new()));
    }
}
