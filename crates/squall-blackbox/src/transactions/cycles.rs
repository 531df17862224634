//! Finds cycles of each kind in the graph of transactions (Elle 2020).
//!
//! Transactions in no cycle at all are most of them, and one pass over the graph sets them aside. What
//! is left falls into parts that are searched for each kind from the worst to the mildest. Whether a
//! kind of a level's cycles exists is decided exactly: G0, G1c and all cycles by components of the graph
//! without the other edges; cycles without two rw in a row by components of a graph whose nodes know
//! whether they were entered by a rw; G-single by a search from each rw.
//!
//! Which cycle of a kind is shown is a choice: the shortest of a few tries, not of all.

use super::anomaly::{Anomalies, Anomaly, COUNT, EXAMPLES, Shape, Via};
use super::components::{Components, components};
use super::cycle::{Best, Cycle, kind};
use super::edges::{Class, Classes};
use super::graph::{Edges, Graph, Node};
use super::history::{NONE, Txn};
use super::ways::{Stop, Ways};
use crate::{Budget, Exhausted};

/// Cycles of one kind and part among which the shortest is chosen.
const TRIES: u32 = 16;

/// Edges that are tried in vain where something worse is known already.
const VAIN_TRIES: u32 = 64;

/// Edges of which a committed transaction knows.
const INFORMATION: &[Class] = &[Class::Ww, Class::WwOpen, Class::Wr];

/// Looks for cycles.
pub(super) struct Search<'g> {
    graph: &'g Graph,
    /// Nodes below this are transactions.
    txns: u32,
    /// The next transaction of each one's process, if the graph does not know.
    next_of_process: &'g [Txn],
    sought: Anomalies,
    counts: [u32; COUNT],
    pub(super) found: Vec<Cycle>,
}

impl<'g> Search<'g> {
    pub(super) fn new(graph: &'g Graph, txns: u32, next_of_process: &'g [Txn], sought: Anomalies) -> Self {
        Self { graph, txns, next_of_process, sought, counts: [0; COUNT], found: Vec::new() }
    }

    /// Looks through the whole graph. What was found before the budget ran out stays found.
    pub(super) fn run(&mut self, budget: &mut Budget) -> Result<(), Exhausted> {
        let all = components(self.graph, Classes::ALL, budget)?;
        let mut parts: Vec<&[Node]> = all.cyclic().collect();
        // Small ones first: their cycles are easier to read.
        parts.sort_by_key(|part| (part.len(), part[0]));
        let mut numbers = match parts.is_empty() {
            true => Vec::new(),
            false => vec![NONE; self.graph.nodes() as usize],
        };
        for nodes in parts {
            if Shape::ALL.iter().all(|&shape| Via::ALL.iter().all(|&via| !self.open(shape, via))) {
                break;
            }
            let part = self.part(nodes, &mut numbers, budget)?;
            let held = part.bytes() * 4;
            budget.hold(held)?;
            self.search(&part, nodes, budget)?;
            budget.release(held + part.bytes());
        }
        Ok(())
    }

    /// Whether cycles of this kind are still looked for.
    fn open(&self, shape: Shape, via: Via) -> bool {
        let anomaly = Anomaly::Cycle(shape, via);
        self.sought.contains(anomaly) && self.counts[anomaly.place()] < EXAMPLES
    }

    /// The graph of some nodes among themselves, numbered by their places.
    fn part(&self, nodes: &[Node], numbers: &mut [u32], budget: &mut Budget) -> Result<Graph, Exhausted> {
        for (number, &node) in (0..).zip(nodes) {
            numbers[node as usize] = number;
        }
        let mut edges = Edges::new(nodes.len() as u32);
        for (from, &node) in (0..).zip(nodes) {
            budget.step()?;
            for arc in self.graph.arcs(node) {
                let to = numbers[arc.to() as usize];
                if to != NONE {
                    edges.add(from, arc.class(), to);
                }
            }
            let next = self.next_of_process.get(node as usize).filter(|&&next| next != NONE);
            let to = next.map_or(NONE, |&next| numbers[next as usize]);
            if to != NONE {
                edges.add(from, Class::Process, to);
            }
        }
        nodes.iter().for_each(|&node| numbers[node as usize] = NONE);
        edges.into_graph(budget)
    }

    fn search(&mut self, part: &Graph, names: &[Node], budget: &mut Budget) -> Result<(), Exhausted> {
        let mut known = Anomalies::EMPTY;
        for via in Via::ALL {
            let mut in_part = InPart { search: self, part, names, via, known };
            in_part.of_writes(budget)?;
            in_part.of_information(budget)?;
            in_part.nonadjacent(budget)?;
            in_part.any(budget)?;
            known = in_part.known;
        }
        Ok(())
    }
}

