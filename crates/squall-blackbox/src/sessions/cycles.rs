//! Whether the versions of each key have an order that obeys what is said of them.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;
use serde_json::{Value, json};

use super::constraints::Constraint;
use super::reading::{Kind, Sessions};
use super::{Guarantee, WriteOrder};
use crate::anomalies::{Anomalies, Example, of_key, shown};
use crate::answer::{NoAnswer, hold};
use crate::graph::{Edges, components};
use crate::{Budget, Operation};

/// Where the order is known: what is said against it.
pub(super) fn by_rank(
    guarantee: Guarantee,
    sessions: &Sessions<'_, '_>,
    constraints: &[Constraint<'_, '_>],
    anomalies: &mut Anomalies,
) {
    let rank = |version: u32| sessions.versions[version as usize].rank;
    for one in constraints.iter().filter(|one| one.guarantee == guarantee) {
        if rank(one.from) > rank(one.to) {
            let at = one.later.completed.map_or(one.later.invoked, |end| end.moment).at;
            anomalies.found(guarantee.name(), at, || example(sessions, one, Value::Null));
        }
    }
}

/// Where it is not: a cycle of what is said and what is known.
pub(super) fn by_search<'a, 'h>(
    (guarantee, order): (Guarantee, WriteOrder),
    sessions: &Sessions<'a, 'h>,
    constraints: &[Constraint<'a, 'h>],
    (anomalies, budget): (&mut Anomalies, &mut Budget),
) -> Result<(), NoAnswer> {
    let mut known = Known::of(order, sessions, budget)?;
    let pair = |one: &Constraint<'_, '_>| (one.from, one.to);
    let weaker: Vec<bool> = match guarantee {
        Guarantee::MonotonicReads | Guarantee::ReadYourWrites => Vec::new(),
        // What the reads of a key contradict without this guarantee is not its fault.
        Guarantee::MonotonicWrites | Guarantee::WritesFollowReads => {
            let reads = constraints.iter().filter(|one| one.guarantee == Guarantee::MonotonicReads);
            let edges = Edges::new(known.nodes, known.pairs.iter().copied().chain(reads.map(pair)), budget)?;
            on_cycles(&components(&edges, budget)?)
        }
    };
    let count = known.pairs.len();
    known.pairs.extend(constraints.iter().map(pair));
    let edges = Edges::new(known.nodes, known.pairs.iter().copied(), budget)?;
    let component = components(&edges, budget)?;
    let mut is_excused = vec![false; known.nodes];
    for (node, _) in weaker.iter().enumerate().filter(|(_, is_on_cycle)| **is_on_cycle) {
        is_excused[component[node] as usize] = true;
    }
    // Of each component the earliest contradiction.
    let mut told: FxHashMap<u32, usize> = FxHashMap::default();
    for (place, one) in constraints.iter().enumerate() {
        let of = component[one.from as usize];
        let is_within = of == component[one.to as usize] && one.from != one.to;
        if one.guarantee != guarantee || !is_within || is_excused[of as usize] {
            continue;
        }
        let earliest = told.entry(of).or_insert(place);
        if one.later.invoked.place < constraints[*earliest].later.invoked.place {
            *earliest = place;
        }
    }
    let mut told: Vec<usize> = told.into_values().collect();
    told.sort_unstable();
    for place in told {
        let one = &constraints[place];
        let way = way_back(&edges, &component, one);
        let said = way.iter().filter_map(|&edge| edge.checked_sub(count)).map(|said| &constraints[said]);
        let said: Vec<_> = said.collect();
        let moment = |one: &&Operation<'_>| one.completed.map_or(one.invoked, |end| end.moment).at;
        let operations = said.iter().map(|one| one.later).chain([one.later]);
        let at = operations.map(|one| moment(&one)).max().unwrap_or_default();
        anomalies.found(guarantee.name(), at, || {
            let example = example(sessions, one, cycle(sessions, one, &edges, &way));
            let pair = |one: &&Constraint<'_, '_>| {
                json!({ "says": one.guarantee.name(), "earlier": one.earlier.id, "later": one.later.id })
            };
            let pairs: Vec<Value> = said.iter().map(pair).collect();
            let also = said.iter().flat_map(|one| [one.earlier, one.later]);
            also.fold(example.with("with", pairs), Example::also)
        });
    }
    Ok(())
}

/// Which nodes are in a component with others.
fn on_cycles(component: &[u32]) -> Vec<bool> {
    let mut sizes = vec![0_u32; component.len()];
    component.iter().for_each(|&of| sizes[of as usize] += 1);
    component.iter().map(|&of| sizes[of as usize] > 1).collect()
}

/// The edges of a shortest way from the newer version back to the older one.
fn way_back(edges: &Edges, component: &[u32], one: &Constraint<'_, '_>) -> Vec<usize> {
    let mut came: FxHashMap<u32, (u32, usize)> = FxHashMap::default();
    let mut waiting = VecDeque::from([one.to]);
    while let Some(node) = waiting.pop_front().filter(|&node| node != one.from) {
        for (next, edge) in edges.from(node) {
            let is_new = component[next as usize] == component[node as usize] && next != one.to;
            if is_new && !came.contains_key(&next) {
                came.insert(next, (node, edge));
                waiting.push_back(next);
            }
        }
    }
    let mut way = Vec::new();
    let mut node = one.from;
    while let Some(&(before, edge)) = came.get(&node).filter(|_| node != one.to) {
        way.push(edge);
        node = before;
    }
    way.reverse();
    way
}

