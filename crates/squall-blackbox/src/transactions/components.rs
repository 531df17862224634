//! Strongly connected components, by Tarjan's algorithm (1972) without recursion.

use super::edges::Classes;
use super::graph::{Graph, Node};
use crate::{Budget, Exhausted};

/// The strongly connected components of a graph.
pub(super) struct Components {
    /// Each node's component. They are numbered against the edges: an edge never leads to a component of
    /// a higher number.
    pub(super) of: Vec<u32>,
    members: Vec<Node>,
    /// Where the components of several nodes begin and end in `members`.
    spans: Vec<(u32, u32)>,
}

impl Components {
    /// The components of more than one node, each in ascending order of nodes.
    pub(super) fn cyclic(&self) -> impl Iterator<Item = &[Node]> {
        self.spans.iter().map(|&(start, end)| &self.members[start as usize..end as usize])
    }

    /// Whether two nodes are in one component, so that a way leads from each to the other.
    pub(super) fn together(&self, a: Node, b: Node) -> bool {
        self.of[a as usize] == self.of[b as usize]
    }
}

/// Not in any component yet, and not visited.
const NEW: u32 = u32::MAX;

/// The components with respect to edges of these classes.
pub(super) fn components(
    graph: &Graph,
    classes: Classes,
    budget: &mut Budget,
) -> Result<Components, Exhausted> {
    let nodes = graph.nodes();
    let bytes = u64::from(nodes) * 3 * size_of::<u32>() as u64;
    budget.hold(bytes)?;
    let mut walk = Walk {
        graph,
        classes,
        low: vec![NEW; nodes as usize],
        seen: 0,
        stack: Vec::new(),
        path: Vec::new(),
        found: Components { of: vec![NEW; nodes as usize], members: Vec::new(), spans: Vec::new() },
        components: 0,
    };
    for root in 0..nodes {
        if walk.low[root as usize] == NEW {
            walk.from(root, budget)?;
        }
    }
    budget.release(bytes);
    Ok(walk.found)
}

struct Walk<'g> {
    graph: &'g Graph,
    classes: Classes,
    /// The earliest node on the stack known to be reached from each.
    low: Vec<u32>,
    seen: u32,
    /// Visited, and in no component yet.
    stack: Vec<Node>,
    /// Nodes entered and not left: when each was entered, and its edges followed so far.
    path: Vec<(Node, u32, u32)>,
    found: Components,
    components: u32,
}

impl Walk<'_> {
    fn from(&mut self, root: Node, budget: &mut Budget) -> Result<(), Exhausted> {
        self.enter(root);
        while let Some(&mut (node, entered, ref mut followed)) = self.path.last_mut() {
            let arcs = self.graph.arcs(node);
            let Some(&arc) = arcs.get(*followed as usize) else {
                budget.spend(1 + arcs.len() as u64)?;
                self.leave(node, entered);
                continue;
            };
            *followed += 1;
            if !self.classes.contain(arc.class()) {
                continue;
            }
            let to = arc.to() as usize;
            if self.low[to] == NEW {
                self.enter(arc.to());
            } else if self.found.of[to] == NEW {
                self.low[node as usize] = self.low[node as usize].min(self.low[to]);
            }
        }
        Ok(())
    }

    fn enter(&mut self, node: Node) {
        self.low[node as usize] = self.seen;
        self.path.push((node, self.seen, 0));
        self.stack.push(node);
        self.seen += 1;
    }

    fn leave(&mut self, node: Node, entered: u32) {
        self.path.pop();
        let low = self.low[node as usize];
        if let Some(&(parent, ..)) = self.path.last() {
            self.low[parent as usize] = self.low[parent as usize].min(low);
        }
        if low != entered {
            return;
        }
        let found = &mut self.found;
        let start = found.members.len() as u32;
        while let Some(member) = self.stack.pop() {
            found.of[member as usize] = self.components;
            found.members.push(member);
            if member == node {
                break;
            }
        }
        self.components += 1;
        let end = found.members.len() as u32;
        if end - start > 1 {
            found.members[start as usize..].sort_unstable();
            found.spans.push((start, end));
        } else {
            found.members.pop();
        }
    }
}
