//! The order of one list's appends, as its reads show it ("traceability", Elle 2020).
//!
//! A list only grows at its end, so each read shows all appends before it in their order. The longest
//! read gives the order; the others must be its prefixes. Where they are not, the order is trusted only
//! as far as all agree. What follows from it is the matter of `list_edges` and `list_oddities`.

use serde_json::Value;

use super::atoms::Atom;
use super::edges::Sink;
use super::history::{Act, NONE, Outcome, Stop, Transactions, Txn, elements};
use super::{list_edges, list_oddities};
use crate::Budget;

/// An append to the list.
#[derive(Clone, Copy)]
pub(super) struct Append {
    pub(super) txn: Txn,
    pub(super) value: Atom,
    /// Its place among all micro-operations.
    pub(super) micro: u32,
    /// Its place in the longest read, or [`NONE`].
    pub(super) slot: u32,
    /// Whether it is the last one of its transaction to this list.
    pub(super) last: bool,
}

/// A committed read of the list.
#[derive(Clone, Copy)]
pub(super) struct Read<'h> {
    pub(super) txn: Txn,
    pub(super) micro: u32,
    pub(super) list: &'h [Value],
    /// How many elements it has in common with the longest read, from the first.
    pub(super) common: usize,
}

impl Read<'_> {
    /// Whether it is a prefix of the longest read.
    pub(super) fn agrees(&self) -> bool {
        self.common == self.list.len()
    }
}

/// One list. Made once and [filled](Self::infer) for each, so that its vectors stay.
pub(super) struct List<'t, 'h> {
    pub(super) all: &'t Transactions<'h>,
    pub(super) key: u32,
    pub(super) appends: Vec<Append>,
    pub(super) reads: Vec<Read<'h>>,
    /// The longest read, and for each element the append that made it, or [`NONE`].
    pub(super) longest: Option<Read<'h>>,
    pub(super) slots: Vec<u32>,
    /// How many slots all reads agree about.
    pub(super) trusted: usize,
    /// The first slot whose element is in an earlier one too.
    pub(super) repeats: Option<usize>,
    /// Appends by value.
    sorted: Vec<u32>,
}

impl<'t, 'h> List<'t, 'h> {
    pub(super) fn new(all: &'t Transactions<'h>) -> Self {
        Self {
            all,
            key: 0,
            appends: Vec::new(),
            reads: Vec::new(),
            longest: None,
            slots: Vec::new(),
            trusted: 0,
            repeats: None,
            sorted: Vec::new(),
        }
    }

    /// Tells the sink what follows from one list.
    pub(super) fn infer(&mut self, key: u32, sink: &mut impl Sink, budget: &mut Budget) -> Result<(), Stop> {
        self.gather(key);
        self.sort()?;
        self.order();
        self.compare(budget)?;
        list_oddities::find(self, sink);
        list_edges::find(self, sink);
        Ok(())
    }

    /// Whether every append that is in no read comes after all that are: so it is unless reads differ
    /// about the order.
    pub(super) fn complete(&self) -> bool {
        self.trusted == self.slots.len()
    }

    /// The append that made an element of a read.
    pub(super) fn maker(&self, read: &Read<'_>, place: usize) -> Option<&Append> {
        let append = if place < read.common {
            self.slots[place]
        } else {
            self.find(self.all.atoms.find(&read.list[place])?)?
        };
        self.appends.get(append as usize)
    }

    /// The append in a slot, if anybody made it.
    pub(super) fn in_slot(&self, slot: usize) -> Option<&Append> {
        self.appends.get(self.slots[slot] as usize)
    }

    /// Whether it may have happened.
    pub(super) fn stands(&self, append: &Append) -> bool {
        self.all.outcome(append.txn) != Outcome::Aborted
    }

    fn gather(&mut self, key: u32) {
        self.key = key;
        self.appends.clear();
        self.reads.clear();
        for &micro in self.all.of_key(key) {
            let at = self.all.micros[micro as usize];
            match at.act {
                Act::Read(list) => {
                    let read = Read { txn: at.txn, micro, list: elements(list), common: 0 };
                    self.reads.push(read);
                }
                Act::Write(value) => {
                    if let Some(before) = self.appends.last_mut()
                        && before.txn == at.txn
                    {
                        before.last = false;
                    }
                    self.appends.push(Append { txn: at.txn, value, micro, slot: NONE, last: true });
                }
            }
        }
    }

    /// Orders the appends by value, which must differ: else nobody could tell them apart.
    fn sort(&mut self) -> Result<(), Stop> {
        self.sorted.clear();
        // There are no more appends than micro-operations, and those are numbered.
        self.sorted.extend(0..self.appends.len() as u32);
        let value = |&append: &u32| self.appends[append as usize].value;
        self.sorted.sort_unstable_by_key(|append| (value(append), *append));
        let twice = self.sorted.windows(2).find(|pair| value(&pair[0]) == value(&pair[1]));
        let Some(pair) = twice else { return Ok(()) };
        let [one, two] = [pair[0], pair[1]].map(|append| self.appends[append as usize]);
        Err(Stop::Unreadable(format!(
            "{} is appended to key {} twice, by {} and {}, so that nobody can tell which is read",
            self.all.atoms.value(one.value),
            self.all.key(self.key),
            self.all.name(one.txn),
            self.all.name(two.txn)
        )))
    }

    fn find(&self, value: Atom) -> Option<u32> {
        let found = self.sorted.binary_search_by_key(&value, |&append| self.appends[append as usize].value);
        found.ok().map(|place| self.sorted[place])
    }

    /// Takes the longest read for the order, as far as it has no element twice.
    fn order(&mut self) {
        self.slots.clear();
        let mut longest: Option<Read<'h>> = None;
        for read in &self.reads {
            if longest.is_none_or(|longest| read.list.len() > longest.list.len()) {
                longest = Some(*read);
            }
        }
        self.longest = longest;
        let list = longest.map_or(&[][..], |read| read.list);
        self.trusted = list.len();
        self.repeats = None;
        for (slot, element) in list.iter().enumerate() {
            let append = self.all.atoms.find(element).and_then(|value| self.find(value));
            self.slots.push(append.unwrap_or(NONE));
            let Some(append) = append else { continue };
            let append = &mut self.appends[append as usize];
            if append.slot == NONE {
                append.slot = slot as u32;
            } else {
                self.repeats.get_or_insert(slot);
                self.trusted = self.trusted.min(slot);
            }
        }
    }

    /// Compares each read with the longest.
    fn compare(&mut self, budget: &mut Budget) -> Result<(), Stop> {
        let Some(longest) = self.longest else { return Ok(()) };
        for read in &mut self.reads {
            budget.spend(1 + read.list.len() as u64 / ELEMENTS_A_STEP)?;
            let differs = read.list.iter().zip(longest.list).position(|(a, b)| a != b);
            read.common = differs.unwrap_or(read.list.len());
            if let Some(common) = differs {
                self.trusted = self.trusted.min(common);
            }
        }
        self.longest = Some(Read { common: longest.list.len(), ..longest });
        Ok(())
    }
}

/// Comparing an element costs far less than following an edge.
const ELEMENTS_A_STEP: u64 = 32;
