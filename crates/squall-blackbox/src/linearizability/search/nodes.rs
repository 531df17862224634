//! Configurations of the search, many at a time.

use std::hash::Hash;

use squall_history::Folder;

use super::order::OrderId;

/// What a configuration is besides the operations under way that took effect.
#[derive(Clone)]
pub(super) struct Node<S> {
    /// The state they led to.
    pub(super) state: S,
    /// During an excursion, the state to come back to.
    pub(super) saved: Option<S>,
    /// How many operations were invoked when the value was last overwritten; 0: it never was.
    pub(super) overwritten: u32,
    pub(super) order: OrderId,
    /// How many events lie before.
    pub(super) at: u32,
    pub(super) phase: Phase,
}

/// What may come next at a completion.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Phase {
    /// Anything.
    Before,
    /// The value was overwritten so that the completing operation finds its place: no other write.
    Overwritten,
    /// What takes effect does so before the last write.
    Excursion,
}

/// A stack of configurations: nodes and, beside them, their operations as words.
pub(super) struct Nodes<S> {
    words: usize,
    masks: Vec<u64>,
    nodes: Vec<Node<S>>,
}

impl<S> Nodes<S> {
    pub(super) fn new(words: usize) -> Self {
        Self { words, masks: Vec::new(), nodes: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn push(&mut self, mask: &[u64], node: Node<S>) {
        self.masks.extend_from_slice(mask);
        self.nodes.push(node);
    }

    /// Takes the last one; its operations into `mask`.
    pub(super) fn pop(&mut self, mask: &mut [u64]) -> Option<Node<S>> {
        let node = self.nodes.pop()?;
        let rest = self.nodes.len() * self.words;
        mask.copy_from_slice(&self.masks[rest..]);
        self.masks.truncate(rest);
        Some(node)
    }

    pub(super) fn mask(&self, index: usize) -> &[u64] {
        &self.masks[index * self.words..][..self.words]
    }

    pub(super) fn mask_mut(&mut self, index: usize) -> &mut [u64] {
        &mut self.masks[index * self.words..][..self.words]
    }

    pub(super) fn node(&self, index: usize) -> &Node<S> {
        &self.nodes[index]
    }

    pub(super) fn node_mut(&mut self, index: usize) -> &mut Node<S> {
        &mut self.nodes[index]
    }

    pub(super) fn first(&self) -> Option<&Node<S>> {
        self.nodes.first()
    }

    pub(super) fn each_order(&mut self, visit: &mut dyn FnMut(&mut OrderId)) {
        self.nodes.iter_mut().for_each(|node| visit(&mut node.order));
    }

    pub(super) fn clear(&mut self) {
        self.masks.clear();
        self.nodes.clear();
    }

    /// Bytes that they hold, if each state holds `heap` elsewhere.
    pub(super) fn bytes(&self, heap: u64) -> u64 {
        let node = (size_of::<Node<S>>() + self.words * size_of::<u64>()) as u64;
        self.nodes.capacity() as u64 * node + self.nodes.len() as u64 * heap
    }
}

impl<S: Hash> Node<S> {
    /// The configuration as a number. Two different ones have the same with a chance of 2^-128;
    /// at the ten million that fit the budget, some two do with one of about 2^-81.
    pub(super) fn fingerprint(&self, mask: &[u64]) -> u128 {
        let mut folder = self.folded(mask.iter().copied());
        folder.fold(u64::from(self.overwritten));
        folder.digest().0
    }

    /// The same, whenever the value was last overwritten.
    pub(super) fn kind(&self, mask: impl Iterator<Item = u64>) -> u128 {
        self.folded(mask).digest().0
    }

    fn folded(&self, mask: impl Iterator<Item = u64>) -> Folder {
        let mut folder = Folder::default();
        folder.fold(u64::from(self.at));
        mask.for_each(|word| folder.fold(word));
        (self.phase, &self.state).hash(&mut folder);
        if let Some(saved) = &self.saved {
            saved.hash(&mut folder);
        }
        folder
    }
}

pub(super) fn has(mask: &[u64], slot: usize) -> bool {
    mask[slot / 64] >> (slot % 64) & 1 == 1
}

pub(super) fn set(mask: &mut [u64], slot: usize) {
    mask[slot / 64] |= 1 << (slot % 64);
}

pub(super) fn clear(mask: &mut [u64], slot: usize) {
    mask[slot / 64] &= !(1 << (slot % 64));
}
