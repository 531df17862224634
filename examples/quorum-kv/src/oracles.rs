//! What this system promises, as invariants of its own.
//!
//! Two read nothing but clients' operations, one reads a word that nodes tell (`quorum-kv/holds`). An invariant
//! hears each record of a run in order, and is asked once more at the end.

use std::collections::{BTreeMap, BTreeSet};

use squall::check::{Findings, Oracle};
use squall::history::{
    Body, Expect, FaultEvent, FaultId, Header, NodeEvent, NodeName, Op, OpId, Phase, Record,
};
use squall::{Invariant, Promise, SimDuration, SimTime};

use crate::node::ring;

/// So long after the last trouble everything has found its place: a hint waits half a second, and clients
/// read each cart several times a second.
const SETTLED: SimDuration = SimDuration::from_secs(5);

/// What an operation on a cart was, when it was invoked.
struct Invoked {
    at: SimTime,
    /// How many items of the cart had been acknowledged by then.
    acknowledged: usize,
    /// The item, if it puts one in.
    adds: Option<u64>,
}

/// Every read has every item whose `add` was acknowledged before the read began: what R + W > N is for.
/// Exercised by each read that had something to find.
#[derive(Default)]
pub struct AcknowledgedIsRead {
    seen: Seen,
}

/// No item whose `add` was acknowledged is missing from the last read of its cart, if that read began
/// `SETTLED` later or more. Exercised once for each cart.
#[derive(Default)]
pub struct NothingIsLost {
    seen: Seen,
    last: BTreeMap<String, (SimTime, OpId, BTreeSet<u64>)>,
}

/// What clients did so far.
#[derive(Default)]
struct Seen {
    invoked: BTreeMap<OpId, Invoked>,
    /// Of each cart the acknowledged items, with the time, in order.
    acknowledged: BTreeMap<String, Vec<(SimTime, u64)>>,
}

/// A read that is complete.
struct Read<'a> {
    cart: &'a str,
    invoked: Invoked,
    items: BTreeSet<u64>,
}

impl Seen {
    /// Takes the next record; gives the read that it completes.
    fn take<'a>(&mut self, at: SimTime, op: &'a Op) -> Option<Read<'a>> {
        let cart = op.key.as_deref()?;
        let acknowledged = self.acknowledged.entry(cart.to_owned()).or_default();
        if op.phase == Phase::Invoke {
            let invoked = Invoked { at, acknowledged: acknowledged.len(), adds: op.value.as_u64() };
            self.invoked.insert(op.id, invoked);
            return None;
        }
        let invoked = self.invoked.remove(&op.id)?;
        match (op.phase, invoked.adds) {
            (Phase::Ok, Some(item)) => acknowledged.push((at, item)),
            (Phase::Ok, None) => {
                let items = op.value.as_array()?.iter().filter_map(serde_json::Value::as_u64).collect();
                return Some(Read { cart, invoked, items });
            }
            _ => {}
        }
        None
    }
}

impl Oracle for AcknowledgedIsRead {
    fn name(&self) -> &'static str {
        "acknowledged-is-read"
    }
}

impl Invariant for AcknowledgedIsRead {
    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        let Body::Op(op) = &record.body else { return };
        let Some(read) = self.seen.take(record.at, op) else { return };
        let known = &self.seen.acknowledged[read.cart][..read.invoked.acknowledged];
        if known.is_empty() {
            return;
        }
        findings.exercised();
        if let Some((at, item)) = known.iter().find(|(_, item)| !read.items.contains(item)) {
            let message = format!(
                "item {item} of {} was acknowledged at {at}, and a read that began at {} lacks it",
                read.cart, read.invoked.at
            );
            findings.violated(record.at, message).op(op.id);
        }
    }
}

impl Oracle for NothingIsLost {
    fn name(&self) -> &'static str {
        "nothing-is-lost"
    }
}

