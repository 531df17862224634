//! What is wrong with one list without any cycle.
//!
//! Aborted and intermediate reads (Adya 1999, chapter 3), duplicates, garbage, incompatible orders and dirty
//! updates (Elle 2020), what a transaction must see of its own (INT), updates
//! lost to one another.

use serde_json::Value;

use super::anomaly::Anomaly;
use super::edges::{Oddity, Sink};
use super::history::{NONE, Outcome, Txn};
use super::lists::{Append, List, Read};

/// Tells the sink all oddities of the list.
pub(super) fn find(list: &List<'_, '_>, sink: &mut impl Sink) {
    let odd = Odd { list, key: list.all.key(list.key) };
    let spoilt = (0..list.slots.len()).find(|&slot| !list.in_slot(slot).is_some_and(|a| list.stands(a)));
    for read in &list.reads {
        if !read.agrees() || spoilt.is_some_and(|slot| slot < read.list.len()) {
            odd.elements(read, sink);
        }
        if !read.agrees() || list.trusted < read.list.len() {
            odd.order(read, sink);
        }
        odd.intermediate(read, sink);
    }
    if spoilt.is_some() {
        odd.dirty_updates(sink);
    }
    odd.own_order(sink);
    odd.within_transactions(sink);
}

struct Odd<'l, 't, 'h> {
    list: &'l List<'t, 'h>,
    key: Value,
}