/// One part, searched for cycles through one order.
struct InPart<'s, 'g, 'p> {
    search: &'s mut Search<'g>,
    part: &'p Graph,
    names: &'p [Node],
    via: Via,
    /// What was found in this part.
    known: Anomalies,
}

impl InPart<'_, '_, '_> {
    /// Classes of edges, and those of the order that takes part.
    fn classes(&self, data: &[Class]) -> Classes {
        let classes = Classes::of(data);
        match self.via {
            Via::Data => classes,
            Via::Process => classes.and(Class::Process),
            Via::Realtime => classes.and(Class::Realtime),
        }
    }

    /// Classes of rw that may be in a cycle.
    fn rw(&self) -> &'static [Class] {
        match self.via {
            Via::Data => &[Class::Rw],
            Via::Process => &[Class::Rw, Class::RwProcess],
            Via::Realtime => &[Class::Rw, Class::RwProcess, Class::RwRealtime],
        }
    }

    /// All that may.
    fn all_classes(&self) -> Classes {
        self.rw().iter().fold(self.classes(INFORMATION), |classes, &class| classes.and(class))
    }

    /// Whether a cycle of this shape is worth looking for: it is not if there is one of the same shape by
    /// a weaker order, which rules out more.
    fn wanted(&self, shape: Shape) -> bool {
        let worse = Via::ALL.iter().take_while(|&&via| via != self.via);
        let mut worse = worse.map(|&via| Anomaly::Cycle(shape, via));
        self.search.open(shape, self.via)
            && !worse.any(|anomaly| {
                self.known.contains(anomaly) || self.search.counts[anomaly.place()] >= EXAMPLES
            })
    }

    fn of_writes(&mut self, budget: &mut Budget) -> Result<(), Exhausted> {
        if !self.wanted(Shape::G0) {
            return Ok(());
        }
        let classes = self.classes(&[Class::Ww]);
        let components = components(self.part, classes, budget)?;
        self.through(&[Class::Ww], classes, &components, Shape::G0, budget)
    }

    fn of_information(&mut self, budget: &mut Budget) -> Result<(), Exhausted> {
        if !self.wanted(Shape::G1c) {
            return Ok(());
        }
        let classes = self.classes(INFORMATION);
        let components = components(self.part, classes, budget)?;
        self.through(&[Class::WwOpen, Class::Wr], classes, &components, Shape::G1c, budget)
    }

    /// Any cycle at all.
    fn any(&mut self, budget: &mut Budget) -> Result<(), Exhausted> {
        if !self.wanted(Shape::G2Item) {
            return Ok(());
        }
        let classes = self.all_classes();
        let components = components(self.part, classes, budget)?;
        self.through(self.rw(), classes, &components, Shape::G2Item, budget)
    }

    /// Cycles without two rw in a row, of one and of several.
    fn nonadjacent(&mut self, budget: &mut Budget) -> Result<(), Exhausted> {
        if !self.wanted(Shape::GSingle) && !self.wanted(Shape::GNonadjacent) {
            return Ok(());
        }
        let twofold = self.twofold(budget)?;
        let components_of_states = components(&twofold, Classes::ALL, budget)?;
        let returns = |tail: Node, head: Node| components_of_states.together(2 * tail, 2 * head + 1);
        let rws = self.arcs(self.rw(), returns);
        if !rws.is_empty() {
            self.several(&twofold, &components_of_states, &rws, budget)?;
            self.single(&rws, budget)?;
        }
        budget.release(twofold.bytes());
        Ok(())
    }

    /// The part with two nodes for each: entered by a rw (odd) or not. What was entered by a rw is not left
    /// by one.
    fn twofold(&self, budget: &mut Budget) -> Result<Graph, Exhausted> {
        let classes = self.all_classes();
        let mut edges = Edges::new(2 * self.part.nodes());
        for from in 0..self.part.nodes() {
            budget.step()?;
            for arc in self.part.arcs_of(from, classes) {
                let (class, to) = (arc.class(), arc.to());
                match class {
                    rw if rw.is_rw() => edges.add(2 * from, rw, 2 * to + 1),
                    Class::Pass => {
                        edges.add(2 * from, class, 2 * to);
                        edges.add(2 * from + 1, class, 2 * to + 1);
                    }
                    _ => {
                        edges.add(2 * from, class, 2 * to);
                        edges.add(2 * from + 1, class, 2 * to);
                    }
                }
            }
        }
        edges.into_graph(budget)
    }

    /// Edges of some classes that something is true of, by tail and head.
    fn arcs(&self, classes: &[Class], of: impl Fn(Node, Node) -> bool) -> Vec<(Node, Class, Node)> {
        let tails = 0..self.part.nodes();
        let arcs = tails.flat_map(|tail| self.part.arcs(tail).iter().map(move |arc| (tail, arc)));
        let arcs = arcs.filter(|(tail, arc)| classes.contains(&arc.class()) && of(*tail, arc.to()));
        arcs.map(|(tail, arc)| (tail, arc.class(), arc.to())).collect()
    }

    fn several(
        &mut self,
        twofold: &Graph,
        components: &Components,
        rws: &[(Node, Class, Node)],
        budget: &mut Budget,
    ) -> Result<(), Exhausted> {
        let mut ways = Ways::new(twofold);
        let mut best = Best::default();
        for &(tail, class, head) in rws.iter().take(TRIES as usize) {
            let (from, to) = (2 * head + 1, 2 * tail);
            let way = ways.shortest(from, to, Classes::ALL, |node| components.together(node, to), budget)?;
            let way = way.expect("both ends are in one component");
            let way = way.into_iter().map(|(state, class)| (state / 2, class)).collect();
            best.offer(self.cycle((tail, class), way));
        }
        self.keep(best);
        Ok(())
    }

    fn single(&mut self, rws: &[(Node, Class, Node)], budget: &mut Budget) -> Result<(), Exhausted> {
        if !self.wanted(Shape::GSingle) {
            return Ok(());
        }
        let classes = self.classes(INFORMATION);
        // Numbers of components fall along a way, so most ways that lead nowhere are short.
        let order = components(self.part, classes, budget)?;
        let mut ways = Ways::new(self.part);
        let mut best = Best::default();
        let mut vain = 0;
        for &(tail, class, head) in rws {
            let end = order.of[tail as usize];
            if order.of[head as usize] < end {
                continue;
            }
            let may = |node: Node| order.of[node as usize] >= end;
            match ways.shortest(head, tail, classes, may, budget)? {
                Some(way) => best.offer(self.cycle((tail, class), way)),
                None => vain += 1,
            }
            if best.offered == TRIES || (vain == VAIN_TRIES && self.known != Anomalies::EMPTY) {
                break;
            }
        }
        self.keep(best);
        Ok(())
    }

    /// Cycles through an edge of these classes; one of each shape that turns up, and is wanted, is kept.
    fn through(
        &mut self,
        through: &[Class],
        classes: Classes,
        components: &Components,
        shape: Shape,
        budget: &mut Budget,
    ) -> Result<(), Exhausted> {
        let arcs = self.arcs(through, |tail, head| components.together(tail, head));
        if arcs.is_empty() {
            return Ok(());
        }
        let mut ways = Ways::new(self.part);
        let mut best = Best::default();
        for (tail, class, head) in arcs {
            let way = ways.shortest(head, tail, classes, |node| components.together(node, tail), budget)?;
            let way = way.expect("both ends are in one component");
            best.offer(self.cycle((tail, class), way));
            if best.offered >= TRIES && (best.has(shape) || best.offered >= VAIN_TRIES) {
                break;
            }
        }
        self.keep(best);
        Ok(())
    }

    /// The cycle of an edge and a way back, told in transactions.
    fn cycle(&self, arc: Stop, way: Vec<Stop>) -> Cycle {
        let stops = std::iter::once(arc).chain(way);
        let named = stops.map(|(node, class)| (self.names[node as usize], class));
        let mut steps: Vec<(Txn, Class)> = named.filter(|(node, _)| *node < self.search.txns).collect();
        let first = (0..steps.len()).min_by_key(|&place| steps[place].0).unwrap_or(0);
        steps.rotate_left(first);
        Cycle { anomaly: kind(&steps), steps }
    }

    /// Keeps the best of each kind, if it is new to this part.
    fn keep(&mut self, best: Best) {
        for cycle in best.cycles.into_iter().flatten() {
            let Anomaly::Cycle(shape, via) = cycle.anomaly else { continue };
            // The order in which versions were met makes many cycles of one contradiction.
            let met = cycle.steps.iter().any(|(_, class)| class.is_rw() && *class != Class::Rw);
            let told = met && self.known != Anomalies::EMPTY;
            if via == self.via && !told && !self.known.contains(cycle.anomaly) && self.wanted(shape) {
                self.known = self.known.and(cycle.anomaly);
                self.search.counts[cycle.anomaly.place()] += 1;
                self.search.found.push(cycle);
            }
        }
    }
}

#[cfg(test)]
mod tests;
