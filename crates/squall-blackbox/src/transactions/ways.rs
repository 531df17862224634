//! Shortest ways through a graph, by breadth-first search.

use std::collections::VecDeque;

use super::edges::{Class, Classes};
use super::graph::{Graph, Node};
use crate::{Budget, Exhausted};

/// Finds ways through one graph; its vectors serve many searches.
pub(super) struct Ways<'g> {
    graph: &'g Graph,
    /// Where each node was reached from, and by what, in the search that reached it last.
    reached: Vec<Reached>,
    search: u32,
    queue: VecDeque<Node>,
}

#[derive(Clone, Copy)]
struct Reached {
    search: u32,
    from: Node,
    class: Class,
    /// Edges from the beginning, without those that only pass on.
    length: u32,
}

/// A node on a way, and the class of the edge by which it goes on.
pub(super) type Stop = (Node, Class);

impl<'g> Ways<'g> {
    pub(super) fn new(graph: &'g Graph) -> Self {
        let never = Reached { search: 0, from: 0, class: Class::Pass, length: 0 };
        Self { graph, reached: vec![never; graph.nodes() as usize], search: 0, queue: VecDeque::new() }
    }

    /// A shortest way over edges of these classes and nodes that `may` lead on, without its last node;
    /// empty if they are the same.
    pub(super) fn shortest(
        &mut self,
        from: Node,
        to: Node,
        classes: Classes,
        may: impl Fn(Node) -> bool,
        budget: &mut Budget,
    ) -> Result<Option<Vec<Stop>>, Exhausted> {
        self.search += 1;
        self.queue.clear();
        self.queue.push_back(from);
        self.reached[from as usize] = Reached { search: self.search, from, class: Class::Pass, length: 0 };
        while let Some(node) = self.queue.pop_front() {
            budget.step()?;
            if node == to {
                return Ok(Some(self.back(from, to)));
            }
            let length = self.reached[node as usize].length;
            for arc in self.graph.arcs_of(node, classes) {
                budget.step()?;
                let passes = arc.class() == Class::Pass;
                let length = if passes { length } else { length + 1 };
                let reached = &mut self.reached[arc.to() as usize];
                let longer = reached.search == self.search && reached.length <= length;
                if longer || !may(arc.to()) {
                    continue;
                }
                *reached = Reached { search: self.search, from: node, class: arc.class(), length };
                // What only passes on is no farther than where it comes from.
                if passes { self.queue.push_front(arc.to()) } else { self.queue.push_back(arc.to()) }
            }
        }
        Ok(None)
    }

    fn back(&self, from: Node, to: Node) -> Vec<Stop> {
        let mut way = Vec::new();
        let mut node = to;
        while node != from {
            let reached = self.reached[node as usize];
            way.push((reached.from, reached.class));
            node = reached.from;
        }
        way.reverse();
        way
    }
}
