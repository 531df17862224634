//! A directed graph in flat vectors: for each node its edges, class and target in one word.
//!
//! The first nodes are transactions. Later ones stand for many edges at once: each reader of a version
//! precedes each that wrote over it, each transaction that completed precedes each invoked later. A node
//! between them makes these products sums, so that a graph stays as large as its history.

use super::edges::{Class, Classes};
use crate::{Budget, Exhausted};

/// A node.
pub(super) type Node = u32;

/// Bits of a node in an edge; the class has those above.
const NODE_BITS: u32 = 28;

/// An edge's class and target.
#[derive(Clone, Copy)]
pub(super) struct Arc(u32);

impl Arc {
    fn new(class: Class, to: Node) -> Self {
        assert!(to >> NODE_BITS == 0, "nodes are counted");
        Self((class as u32) << NODE_BITS | to)
    }

    pub(super) fn to(self) -> Node {
        self.0 & ((1 << NODE_BITS) - 1)
    }

    pub(super) fn class(self) -> Class {
        Class::ALL[(self.0 >> NODE_BITS) as usize]
    }
}

/// The edges of a graph that is not made yet.
#[derive(Default)]
pub(super) struct Edges {
    nodes: u32,
    list: Vec<(Node, Arc)>,
}

impl Edges {
    /// Of so many nodes.
    pub(super) fn new(nodes: u32) -> Self {
        Self { nodes, list: Vec::new() }
    }

    /// One more node.
    pub(super) fn node(&mut self) -> Node {
        self.nodes += 1;
        self.nodes - 1
    }

    pub(super) fn add(&mut self, from: Node, class: Class, to: Node) {
        self.list.push((from, Arc::new(class, to)));
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> u64 {
        (self.list.capacity() * size_of::<(Node, Arc)>()) as u64
    }

    /// The graph, in which a node's edges stand in the order in which they were added.
    pub(super) fn into_graph(self, budget: &mut Budget) -> Result<Graph, Exhausted> {
        let nodes = self.nodes as usize;
        let bytes = self.bytes();
        budget.hold(bytes)?;
        let held = Graph::bytes_of(nodes, self.list.len());
        budget.hold(held)?;
        let mut starts = vec![0_u32; nodes + 2];
        for (from, _) in &self.list {
            starts[*from as usize + 2] += 1;
        }
        for node in 2..starts.len() {
            starts[node] += starts[node - 1];
        }
        // `starts[n + 1]` is where n's next edge goes, and in the end where n + 1 begins.
        let mut arcs = vec![Arc(0); self.list.len()];
        for (from, arc) in &self.list {
            let next = &mut starts[*from as usize + 1];
            arcs[*next as usize] = *arc;
            *next += 1;
        }
        starts.pop();
        drop(self.list);
        budget.release(bytes);
        Ok(Graph { starts, arcs })
    }
}

/// A directed graph.
pub(super) struct Graph {
    starts: Vec<u32>,
    arcs: Vec<Arc>,
}

impl Graph {
    pub(super) fn nodes(&self) -> u32 {
        // There are at most 2^29 of them.
        self.starts.len() as u32 - 1
    }

    pub(super) fn arcs(&self, from: Node) -> &[Arc] {
        &self.arcs[self.starts[from as usize] as usize..self.starts[from as usize + 1] as usize]
    }

    /// A node's edges of these classes.
    pub(super) fn arcs_of(&self, from: Node, classes: Classes) -> impl Iterator<Item = Arc> {
        self.arcs(from).iter().copied().filter(move |arc| classes.contain(arc.class()))
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> u64 {
        Self::bytes_of(self.starts.len() - 1, self.arcs.len())
    }

    fn bytes_of(nodes: usize, arcs: usize) -> u64 {
        ((nodes + 1 + arcs) * size_of::<u32>()) as u64
    }
}