/// The values of a cycle, each not newer than the next.
fn cycle(sessions: &Sessions<'_, '_>, one: &Constraint<'_, '_>, edges: &Edges, way: &[usize]) -> Value {
    let nodes = [one.from, one.to].into_iter().chain(way.iter().map(|&edge| edges.target(edge)));
    // Nodes beyond the versions only stand for moments.
    let value = |node: u32| Some(sessions.versions.get(node as usize)?.value.clone());
    json!(nodes.filter_map(value).collect::<Vec<_>>())
}

/// What is known before any guarantee says something.
struct Known {
    /// Versions, and after them moments at which writes ended.
    nodes: usize,
    /// From older to newer.
    pairs: Vec<(u32, u32)>,
}

impl Known {
    fn of(order: WriteOrder, sessions: &Sessions<'_, '_>, budget: &mut Budget) -> Result<Self, NoAnswer> {
        let count = sessions.versions.len();
        hold::<[(u32, u32); 2]>(budget, count)?;
        let mut this = Self { nodes: count, pairs: Vec::with_capacity(2 * count) };
        for (place, version) in (0..).zip(&sessions.versions) {
            let unwritten = sessions.unwritten[version.key as usize];
            if unwritten != place {
                this.pairs.push((unwritten, place));
            }
        }
        match order {
            WriteOrder::Sessions => this.by_session(sessions),
            WriteOrder::RealTime => this.by_time(sessions, budget)?,
            WriteOrder::Values | WriteOrder::Results | WriteOrder::None => {}
        }
        Ok(this)
    }

    fn by_session(&mut self, sessions: &Sessions<'_, '_>) {
        for acts in &sessions.acts {
            let mut last: FxHashMap<u32, u32> = FxHashMap::default();
            for act in acts.iter().filter(|act| act.kind == Kind::Write) {
                let before = last.insert(act.key, act.version);
                self.pairs.extend(before.map(|before| (before, act.version)));
            }
        }
    }

    /// The moments at which the writes of a key ended are a chain of nodes; a write comes before the
    /// moment of its end, and after the last moment before its beginning.
    fn by_time(&mut self, sessions: &Sessions<'_, '_>, budget: &mut Budget) -> Result<(), NoAnswer> {
        hold::<[(u32, u32); 4]>(budget, sessions.versions.len())?;
        let mut ends: Vec<Vec<(usize, u32)>> = vec![Vec::new(); sessions.keys.len()];
        for (place, version) in (0..).zip(&sessions.versions) {
            let end = version.written.and_then(|written| written.by.ok()).map(|(end, _)| end.place);
            ends[version.key as usize].extend(end.map(|end| (end, place)));
        }
        let mut first_moment = Vec::with_capacity(ends.len());
        for ends in &mut ends {
            ends.sort_unstable();
            let first = u32::try_from(self.nodes).expect("there are fewer than twice the versions");
            for (moment, &(_, version)) in (first..).zip(ends.iter()) {
                self.pairs.push((version, moment));
                if moment > first {
                    self.pairs.push((moment - 1, moment));
                }
            }
            first_moment.push(first);
            self.nodes += ends.len();
        }
        for (place, version) in (0..).zip(&sessions.versions) {
            let Some(written) = version.written else { continue };
            let key = version.key as usize;
            let before = ends[key].partition_point(|&(end, _)| end < written.by.invoked.place);
            if let Some(last) = before.checked_sub(1) {
                let last = u32::try_from(last).expect("there are no more moments than versions");
                self.pairs.push((first_moment[key] + last, place));
            }
        }
        Ok(())
    }
}

/// Tells a contradiction by one of the pairs in it.
fn example(sessions: &Sessions<'_, '_>, one: &Constraint<'_, '_>, cycle: Value) -> Example {
    let versions = [one.from, one.to].map(|version| &sessions.versions[version as usize]);
    let [older, newer] = versions.map(|version| shown(version.value));
    let of = of_key(sessions.keys[versions[0].key as usize]);
    let (process, other) = (one.later.process.0, one.earlier.process.0);
    let message = match (one.guarantee, one.shown) {
        (Guarantee::MonotonicReads, _) => {
            format!("process {process} read {older}{of} and then {newer}, which is older")
        }
        (Guarantee::ReadYourWrites, _) => {
            format!("process {process} wrote {older}{of} and then read {newer}, which is older")
        }
        (Guarantee::MonotonicWrites, None) => {
            format!(
                "process {process} wrote {older}{of} and then {newer}, and they took effect the other way round"
            )
        }
        (Guarantee::WritesFollowReads, None) => {
            format!("process {process} read {older}{of} and then wrote {newer}, which took effect before it")
        }
        (guarantee, Some([write, _])) => {
            let did = if guarantee == Guarantee::MonotonicWrites { "wrote" } else { "read" };
            let (of_seen, seen) = (of_key(write.key), shown(write.input));
            format!(
                "process {process} saw {seen}{of_seen} by process {other} and then read {newer}{of}, \
                 which is older than {older}, which process {other} {did} before"
            )
        }
    };
    let example =
        Example::new(message).op("earlier", one.earlier).op("later", one.later).with("cycle", cycle);
    match one.shown {
        Some([write, read]) => example.op("seen-write", write).op("seen-by", read),
        None => example,
    }
}
