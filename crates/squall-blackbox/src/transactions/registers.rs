//! The versions of one register, and who read and wrote which.
//!
//! A read tells which write it saw, since no value is written twice, but not what that write replaced.
//! `versions` finds as much of the order as follows; this file has the reads and writes, what is odd
//! about them, and the edges.

use serde_json::Value;

use super::atoms::Atom;
use super::consistency::Consistency;
use super::edges::{Class, End, Sink};
use super::history::{Act, Outcome, Stop, Transactions, Txn};
use super::register_oddities;
use super::versions::{self, INITIAL, Order, Sources, Version};
use crate::Budget;

/// How registers begin, and what is taken to say which version came first.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Assumptions {
    pub(super) initial: Value,
    pub(super) sources: Sources,
}

/// A write. Its version is its place among the writes and one; 0 is the initial one.
#[derive(Clone, Copy)]
pub(super) struct Write {
    pub(super) txn: Txn,
    pub(super) value: Atom,
    pub(super) micro: u32,
    /// Whether it is the last one of its transaction to this register.
    pub(super) last: bool,
}

/// A committed read.
#[derive(Clone, Copy)]
pub(super) struct Read<'h> {
    pub(super) txn: Txn,
    pub(super) micro: u32,
    pub(super) value: &'h Value,
    /// What it returned, if that was ever written.
    pub(super) version: Option<Version>,
}

/// What a transaction that may have happened shows of the register to others.
#[derive(Clone, Copy)]
pub(super) struct View {
    pub(super) txn: Txn,
    /// What it read before it wrote, if anybody wrote that.
    pub(super) read: Option<Version>,
    /// What it wrote last.
    pub(super) wrote: Option<Version>,
}

/// One register. Made once and [filled](Self::infer) for each, so that its vectors stay.
pub(super) struct Register<'t, 'h> {
    pub(super) all: &'t Transactions<'h>,
    pub(super) assumptions: &'t Assumptions,
    /// What is to be judged: it says which orders versions are in, if the level holds.
    pub(super) level: Consistency,
    pub(super) key: u32,
    pub(super) writes: Vec<Write>,
    pub(super) reads: Vec<Read<'h>>,
    pub(super) views: Vec<View>,
    /// Places of writes by value.
    sorted: Vec<u32>,
}

impl<'t, 'h> Register<'t, 'h> {
    pub(super) fn new(all: &'t Transactions<'h>, assumptions: &'t Assumptions, level: Consistency) -> Self {
        Self {
            all,
            assumptions,
            level,
            key: 0,
            writes: Vec::new(),
            reads: Vec::new(),
            views: Vec::new(),
            sorted: Vec::new(),
        }
    }

    /// Tells the sink what follows from one register.
    pub(super) fn infer(&mut self, key: u32, sink: &mut impl Sink, budget: &mut Budget) -> Result<(), Stop> {
        budget.spend(self.all.of_key(key).len() as u64)?;
        self.gather(key);
        self.sort()?;
        self.identify();
        self.view();
        register_oddities::find(self, sink);
        let order = versions::order(self, sink, budget)?;
        self.shown(sink);
        self.overwritten(&order, sink);
        Ok(())
    }

    /// The write of a version; none if it is the initial one.
    pub(super) fn write(&self, version: Version) -> Option<&Write> {
        self.writes.get((version as usize).checked_sub(1)?)
    }

    pub(super) fn value(&self, version: Version) -> Option<Atom> {
        self.write(version).map(|write| write.value)
    }

    /// Whether it may have happened.
    pub(super) fn stands(&self, write: &Write) -> bool {
        self.all.outcome(write.txn) != Outcome::Aborted
    }

    fn gather(&mut self, key: u32) {
        self.key = key;
        self.writes.clear();
        self.reads.clear();
        for &micro in self.all.of_key(key) {
            let at = self.all.micros[micro as usize];
            match at.act {
                Act::Read(value) => self.reads.push(Read { txn: at.txn, micro, value, version: None }),
                Act::Write(value) => {
                    if let Some(before) = self.writes.last_mut()
                        && before.txn == at.txn
                    {
                        before.last = false;
                    }
                    self.writes.push(Write { txn: at.txn, value, micro, last: true });
                }
            }
        }
    }

    /// Orders the writes by value, which must differ, from the initial one too.
    fn sort(&mut self) -> Result<(), Stop> {
        self.sorted.clear();
        // There are no more writes than micro-operations, and those are numbered.
        self.sorted.extend(0..self.writes.len() as u32);
        let value = |&write: &u32| self.writes[write as usize].value;
        self.sorted.sort_unstable_by_key(|write| (value(write), *write));
        let twice = self.sorted.windows(2).find(|pair| value(&pair[0]) == value(&pair[1]));
        let initial = self.all.atoms.find(&self.assumptions.initial).and_then(|initial| self.find(initial));
        let (one, who) = match (twice, initial) {
            (None, None) => return Ok(()),
            (None, Some(write)) => (write, "and is its initial value too".to_owned()),
            (Some(pair), _) => {
                let [one, two] =
                    [pair[0], pair[1]].map(|write| self.all.name(self.writes[write as usize].txn));
                (pair[0], format!("twice, by {one} and {two}"))
            }
        };
        let value = self.all.atoms.value(self.writes[one as usize].value);
        let key = self.all.key(self.key);
        Err(Stop::Unreadable(format!(
            "{value} is written to key {key} {who}, so that nobody can tell which is read"
        )))
    }

