//! Which version of a register came before which (Elle 2020).
//!
//! Four sources say something of it; each but the first can be left out:
//!
//! - the initial state comes before all versions;
//! - *writes follow reads*: what a transaction wrote comes after what it had read, which any serialisable
//!   execution keeps to;
//! - *sequential keys*: a process never goes back in the versions that it reads and writes of one key;
//! - *linearizable keys*: nor does anybody who begins after another has completed.
//!
//! The last two are no assumptions of their own if the level that is judged promises as much: strict
//! serialisability and strong snapshot isolation keep to the order of real time, their strong-session
//! kin to that of each process. Then what follows from them is known to hang on that order, and a cycle
//! of it is one of real time, or of processes. As sources they are believed at every level, which must
//! be asked for. If a source contradicts those before it, that is an anomaly, and the source is not used
//! for that key.

use std::collections::BTreeMap;

use squall_history::ProcessId;

use super::anomaly::{Anomaly, Shape, Via};
use super::components::components;
use super::edges::{Class, Classes, Oddity, Sink};
use super::graph::Edges;
use super::history::{Outcome, Stop};
use super::registers::{Register, View};
use crate::Budget;

/// A version of a register: 0 is the initial one.
pub(super) type Version = u32;

/// The version before any write.
pub(super) const INITIAL: Version = 0;

/// Which sources are used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Sources {
    pub(super) initial: bool,
    pub(super) writes_follow_reads: bool,
    pub(super) sequential_keys: bool,
    pub(super) linearizable_keys: bool,
}

impl Default for Sources {
    /// Those that any serialisable execution keeps to.
    fn default() -> Self {
        Self { initial: true, writes_follow_reads: true, sequential_keys: false, linearizable_keys: false }
    }
}

impl Sources {
    /// The sources of these names.
    pub(super) fn named<'n>(names: impl IntoIterator<Item = &'n str>) -> Result<Self, String> {
        let mut sources = Self {
            initial: false,
            writes_follow_reads: false,
            sequential_keys: false,
            linearizable_keys: false,
        };
        for name in names {
            let source = match name {
                "initial-state" => &mut sources.initial,
                "writes-follow-reads" => &mut sources.writes_follow_reads,
                "sequential-keys" => &mut sources.sequential_keys,
                "linearizable-keys" => &mut sources.linearizable_keys,
                other => {
                    return Err(format!(
                        "there is no source of versions `{other}`; there are initial-state, \
                         writes-follow-reads, sequential-keys, linearizable-keys"
                    ));
                }
            };
            *source = true;
        }
        Ok(sources)
    }
}

/// Pairs of an earlier and a later version, each list in order; the initial state's pairs are left out if
/// it is a source.
pub(super) struct Order {
    /// By the sources.
    pub(super) known: Vec<(Version, Version)>,
    /// By the order of processes, if the level promises it.
    pub(super) by_processes: Vec<(Version, Version)>,
    /// By the order of real time, if the level promises it.
    pub(super) by_real_time: Vec<(Version, Version)>,
}

/// The order of a register's versions.
pub(super) fn order(
    register: &Register<'_, '_>,
    sink: &mut impl Sink,
    budget: &mut Budget,
) -> Result<Order, Stop> {
    let used = register.assumptions.sources;
    let mut known: Vec<(Version, Version)> = Vec::new();
    let sources: [(bool, &str, Find); 3] = [
        (used.writes_follow_reads, "writes follow reads", writes_follow_reads),
        (used.sequential_keys, "each process goes forth only", sequential),
        (used.linearizable_keys, "versions follow real time", linearizable),
    ];
    for (_, assumption, find) in sources.into_iter().filter(|(used, ..)| *used) {
        let mut pairs = known.clone();
        pairs.extend(find(register));
        tidy(&mut pairs);
        budget.spend(pairs.len() as u64)?;
        match circle(register, &pairs, budget)? {
            None => known = pairs,
            Some(circle) => tell(register, &circle, assumption, sink),
        }
    }
    let promised = |via| register.level.forbids().contains(Anomaly::Cycle(Shape::GSingle, via));
    let mut derived = |order: Via, find: Find| {
        let is_source = match order {
            Via::Data => true,
            Via::Process => used.sequential_keys,
            Via::Realtime => used.linearizable_keys,
        };
        if is_source || !promised(order) {
            return Ok(Vec::new());
        }
        let mut pairs = find(register);
        tidy(&mut pairs);
        pairs.retain(|pair| known.binary_search(pair).is_err() && !(used.initial && pair.0 == INITIAL));
        budget.spend(pairs.len() as u64).map(|()| pairs)
    };
    let by_processes = derived(Via::Process, sequential)?;
    let by_real_time = derived(Via::Realtime, linearizable)?;
    known.retain(|&(earlier, _)| earlier != INITIAL || !used.initial);
    Ok(Order { known, by_processes, by_real_time })
}