impl Odd<'_, '_, '_> {
    fn tell(&self, sink: &mut impl Sink, anomaly: Anomaly, txns: &[Txn], message: impl FnOnce() -> String) {
        if sink.wants(anomaly) {
            sink.odd(Oddity { anomaly, txns: txns.to_vec(), key: self.list.key, message: message() });
        }
    }

    fn name(&self, txn: Txn) -> String {
        self.list.all.name(txn)
    }

    fn show(&self, append: &Append) -> Value {
        self.list.all.atoms.value(append.value)
    }

    /// Elements that nobody wrote, or whose writer failed: the first of each.
    fn elements(&self, read: &Read<'_>, sink: &mut impl Sink) {
        if !sink.wants(Anomaly::GarbageRead) && !sink.wants(Anomaly::G1a) {
            return;
        }
        let makers = || (0..read.list.len()).map(|place| self.list.maker(read, place));
        if let Some(place) = makers().position(|maker| maker.is_none()) {
            self.tell(sink, Anomaly::GarbageRead, &[read.txn], || {
                let (reader, element) = (self.name(read.txn), &read.list[place]);
                format!("{reader} read {element} from key {}, which nobody appended", self.key)
            });
        }
        if let Some(append) = makers().flatten().find(|append| !self.list.stands(append)) {
            self.tell(sink, Anomaly::G1a, &[read.txn, append.txn], || {
                let (reader, writer) = (self.name(read.txn), self.name(append.txn));
                let element = self.show(append);
                format!("{reader} read {element} from key {}, which the failed {writer} appended", self.key)
            });
        }
    }

    /// A read that has an element twice, or that contradicts the longest.
    fn order(&self, read: &Read<'_>, sink: &mut impl Sink) {
        let repeated = match read.agrees() {
            true => self.list.repeats.filter(|&place| place < read.list.len()),
            false => self.twice(read.list),
        };
        if let Some(place) = repeated {
            return self.tell(sink, Anomaly::DuplicateElements, &[read.txn], || {
                let (reader, element) = (self.name(read.txn), &read.list[place]);
                format!("{reader} read key {} with {element} in it twice", self.key)
            });
        }
        let Some(longest) = self.list.longest.filter(|_| !read.agrees()) else { return };
        if self.list.repeats.is_some() {
            return;
        }
        self.tell(sink, Anomaly::IncompatibleOrder, &[read.txn, longest.txn], || {
            let (one, other) = (&read.list[read.common], &longest.list[read.common]);
            format!(
                "{} and {} read key {} in orders of which neither continues the other: after {} elements \
                 comes {one} here and {other} there",
                self.name(read.txn),
                self.name(longest.txn),
                self.key,
                read.common
            )
        });
    }

    /// The first place whose element stands at an earlier one too.
    fn twice(&self, list: &[Value]) -> Option<usize> {
        let atoms =
            list.iter().enumerate().filter_map(|(place, e)| Some((self.list.all.atoms.find(e)?, place)));
        let mut atoms: Vec<_> = atoms.collect();
        atoms.sort_unstable();
        let pairs = atoms.windows(2).filter(|pair| pair[0].0 == pair[1].0);
        pairs.map(|pair| pair[1].1).min()
    }

    fn intermediate(&self, read: &Read<'_>, sink: &mut impl Sink) {
        let makers = (0..read.list.len()).rev().map(|place| self.list.maker(read, place));
        let mut foreign = makers.skip_while(|maker| maker.is_some_and(|append| append.txn == read.txn));
        let Some(append) = foreign.next().flatten() else { return };
        if append.last || !self.list.stands(append) {
            return;
        }
        self.tell(sink, Anomaly::G1b, &[read.txn, append.txn], || {
            let (reader, writer) = (self.name(read.txn), self.name(append.txn));
            let element = self.show(append);
            format!(
                "{reader} read key {} up to {element}, in the midst of {writer}, which appended more",
                self.key
            )
        });
    }

    /// Appends of one transaction that stand the other way round, or of which only the later is there: a
    /// cycle of one transaction, for which there is no edge.
    fn own_order(&self, sink: &mut impl Sink) {
        let Some(longest) = self.list.longest else { return };
        let shown = |append: &Append| (append.slot as usize) < self.list.trusted;
        for pair in self.list.appends.windows(2) {
            let [first, second] = [&pair[0], &pair[1]];
            let hidden = first.slot == NONE && self.list.complete();
            let later = hidden || shown(first) && first.slot > second.slot;
            if first.txn != second.txn || !shown(second) || !later || !self.list.stands(first) {
                continue;
            }
            self.tell(sink, Anomaly::IncompatibleOrder, &[longest.txn, first.txn], || {
                let (reader, writer) = (self.name(longest.txn), self.name(first.txn));
                let (first, second) = (self.show(first), self.show(second));
                let how = if hidden { "without" } else { "before" };
                format!("{reader} read {second} {how} {first} from key {}, though {writer} appended {first} first", self.key)
            });
        }
    }

    /// What was appended upon what a failed transaction appended.
    fn dirty_updates(&self, sink: &mut impl Sink) {
        let mut dirty: Option<&Append> = None;
        for slot in 0..self.list.trusted {
            let Some(append) = self.list.in_slot(slot) else { continue };
            match (self.list.all.outcome(append.txn), dirty) {
                (Outcome::Aborted, _) => dirty = Some(append),
                (Outcome::Committed, Some(below)) => {
                    self.tell(sink, Anomaly::DirtyUpdate, &[append.txn, below.txn], || {
                        format!(
                            "{} appended {} to key {} upon {}, which the failed {} appended",
                            self.name(append.txn),
                            self.show(append),
                            self.key,
                            self.show(below),
                            self.name(below.txn)
                        )
                    });
                    dirty = None;
                }
                _ => {}
            }
        }
    }

    /// What concerns one transaction at a time, and updates that are lost between them.
    fn within_transactions(&self, sink: &mut impl Sink) {
        let (mut reads, mut appends) = (&*self.list.reads, &*self.list.appends);
        let mut updates: Vec<(usize, Txn)> = Vec::new();
        while let Some(txn) = reads.first().map(|read| read.txn) {
            let others = appends.partition_point(|append| append.txn < txn);
            let own_reads = reads.partition_point(|read| read.txn <= txn);
            let own_appends = appends[others..].partition_point(|append| append.txn <= txn);
            let appended = &appends[others..others + own_appends];
            self.internal(&reads[..own_reads], appended, sink);
            let first = &reads[0];
            let before_any = appended.first().is_some_and(|append| first.micro < append.micro);
            if before_any && first.agrees() && first.list.len() <= self.list.trusted {
                updates.push((first.list.len(), txn));
            }
            reads = &reads[own_reads..];
            appends = &appends[others + own_appends..];
        }
        self.lost_updates(updates, sink);
    }

    /// Each read of a transaction must show the last one before it, followed by what it appended since.
    fn internal(&self, reads: &[Read<'_>], appends: &[Append], sink: &mut impl Sink) {
        if reads.len() + appends.len() < 2 {
            return;
        }
        let mut since = 0;
        let mut last: Option<&Read<'_>> = None;
        for read in reads {
            let here = appends.partition_point(|append| append.micro < read.micro);
            let own = &appends[since..here];
            if !continues(self.list, read, last, own) {
                self.tell(sink, Anomaly::Internal, &[read.txn], || {
                    let (reader, key) = (self.name(read.txn), &self.key);
                    format!("{reader} read key {key} other than it had itself read and appended it before")
                });
            }
            let later = appends[here..].iter().find(|append| self.shows(read, append));
            if let Some(append) = later {
                self.tell(sink, Anomaly::FutureRead, &[read.txn], || {
                    let (reader, element) = (self.name(read.txn), self.show(append));
                    format!("{reader} read {element} from key {} before it appended it", self.key)
                });
            }
            (since, last) = (here, Some(read));
        }
    }

    fn shows(&self, read: &Read<'_>, append: &Append) -> bool {
        match read.agrees() {
            true => (append.slot as usize) < read.list.len(),
            false => read.list.iter().any(|element| self.list.all.atoms.find(element) == Some(append.value)),
        }
    }

    fn lost_updates(&self, mut updates: Vec<(usize, Txn)>, sink: &mut impl Sink) {
        updates.sort_unstable();
        for pair in updates.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1) {
            let [(version, one), (_, other)] = [pair[0], pair[1]];
            self.tell(sink, Anomaly::LostUpdate, &[one, other], || {
                format!(
                    "{} and {} both read key {} with {version} elements, and both appended to it",
                    self.name(one),
                    self.name(other),
                    self.key
                )
            });
        }
    }
}

/// Whether a read shows what its transaction read last, and then what it appended since.
fn continues(list: &List<'_, '_>, read: &Read<'_>, last: Option<&Read<'_>>, own: &[Append]) -> bool {
    let Some(foreign) = read.list.len().checked_sub(own.len()) else { return false };
    let appended = (foreign..)
        .zip(own)
        .all(|(place, append)| list.maker(read, place).is_some_and(|maker| maker.micro == append.micro));
    let as_before = last.is_none_or(|last| {
        // Two prefixes of one list are equal if they are equally long.
        let both = last.agrees() && (read.agrees() || read.common >= foreign);
        last.list.len() == foreign && (both || read.list[..foreign] == *last.list)
    });
    appended && as_before
}
