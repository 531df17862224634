//! What waits to be proposed. One proposal is under way at a time; what comes meanwhile goes into
//! the next one together.

use std::collections::{BTreeSet, VecDeque};

use crate::codec::encoded_len;
use crate::job::AttemptId;
use crate::state::Decision;

use super::LineId;

/// Most bytes of workers' wishes in one proposal, and in one wish: with the overseer's own decisions
/// it stays well below what the log takes as one command (4 MiB).
pub(super) const BATCH_BYTES: usize = 3 << 20;
/// Half of what an entry can number is for workers' wishes, half for the overseer's own.
const HALF: usize = (AttemptId::PER_ENTRY / 2) as usize;
/// Most wishes that wait.
const WAITING_MAX: usize = 4_096;
/// Most bytes that wait.
const WAITING_BYTES: usize = 64 << 20;

/// A decision that is wanted.
#[derive(Debug)]
pub(super) struct Wish {
    pub(super) decision: Decision,
    pub(super) from: From,
    bytes: usize,
}

/// Who wants it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum From {
    /// The overseer. It will want it again, if it still fits, when the proposal fails.
    Itself,
    /// A worker, and where it waits for the answer, if it still does.
    Worker(Option<LineId>),
}

#[derive(Debug, Default)]
enum UnderWay {
    #[default]
    Nothing,
    /// Of an earlier office.
    Forgotten,
    Wishes(Vec<Wish>),
}

/// Wishes, waiting and under way.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: VecDeque<Wish>,
    waiting_bytes: usize,
    under_way: UnderWay,
    /// Set after a proposal failed, until the next tick: at once it would only fail again.
    is_held: bool,
}

impl Wish {
    /// A worker's, unless it is too large for a proposal.
    pub(super) fn of(decision: Decision, line: LineId) -> Option<Self> {
        let bytes = encoded_len(&decision);
        let wish = Self { decision, from: From::Worker(Some(line)), bytes };
        (bytes <= BATCH_BYTES).then_some(wish)
    }
}

impl Queue {
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    pub(super) fn may_propose(&self) -> bool {
        !self.is_held && matches!(self.under_way, UnderWay::Nothing)
    }

    pub(super) fn hold(&mut self) {
        self.is_held = true;
    }

    pub(super) fn release(&mut self) {
        self.is_held = false;
    }

    /// Adds a wish, unless too much is waiting.
    pub(super) fn push(&mut self, wish: Wish) -> Result<(), Wish> {
        let is_full = self.waiting.len() >= WAITING_MAX || self.waiting_bytes + wish.bytes > WAITING_BYTES;
        if is_full {
            return Err(wish);
        }
        self.waiting_bytes += wish.bytes;
        self.waiting.push_back(wish);
        Ok(())
    }

    /// A worker says again what is waiting or under way: only the line for the answer is new. False if
    /// there is no such wish.
    pub(super) fn adopt(&mut self, decision: &Decision, line: LineId) -> bool {
        let same = self.wishes().find(|wish| wish.from != From::Itself && wish.decision == *decision);
        same.map(|wish| wish.from = From::Worker(Some(line))).is_some()
    }

    /// Drops waiting wishes that a newer one makes pointless.
    pub(super) fn drop_waiting(&mut self, is_pointless: impl Fn(&Decision) -> bool) {
        self.waiting.retain(|wish| !is_pointless(&wish.decision));
        self.waiting_bytes = self.waiting.iter().map(|wish| wish.bytes).sum();
    }

    /// What to propose next: what waits, then the overseer's own, as far as it fits.
    pub(super) fn next(&mut self, own: Vec<Decision>) -> Option<Vec<Decision>> {
        let (mut wishes, mut bytes) = (Vec::new(), 0);
        while wishes.len() < HALF
            && let Some(wish) = self.waiting.pop_front_if(|wish| bytes + wish.bytes <= BATCH_BYTES)
        {
            bytes += wish.bytes;
            wishes.push(wish);
        }
        self.waiting_bytes -= bytes;
        // What does not fit is wanted again as soon as this is decided.
        let own = own.into_iter().take(HALF);
        wishes.extend(own.map(|decision| Wish { decision, from: From::Itself, bytes: 0 }));
        if wishes.is_empty() {
            return None;
        }
        let decisions = wishes.iter().map(|wish| wish.decision.clone()).collect();
        self.under_way = UnderWay::Wishes(wishes);
        Some(decisions)
    }

    /// What was proposed has come to something. `None` if that was in an earlier office.
    pub(super) fn finish(&mut self) -> Option<Vec<Wish>> {
        match std::mem::take(&mut self.under_way) {
            UnderWay::Wishes(wishes) => Some(wishes),
            UnderWay::Nothing | UnderWay::Forgotten => None,
        }
    }

    /// Workers' wishes of a proposal that failed are proposed again: nothing is done twice by that.
    pub(super) fn put_back(&mut self, wishes: Vec<Wish>) {
        for wish in wishes.into_iter().rev().filter(|wish| wish.from != From::Itself) {
            self.waiting_bytes += wish.bytes;
            self.waiting.push_front(wish);
        }
    }

    /// All, waiting and under way.
    fn wishes(&mut self) -> impl Iterator<Item = &mut Wish> {
        let under_way = match &mut self.under_way {
            UnderWay::Wishes(wishes) => wishes.as_mut_slice(),
            UnderWay::Nothing | UnderWay::Forgotten => &mut [],
        };
        self.waiting.iter_mut().chain(under_way)
    }

    /// Nobody waits on that line any more.
    pub(super) fn hang_up(&mut self, line: LineId) {
        for wish in self.wishes() {
            if wish.from == From::Worker(Some(line)) {
                wish.from = From::Worker(None);
            }
        }
    }

    /// The office is over. A proposal under way stays so: its end is still to come. Gives the lines on
    /// which somebody waits in vain.
    pub(super) fn forget(&mut self) -> BTreeSet<LineId> {
        let mut wishes: Vec<Wish> = std::mem::take(&mut self.waiting).into();
        self.waiting_bytes = 0;
        self.is_held = false;
        match std::mem::take(&mut self.under_way) {
            UnderWay::Nothing => {}
            UnderWay::Forgotten => self.under_way = UnderWay::Forgotten,
            UnderWay::Wishes(under_way) => {
                self.under_way = UnderWay::Forgotten;
                wishes.extend(under_way);
            }
        }
        wishes.iter().filter_map(|wish| wish.from.line()).collect()
    }
}

impl From {
    /// Where the answer is waited for.
    pub(super) fn line(self) -> Option<LineId> {
        match self {
            Self::Itself => None,
            Self::Worker(line) => line,
        }
    }
}
