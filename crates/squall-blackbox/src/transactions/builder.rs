//! Collects what is inferred from all keys: edges into a graph, oddities into a list.

use super::anomaly::{Anomalies, Anomaly, COUNT, EXAMPLES};
use super::edges::{Class, End, Oddity, Sink};
use super::graph::Edges;
use super::history::Txn;

/// Transactions that both read and wrote a version and get an edge to each other, all of them; of more
/// only neighbours do, both ways, which leaves them in one cycle all the same.
const PAIRED: usize = 8;

/// Takes everything.
pub(super) struct Builder {
    pub(super) edges: Edges,
    pub(super) oddities: Vec<Oddity>,
    sought: Anomalies,
    counts: [u32; COUNT],
}

impl Builder {
    pub(super) fn new(transactions: u32, sought: Anomalies) -> Self {
        Self { edges: Edges::new(transactions), oddities: Vec::new(), sought, counts: [0; COUNT] }
    }

    fn pairs(&mut self, readers: &[Txn], class: Class, writers: &[Txn]) {
        for &reader in readers {
            for &writer in writers.iter().filter(|&&writer| writer != reader) {
                self.edges.add(reader, class, writer);
            }
        }
    }

    /// A node between these and those, who have none in common.
    fn through_node(&mut self, readers: &[Txn], class: Class, writers: &[Txn]) {
        if readers.len() < 2 || writers.len() < 2 {
            return self.pairs(readers, class, writers);
        }
        let node = self.edges.node();
        readers.iter().for_each(|&reader| self.edges.add(reader, class, node));
        writers.iter().for_each(|&writer| self.edges.add(node, Class::Pass, writer));
    }
}

impl Sink for Builder {
    fn edge(&mut self, from: End, class: Class, to: End, _: u32) {
        assert_ne!(from.txn, to.txn, "nothing precedes itself");
        self.edges.add(from.txn, class, to.txn);
    }

    fn all_before_all(&mut self, readers: &[End], class: Class, writers: &[End], _: u32) {
        let txns = |ends: &[End]| {
            let mut txns: Vec<Txn> = ends.iter().map(|end| end.txn).collect();
            txns.sort_unstable();
            txns.dedup();
            txns
        };
        let (readers, writers) = (txns(readers), txns(writers));
        if readers.len() * writers.len() <= readers.len() + writers.len() {
            return self.pairs(&readers, class, &writers);
        }
        let is_in = |txns: &[Txn], txn: &Txn| txns.binary_search(txn).is_ok();
        let (both, only_read): (Vec<Txn>, Vec<Txn>) = readers.iter().partition(|txn| is_in(&writers, txn));
        let only_wrote: Vec<Txn> = writers.iter().copied().filter(|txn| !is_in(&readers, txn)).collect();
        self.through_node(&readers, class, &only_wrote);
        self.through_node(&only_read, class, &both);
        if both.len() <= PAIRED {
            return self.pairs(&both, class, &both);
        }
        for pair in both.windows(2) {
            self.edges.add(pair[0], class, pair[1]);
            self.edges.add(pair[1], class, pair[0]);
        }
    }

    fn wants(&self, anomaly: Anomaly) -> bool {
        self.sought.contains(anomaly) && self.counts[anomaly.place()] < EXAMPLES
    }

    fn odd(&mut self, oddity: Oddity) {
        self.counts[oddity.anomaly.place()] += 1;
        self.oddities.push(oddity);
    }
}
