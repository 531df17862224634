//! The orders besides the data: which transaction a process performs next, and which completed before
//! which was invoked.
//!
//! Real time relates almost every pair of transactions. A chain of nodes carries it in a few edges for
//! each: what completes leads into the chain at that moment, the chain leads to what is invoked. That
//! is exact, and does not depend on how many transactions are under way at a time.

use rustc_hash::FxHashMap;
use squall_history::ProcessId;

use super::edges::Class;
use super::graph::{Edges, Node};
use super::history::{NONE, Outcome, Transactions, Txn};

/// For each transaction the next one of its process, or [`NONE`]. What failed is left out.
pub(super) fn next_of_process(all: &Transactions<'_>) -> Vec<Txn> {
    let mut next = vec![NONE; all.operations.len()];
    let mut last: FxHashMap<ProcessId, Txn> = FxHashMap::default();
    for (txn, operation) in (0..).zip(all.operations) {
        match all.outcome(txn) {
            Outcome::Aborted => continue,
            Outcome::Committed | Outcome::Open => {}
        }
        if let Some(before) = last.insert(operation.process, txn)
            && all.outcome(before) == Outcome::Committed
        {
            next[before as usize] = txn;
        }
    }
    next
}

/// Adds the order of real time.
pub(super) fn add_realtime(all: &Transactions<'_>, edges: &mut Edges) {
    let committed = (0..).zip(all.operations).filter_map(|(txn, operation): (Txn, _)| {
        let (moment, _) = operation.ok()?;
        Some((moment.place, txn))
    });
    let mut completions: Vec<(usize, Txn)> = committed.collect();
    completions.sort();
    let mut chain: Option<Node> = None;
    let mut completed = 0;
    for (txn, operation) in (0..).zip(all.operations) {
        if all.outcome(txn) == Outcome::Aborted {
            continue;
        }
        let since = &completions[completed..];
        let now = since.iter().take_while(|(place, _)| *place < operation.invoked.place).count();
        if now > 0 {
            let link = edges.node();
            since[..now].iter().for_each(|&(_, txn)| edges.add(txn, Class::Realtime, link));
            if let Some(before) = chain {
                edges.add(before, Class::Pass, link);
            }
            chain = Some(link);
            completed += now;
        }
        if let Some(link) = chain {
            edges.add(link, Class::Pass, txn);
        }
    }
}

/// Adds the order of each process.
pub(super) fn add_processes(next: &[Txn], edges: &mut Edges) {
    for (txn, &next) in (0..).zip(next).filter(|(_, next)| **next != NONE) {
        edges.add(txn, Class::Process, next);
    }
}
