//! The configurations that pass a completion, without those that can do no more than another.
//!
//! Of two with one state, in which the same of the operations that complete took effect, the one is as
//! good as the other if it used no operation without an answer that the other did not use, and if
//! the value was not overwritten earlier in it. So histories with many unknown operations have no
//! more configurations than needed.

use std::hash::Hash;

use rustc_hash::FxHashMap;

use super::nodes::{Node, Nodes};

/// Configurations of one state that are compared with a new one. More would cost more than it saves.
const COMPARED_MAX: usize = 64;

/// Bytes of one configuration beside itself: its entry in the table, its link.
const ENTRY_BYTES: u64 = 60;

/// The survivors.
pub(super) struct Survivors<S> {
    pub(super) nodes: Nodes<S>,
    /// The last configuration of a kind: of one state and of the same completing operations.
    last: FxHashMap<u128, u32>,
    /// The one of its kind before each.
    before: Vec<u32>,
}

/// Where a configuration is that does not exist.
const NONE: u32 = u32::MAX;

impl<S> Survivors<S> {
    pub(super) fn new(words: usize) -> Self {
        Self { nodes: Nodes::new(words), last: FxHashMap::default(), before: Vec::new() }
    }

    pub(super) fn clear(&mut self) {
        self.nodes.clear();
        self.last.clear();
        self.before.clear();
    }

    pub(super) fn bytes(&self, heap: u64) -> u64 {
        self.nodes.bytes(heap) + self.last.capacity() as u64 * ENTRY_BYTES
    }
}

impl<S: Hash> Survivors<S> {
    /// Keeps a configuration, unless another is as good; `open` are the operations under way that never
    /// complete.
    pub(super) fn keep(&mut self, open: &[u64], mask: &[u64], node: Node<S>) {
        let kind = node.kind(mask.iter().zip(open).map(|(mask, open)| mask & !open));
        let last = self.last.entry(kind).or_insert(NONE);
        let mut at = *last;
        for _ in 0..COMPARED_MAX {
            if at == NONE {
                break;
            }
            let other = at as usize;
            let (used, overwritten) = (self.nodes.mask(other), self.nodes.node(other).overwritten);
            if overwritten >= node.overwritten && is_subset(used, mask) {
                return;
            }
            if node.overwritten >= overwritten && is_subset(mask, used) {
                self.nodes.mask_mut(other).copy_from_slice(mask);
                *self.nodes.node_mut(other) = node;
                return;
            }
            at = self.before[other];
        }
        self.before.push(*last);
        *last = u32::try_from(self.before.len() - 1).expect("memory is limited below 2^32 configurations");
        self.nodes.push(mask, node);
    }
}

fn is_subset(part: &[u64], whole: &[u64]) -> bool {
    part.iter().zip(whole).all(|(part, whole)| part & !whole == 0)
}