    fn find(&self, value: Atom) -> Option<u32> {
        let found = self.sorted.binary_search_by_key(&value, |&write| self.writes[write as usize].value);
        found.ok().map(|place| self.sorted[place])
    }

    /// Which version each read returned.
    fn identify(&mut self) {
        for place in 0..self.reads.len() {
            let value = self.reads[place].value;
            self.reads[place].version = if *value == self.assumptions.initial {
                Some(INITIAL)
            } else {
                self.all.atoms.find(value).and_then(|value| self.find(value)).map(|write| write + 1)
            };
        }
    }

    /// What each transaction shows; those that write and those that read, merged.
    fn view(&mut self) {
        self.views.clear();
        let (mut reads, mut writes) = (&*self.reads, &*self.writes);
        let mut version = 0;
        loop {
            let next = [reads.first().map(|read| read.txn), writes.first().map(|write| write.txn)];
            let Some(txn) = next.into_iter().flatten().min() else { break };
            let own_reads = reads.iter().take_while(|read| read.txn == txn).count();
            let own_writes = writes.iter().take_while(|write| write.txn == txn).count();
            version += own_writes as u32;
            let first_write = writes[..own_writes].first().map(|write| write.micro);
            let first = reads[..own_reads].first();
            let first = first.filter(|read| first_write.is_none_or(|write| read.micro < write));
            if self.all.outcome(txn) != Outcome::Aborted {
                let wrote = (own_writes > 0).then_some(version);
                self.views.push(View { txn, read: first.and_then(|read| read.version), wrote });
            }
            reads = &reads[own_reads..];
            writes = &writes[own_writes..];
        }
    }

    /// The wr edges.
    fn shown(&self, sink: &mut impl Sink) {
        for read in &self.reads {
            let write = read.version.and_then(|version| self.write(version));
            if let Some(write) = write.filter(|write| write.txn != read.txn && self.stands(write)) {
                let value = Some(write.value);
                sink.edge(End { txn: write.txn, value }, Class::Wr, End { txn: read.txn, value }, self.key);
            }
        }
    }

    /// The ww and rw edges: what wrote or read a version precedes what wrote a later one.
    fn overwritten(&self, order: &Order, sink: &mut impl Sink) {
        let of = |version: Version| {
            let write = self.write(version)?;
            Some(End { txn: write.txn, value: Some(write.value) })
        };
        let mut readers: Vec<(Version, Txn)> = self.readers().collect();
        readers.sort_unstable();
        readers.dedup();
        if self.assumptions.sources.initial {
            let writers = self.views.iter().filter_map(|view| of(view.wrote?));
            let writers: Vec<End> = writers.collect();
            self.before_all(&readers, INITIAL, Class::Rw, &writers, sink);
        }
        let kinds = [
            (&order.known, Class::Rw),
            (&order.by_processes, Class::RwProcess),
            (&order.by_real_time, Class::RwRealtime),
        ];
        for (pairs, rw) in kinds {
            for later in pairs.chunk_by(|a, b| a.0 == b.0) {
                let version = later[0].0;
                let writers: Vec<End> = later.iter().filter_map(|&(_, later)| of(later)).collect();
                if let Some(writer) = of(version) {
                    let others = writers.iter().filter(|other| other.txn != writer.txn);
                    for &other in others {
                        let known = rw == Class::Rw;
                        let ww = if known { self.all.ww(writer.txn, other.txn) } else { rw };
                        sink.edge(writer, ww, other, self.key);
                    }
                }
                self.before_all(&readers, version, rw, &writers, sink);
            }
        }
    }

    /// Who read which version from another transaction.
    fn readers(&self) -> impl Iterator<Item = (Version, Txn)> {
        let foreign = |read: &&Read<'_>| {
            let write = read.version.and_then(|version| self.write(version));
            write.is_none_or(|write| write.txn != read.txn)
        };
        self.reads.iter().filter(foreign).filter_map(|read| Some((read.version?, read.txn)))
    }

    fn before_all(
        &self,
        readers: &[(Version, Txn)],
        version: Version,
        class: Class,
        writers: &[End],
        sink: &mut impl Sink,
    ) {
        let start = readers.partition_point(|reader| reader.0 < version);
        let here = readers[start..].iter().take_while(|reader| reader.0 == version);
        let value = self.value(version);
        let readers: Vec<End> = here.map(|&(_, txn)| End { txn, value }).collect();
        if !readers.is_empty() && !writers.is_empty() {
            sink.all_before_all(&readers, class, writers, self.key);
        }
    }
}