fn tidy(pairs: &mut Vec<(Version, Version)>) {
    pairs.retain(|(earlier, later)| earlier != later);
    pairs.sort_unstable();
    pairs.dedup();
}

type Find = fn(&Register<'_, '_>) -> Vec<(Version, Version)>;

fn writes_follow_reads(register: &Register<'_, '_>) -> Vec<(Version, Version)> {
    let pairs = register.views.iter().filter_map(|view| Some((settled(register, view.read?)?, view.wrote?)));
    pairs.collect()
}

/// The version, unless its writer overwrote it or failed: then it has no place in the order.
fn settled(register: &Register<'_, '_>, version: Version) -> Option<Version> {
    let stands = register.write(version).is_none_or(|write| write.last && register.stands(write));
    stands.then_some(version)
}

/// The first version that a transaction shows.
fn first(register: &Register<'_, '_>, view: &View) -> Option<Version> {
    match view.read {
        Some(read) => settled(register, read),
        None => view.wrote,
    }
}

/// The last one.
fn last(register: &Register<'_, '_>, view: &View) -> Option<Version> {
    view.wrote.or_else(|| settled(register, view.read?))
}

fn sequential(register: &Register<'_, '_>) -> Vec<(Version, Version)> {
    let mut of_process: BTreeMap<ProcessId, Version> = BTreeMap::new();
    let mut pairs = Vec::new();
    for view in &register.views {
        let process = register.all.operation(view.txn).process;
        if let (Some(&before), Some(first)) = (of_process.get(&process), first(register, view)) {
            pairs.push((before, first));
        }
        if let Some(last) = last(register, view).filter(|_| committed(register, view)) {
            of_process.insert(process, last);
        }
    }
    pairs
}

fn committed(register: &Register<'_, '_>, view: &View) -> bool {
    register.all.outcome(view.txn) == Outcome::Committed
}

fn linearizable(register: &Register<'_, '_>) -> Vec<(Version, Version)> {
    let completed = |view: &View| register.all.operation(view.txn).ok().map(|(moment, _)| moment.place);
    let invoked = |view: &View| register.all.operation(view.txn).invoked.place;
    let ends = register.views.iter().filter_map(|view| Some((completed(view)?, view)));
    let mut ends: Vec<(usize, &View)> = ends.collect();
    ends.sort_by_key(|&(place, _)| place);
    let mut ends = ends.into_iter().peekable();
    // Who completed, without those that completed before another of them was invoked.
    let mut frontier: Vec<(usize, &View)> = Vec::new();
    let mut pairs = Vec::new();
    for view in &register.views {
        while let Some(end) = ends.next_if(|&(place, _)| place < invoked(view)) {
            if last(register, end.1).is_some() {
                frontier.retain(|&(place, _)| place >= invoked(end.1));
                frontier.push(end);
            }
        }
        let Some(first) = first(register, view) else { continue };
        let before = frontier.iter().filter_map(|(_, before)| last(register, before));
        pairs.extend(before.map(|before| (before, first)));
    }
    pairs
}

/// Versions that precede each other in a circle, if there are any.
fn circle(
    register: &Register<'_, '_>,
    pairs: &[(Version, Version)],
    budget: &mut Budget,
) -> Result<Option<Vec<Version>>, Stop> {
    // Forward pairs alone make no circle.
    if pairs.iter().all(|(earlier, later)| earlier < later) {
        return Ok(None);
    }
    // There are no more writes than micro-operations, and those are numbered.
    let versions = register.writes.len() as u32 + 1;
    let mut edges = Edges::new(versions);
    pairs.iter().for_each(|&(earlier, later)| edges.add(earlier, Class::Ww, later));
    if register.assumptions.sources.initial {
        (1..versions).for_each(|version| edges.add(INITIAL, Class::Ww, version));
    }
    let graph = edges.into_graph(budget)?;
    let components = components(&graph, Classes::ALL, budget)?;
    budget.release(graph.bytes());
    Ok(components.cyclic().min_by_key(|circle| (circle.len(), circle[0])).map(<[Version]>::to_vec))
}

/// Versions that a message names.
const TOLD: usize = 6;

fn tell(register: &Register<'_, '_>, circle: &[Version], assumption: &str, sink: &mut impl Sink) {
    if !sink.wants(Anomaly::CyclicVersions) {
        return;
    }
    let value = |&version: &Version| match register.value(version) {
        Some(value) => register.all.atoms.value(value).to_string(),
        None => register.assumptions.initial.to_string(),
    };
    let mut values: Vec<String> = circle.iter().take(TOLD).map(value).collect();
    if circle.len() > TOLD {
        values.push(format!("… ({} in all)", circle.len()));
    }
    let (key, values) = (register.all.key(register.key), values.join(", "));
    let message =
        format!("the versions {values} of key {key} precede each other in a circle, if {assumption}");
    let txns = circle.iter().filter_map(|&version| Some(register.write(version)?.txn)).collect();
    sink.odd(Oddity { anomaly: Anomaly::CyclicVersions, txns, key: register.key, message });
}
