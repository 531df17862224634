//! A directed graph of numbered nodes, and its strongly connected components.

use crate::Budget;
use crate::answer::{NoAnswer, hold};

/// The edges by the node that they leave.
pub(crate) struct Edges {
    /// Where the edges of each node begin; one more at the end.
    begins: Vec<u32>,
    /// The target of each, and its number in the order in which they were given.
    edges: Vec<(u32, u32)>,
    /// The target of each by that number.
    targets: Vec<u32>,
}

impl Edges {
    /// The edges, each from and to one of so many nodes, fewer than four billion.
    pub(crate) fn new(
        nodes: usize,
        pairs: impl Iterator<Item = (u32, u32)> + Clone,
        budget: &mut Budget,
    ) -> Result<Self, NoAnswer> {
        let mut begins = vec![0_u32; nodes + 1];
        let mut targets = Vec::new();
        for (from, to) in pairs.clone() {
            begins[from as usize + 1] += 1;
            targets.push(to);
        }
        hold::<u32>(budget, 2 * nodes + 4 * targets.len())?;
        for node in 1..begins.len() {
            begins[node] += begins[node - 1];
        }
        let mut free = begins.clone();
        let mut edges = vec![(0, 0); targets.len()];
        for (number, (from, to)) in (0..).zip(pairs) {
            let place = &mut free[from as usize];
            edges[*place as usize] = (to, number);
            *place += 1;
        }
        Ok(Self { begins, edges, targets })
    }

    /// The targets of a node's edges, with the edges' numbers.
    pub(crate) fn from(&self, node: u32) -> impl Iterator<Item = (u32, usize)> {
        let (begin, end) = (self.begins[node as usize], self.begins[node as usize + 1]);
        self.edges[begin as usize..end as usize].iter().map(|&(to, number)| (to, number as usize))
    }

    /// The target of an edge.
    pub(crate) fn target(&self, edge: usize) -> u32 {
        self.targets[edge]
    }
}

/// Of a node that is not visited yet.
const NEVER: u32 = u32::MAX;

/// For each node the number of its component (Tarjan 1972). Without recursion: a chain may be a million
/// nodes long. Takes a step for each node and edge.
pub(crate) fn components(edges: &Edges, budget: &mut Budget) -> Result<Vec<u32>, NoAnswer> {
    let nodes = edges.begins.len() - 1;
    budget.spend((nodes + edges.edges.len()) as u64)?;
    hold::<[u32; 6]>(budget, nodes)?;
    let mut component = vec![NEVER; nodes];
    let (mut visited, mut low) = (vec![NEVER; nodes], vec![NEVER; nodes]);
    let (mut count, mut order) = (0, 0);
    let mut stack: Vec<u32> = Vec::new();
    // Nodes whose edges are being followed, with the next edge of each.
    let mut path: Vec<(u32, u32)> = Vec::new();
    for root in 0..u32::try_from(nodes).expect("nodes are numbered with 32 bits") {
        if visited[root as usize] == NEVER {
            path.push((root, edges.begins[root as usize]));
        }
        while let Some((node, next)) = path.last_mut() {
            let at = *node as usize;
            if visited[at] == NEVER {
                (visited[at], low[at]) = (order, order);
                order += 1;
                stack.push(*node);
            }
            if *next < edges.begins[at + 1] {
                let (to, _) = edges.edges[*next as usize];
                *next += 1;
                if visited[to as usize] == NEVER {
                    path.push((to, edges.begins[to as usize]));
                } else if component[to as usize] == NEVER {
                    low[at] = low[at].min(visited[to as usize]);
                }
                continue;
            }
            path.pop();
            if let Some(&(parent, _)) = path.last() {
                low[parent as usize] = low[parent as usize].min(low[at]);
            }
            if low[at] == visited[at] {
                while let Some(member) = stack.pop() {
                    component[member as usize] = count;
                    if member as usize == at {
                        break;
                    }
                }
                count += 1;
            }
        }
    }
    Ok(component)
}