impl Invariant for NothingIsLost {
    fn observe(&mut self, record: &Record, _: &mut Findings) {
        let Body::Op(op) = &record.body else { return };
        if let Some(read) = self.seen.take(record.at, op) {
            self.last.insert(read.cart.to_owned(), (read.invoked.at, op.id, read.items));
        }
    }

    fn end(&mut self, at: SimTime, findings: &mut Findings) {
        for (cart, acknowledged) in &self.seen.acknowledged {
            let Some((began, op, items)) = self.last.get(cart) else { continue };
            findings.exercised();
            let due = acknowledged.iter().filter(|(at, _)| *at + SETTLED <= *began);
            let lost: Vec<u64> = due.map(|(_, item)| *item).filter(|item| !items.contains(item)).collect();
            if !lost.is_empty() {
                let message =
                    format!("{} acknowledged items of {cart} are lost, {} first", lost.len(), lost[0]);
                findings.violated(at, message).op(*op).evidence(serde_json::json!({ "lost": lost }));
            }
        }
    }
}

/// At the end of a run all homes of a cart hold the same, if for `SETTLED` before no fault was in force and
/// nobody put anything in. Exercised once for each cart.
pub struct ReplicasConverge {
    n: usize,
    nodes: Vec<String>,
    /// What each node holds: a hash for each cart.
    held: BTreeMap<NodeName, BTreeMap<String, u64>>,
    in_force: BTreeSet<FaultId>,
    carts: BTreeSet<String>,
    /// The last end of a fault, and the last step of an `add`.
    trouble: SimTime,
}

impl ReplicasConverge {
    /// Of carts with so many homes.
    pub fn new(n: usize) -> Self {
        let (held, in_force, carts) = Default::default();
        Self { n, nodes: Vec::new(), held, in_force, carts, trouble: SimTime::ZERO }
    }
}

impl Oracle for ReplicasConverge {
    fn name(&self) -> &'static str {
        "replicas-converge"
    }

    fn promise(&self) -> Promise {
        Promise::Liveness
    }
}

impl Invariant for ReplicasConverge {
    fn begin(&mut self, header: &Header, _: &Expect) {
        self.nodes = header.topology.role(crate::NODE).map(|node| node.name.to_string()).collect();
    }

    fn observe(&mut self, record: &Record, _: &mut Findings) {
        match &record.body {
            Body::Custom(word) if &*word.name == "holds" => {
                let (Some(key), Some(hash)) = (word.fields["key"].as_str(), word.fields["hash"].as_u64())
                else {
                    return;
                };
                self.carts.insert(key.to_owned());
                if let Some(node) = &record.node {
                    self.held.entry(node.clone()).or_default().insert(key.to_owned(), hash);
                }
            }
            // It tells anew what its disk has.
            Body::Node(NodeEvent::Started) => {
                drop(record.node.as_ref().and_then(|node| self.held.remove(node)))
            }
            Body::Op(op) if &*op.f == "add" => self.trouble = record.at,
            Body::Fault(FaultEvent::Applied { id, .. }) => _ = self.in_force.insert(id.clone()),
            Body::Fault(FaultEvent::Ended { id, .. }) => {
                self.in_force.remove(id);
                self.trouble = record.at;
            }
            _ => {}
        }
    }

    fn end(&mut self, at: SimTime, findings: &mut Findings) {
        if let Some(fault) = self.in_force.first() {
            return findings.not_applicable(format!("{} is in force at the end", fault.0));
        }
        if self.trouble + SETTLED > at {
            return findings.not_applicable(format!("the last fault or `add` was at {}", self.trouble));
        }
        for cart in &self.carts {
            findings.exercised();
            let homes = ring(&self.nodes, cart).take(self.n);
            let held: Vec<_> =
                homes.map(|home| self.held.get(home.as_str()).and_then(|carts| carts.get(cart))).collect();
            if held.iter().any(|hash| *hash != held[0]) {
                let homes: Vec<_> = ring(&self.nodes, cart).take(self.n).cloned().collect();
                findings.violated(at, format!("{} do not hold the same {cart}", homes.join(", ")));
            }
        }
    }
}
