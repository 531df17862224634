//! What is wrong with one register without any cycle.
//!
//! Aborted and intermediate reads (Adya 1999, chapter 3), garbage, what a transaction must see of its own
//! (INT), updates lost to one another.

use serde_json::Value;

use super::anomaly::Anomaly;
use super::edges::{Oddity, Sink};
use super::history::{Outcome, Txn};
use super::registers::{Read, Register, Write};

/// Tells the sink all oddities of the register.
pub(super) fn find(register: &Register<'_, '_>, sink: &mut impl Sink) {
    let odd = Odd { register, key: register.all.key(register.key) };
    for read in &register.reads {
        match read.version {
            None => odd.garbage(read, sink),
            Some(version) => {
                if let Some(write) = register.write(version) {
                    odd.seen(read, write, sink);
                }
            }
        }
    }
    odd.internal(sink);
    odd.lost_updates(sink);
}

struct Odd<'r, 't, 'h> {
    register: &'r Register<'t, 'h>,
    key: Value,
}

impl Odd<'_, '_, '_> {
    fn tell(&self, sink: &mut impl Sink, anomaly: Anomaly, txns: &[Txn], message: impl FnOnce() -> String) {
        if sink.wants(anomaly) {
            sink.odd(Oddity { anomaly, txns: txns.to_vec(), key: self.register.key, message: message() });
        }
    }

    fn name(&self, txn: Txn) -> String {
        self.register.all.name(txn)
    }

    fn garbage(&self, read: &Read<'_>, sink: &mut impl Sink) {
        self.tell(sink, Anomaly::GarbageRead, &[read.txn], || {
            format!("{} read {} from key {}, which nobody wrote", self.name(read.txn), read.value, self.key)
        });
    }

    /// A read of what is not there for others to see.
    fn seen(&self, read: &Read<'_>, write: &Write, sink: &mut impl Sink) {
        let txns = [read.txn, write.txn];
        let words = || (self.name(read.txn), read.value, &self.key, self.name(write.txn));
        if write.txn == read.txn {
            if read.micro < write.micro {
                self.tell(sink, Anomaly::FutureRead, &[read.txn], || {
                    let (reader, value, key, _) = words();
                    format!("{reader} read {value} from key {key} before it wrote it")
                });
            }
        } else if !self.register.stands(write) {
            self.tell(sink, Anomaly::G1a, &txns, || {
                let (reader, value, key, writer) = words();
                format!("{reader} read {value} from key {key}, which the failed {writer} wrote")
            });
        } else if !write.last {
            self.tell(sink, Anomaly::G1b, &txns, || {
                let (reader, value, key, writer) = words();
                format!("{reader} read {value} from key {key}, which {writer} wrote and overwrote")
            });
        }
    }

    /// A read must return what its transaction read or wrote last.
    fn internal(&self, sink: &mut impl Sink) {
        let mut writes = &*self.register.writes;
        let mut before: Option<&Read<'_>> = None;
        for read in &self.register.reads {
            let earlier = writes.partition_point(|write| write.micro < read.micro);
            let written = writes[..earlier].last().filter(|write| write.txn == read.txn);
            writes = &writes[earlier.saturating_sub(1)..];
            let read_before = before.filter(|before| before.txn == read.txn);
            before = Some(read);
            let expected = match (written, read_before) {
                (Some(write), read) if read.is_none_or(|read| read.micro < write.micro) => {
                    self.register.all.atoms.value(write.value)
                }
                (_, Some(before)) => before.value.clone(),
                (_, None) => continue,
            };
            if expected != *read.value {
                self.tell(sink, Anomaly::Internal, &[read.txn], || {
                    let reader = self.name(read.txn);
                    let (value, key) = (read.value, &self.key);
                    format!(
                        "{reader} read {value} from key {key}, which it had itself seen or made {expected}"
                    )
                });
            }
        }
    }

    fn lost_updates(&self, sink: &mut impl Sink) {
        let committed = |txn| self.register.all.outcome(txn) == Outcome::Committed;
        let views = self.register.views.iter().filter(|view| view.wrote.is_some() && committed(view.txn));
        let mut updates: Vec<(u32, Txn)> = views.filter_map(|view| Some((view.read?, view.txn))).collect();
        updates.sort_unstable();
        for same in updates.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1) {
            let [(version, one), (_, other)] = [same[0], same[1]];
            self.tell(sink, Anomaly::LostUpdate, &[one, other], || {
                let value = match self.register.value(version) {
                    Some(value) => self.register.all.atoms.value(value),
                    None => self.register.assumptions.initial.clone(),
                };
                let (one, other) = (self.name(one), self.name(other));
                format!("{one} and {other} both read {value} from key {}, and both wrote it", self.key)
            });
        }
    }
}
