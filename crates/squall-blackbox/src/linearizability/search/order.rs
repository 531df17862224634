//! The orders that lead to configurations, as a tree: most of an order is shared.

use crate::linearizability::plan::OpNumber;

/// How an operation joins an order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Join {
    /// At its end.
    Append,
    /// At its end, and what is inserted from now on stands before it.
    Start,
    /// Before the last that came by `Start`.
    Insert,
}

/// The tree. A node is an operation that joins the order of its parent.
#[derive(Default)]
pub(super) struct Orders {
    nodes: Vec<(u32, u32)>,
    /// How many nodes were left when it was last pruned.
    kept: usize,
}

/// An order: its last node's number and one, or 0 for the order of nothing.
pub(super) type OrderId = u32;

/// A tree smaller than this is not worth pruning.
const PRUNE_MIN: usize = 1 << 16;

impl Orders {
    pub(super) fn join(&mut self, order: OrderId, op: OpNumber, join: Join) -> OrderId {
        let kind = match join {
            Join::Append => 0,
            Join::Start => 1,
            Join::Insert => 2,
        };
        assert!(op < 1 << 30, "an object has fewer than 2^30 operations");
        self.nodes.push((op << 2 | kind, order));
        u32::try_from(self.nodes.len()).expect("memory is limited below 2^32 nodes")
    }

    /// The operations of an order, in it.
    pub(super) fn list(&self, order: OrderId) -> Vec<OpNumber> {
        let mut joined = Vec::new();
        let mut at = order;
        while at != 0 {
            let (node, parent) = self.nodes[at as usize - 1];
            joined.push(node);
            at = parent;
        }
        let (mut list, mut start) = (Vec::with_capacity(joined.len()), 0);
        for node in joined.into_iter().rev() {
            let op = node >> 2;
            match node & 3 {
                0 => list.push(op),
                1 => {
                    start = list.len();
                    list.push(op);
                }
                _ => {
                    list.insert(start, op);
                    start += 1;
                }
            }
        }
        list
    }

    /// Whether so much was added that it is time to prune.
    pub(super) fn is_overgrown(&self) -> bool {
        self.nodes.len() > PRUNE_MIN + 2 * self.kept
    }

    /// Forgets all orders but those that `roots` visits, and renumbers them there.
    pub(super) fn prune(&mut self, mut roots: impl FnMut(&mut dyn FnMut(&mut OrderId))) {
        let mut moved: Vec<u32> = vec![0; self.nodes.len() + 1];
        roots(&mut |root| {
            let mut at = *root as usize;
            while at != 0 && moved[at] == 0 {
                moved[at] = 1;
                at = self.nodes[at - 1].1 as usize;
            }
        });
        // Parents have lower numbers than their children, so one pass is enough.
        let mut kept = 0;
        for at in 1..moved.len() {
            if moved[at] != 0 {
                let (node, parent) = self.nodes[at - 1];
                self.nodes[kept] = (node, moved[parent as usize]);
                kept += 1;
                moved[at] = kept as u32;
            }
        }
        self.nodes.truncate(kept);
        self.kept = kept;
        roots(&mut |root| *root = moved[*root as usize]);
    }

    pub(super) fn bytes(&self) -> u64 {
        (self.nodes.capacity() * size_of::<(u32, u32)>()) as u64
    }
}
