//! What becomes of turmoil's packets, heard from its own trace events: it has no other way to tell.
//!
//! A subscriber for the time that turmoil runs in: its events are counted and folded, payload and all, so
//! that the run's digest holds every packet; all others go on to whoever listened before.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};

use squall_history::{Digest, Folder};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Event, Metadata, Subscriber, dispatcher};

use crate::engine::foreign::Seen;

/// The target of turmoil's events about packets.
const TARGET: &str = "turmoil";

/// Counts turmoil's packets.
#[derive(Debug)]
pub(super) struct Watch {
    counts: Shared,
    /// One for the whole run: making one has `tracing` ask about every event of the program again.
    listener: Dispatch,
}

type Shared = Arc<Mutex<Counts>>;

#[derive(Debug, Default)]
struct Counts {
    places: BTreeMap<IpAddr, usize>,
    seen: BTreeMap<(usize, usize), Seen>,
    /// All events so far.
    folder: Folder,
}

impl Watch {
    /// Whoever listens now hears of everything else.
    pub(super) fn new() -> Self {
        let counts = Shared::default();
        let before = dispatcher::get_default(Clone::clone);
        let listener = Dispatch::new(Listener { counts: counts.clone(), before });
        Self { counts, listener }
    }

    /// A node's address.
    pub(super) fn learn(&self, address: IpAddr, node: usize) {
        lock(&self.counts).places.insert(address, node);
    }

    /// Listens while `run` runs.
    pub(super) fn during<R>(&self, run: impl FnOnce() -> R) -> R {
        dispatcher::with_default(&self.listener, run)
    }

    pub(super) fn seen(&self, from: usize, to: usize) -> Seen {
        lock(&self.counts).seen.get(&(from, to)).copied().unwrap_or_default()
    }

    /// A word for all that was heard so far.
    pub(super) fn folded(&self) -> u64 {
        // Of the two halves either would do.
        (lock(&self.counts).folder.digest().0 >> 64) as u64
    }
}

fn lock(counts: &Shared) -> MutexGuard<'_, Counts> {
    counts.lock().expect("nothing panics while it holds the lock")
}

impl Counts {
    fn add(&mut self, told: &Told) {
        let Digest(digest) = told.folder.digest();
        self.folder.fold(digest as u64);
        let place = |address: Option<SocketAddr>| self.places.get(&address?.ip()).copied();
        let (Some(from), Some(to)) = (place(told.src), place(told.dst)) else { return };
        let seen = self.seen.entry((from, to)).or_default();
        match told.what {
            What::Send => seen.sent += 1,
            What::Drop => seen.dropped += 1,
            What::Hold => seen.held += 1,
            What::Other => {}
        }
    }
}

struct Listener {
    counts: Shared,
    before: Dispatch,
}

fn is_of_turmoil(metadata: &Metadata<'_>) -> bool {
    metadata.target() == TARGET && metadata.is_event()
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        is_of_turmoil(metadata) || self.before.enabled(metadata)
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.before.new_span(span)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        self.before.record(span, values);
    }

    fn record_follows_from(&self, span: &Id, follows: &Id) {
        self.before.record_follows_from(span, follows);
    }

    fn event(&self, event: &Event<'_>) {
        if is_of_turmoil(event.metadata()) {
            let mut told = Told::default();
            event.record(&mut told);
            lock(&self.counts).add(&told);
        } else {
            self.before.event(event);
        }
    }

    fn enter(&self, span: &Id) {
        self.before.enter(span);
    }

    fn exit(&self, span: &Id) {
        self.before.exit(span);
    }

    fn clone_span(&self, span: &Id) -> Id {
        self.before.clone_span(span)
    }

    fn try_close(&self, span: Id) -> bool {
        self.before.try_close(span)
    }
}

/// One event of turmoil's.
#[derive(Debug, Default)]
struct Told {
    src: Option<SocketAddr>,
    dst: Option<SocketAddr>,
    what: What,
    /// Every field as text.
    folder: Folder,
}

/// Text goes into the digest as it is made: payloads are long.
struct Folding<'a>(&'a mut Folder);

impl Write for Folding<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.fold_bytes(text.as_bytes());
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, Default)]
enum What {
    Send,
    Drop,
    Hold,
    #[default]
    Other,
}

impl Visit for Told {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(Folding(&mut self.folder), "{value:?}").expect("a digest takes any text");
        match field.name() {
            "src" => self.src = format!("{value:?}").parse().ok(),
            "dst" => self.dst = format!("{value:?}").parse().ok(),
            "message" => {
                self.what = match format!("{value:?}").as_str() {
                    "Send" => What::Send,
                    "Drop" => What::Drop,
                    "Hold" => What::Hold,
                    _ => What::Other,
                };
            }
            _ => {}
        }
    }
}
