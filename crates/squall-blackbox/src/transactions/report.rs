//! The judgement from beginning to end, and what is told of it.

use serde_json::{Value, json};
use squall_history::SimTime;

use super::anomaly::{Anomalies, Anomaly, Shape, Via};
use super::builder::Builder;
use super::consistency::{Boundary, Consistency};
use super::cycle::Cycle;
use super::cycles::Search;
use super::edges::{Class, Oddity, Sink};
use super::explain::{self, Reason, Wanted};
use super::history::{Stop, Transactions, Txn, Workload};
use super::lists::List;
use super::orders;
use super::registers::{Assumptions, Register};
use crate::{Budget, Findings, Operation};

/// What keys are, and how they are read.
#[derive(Clone, Copy)]
pub(super) enum Kind<'a> {
    /// Lists.
    Lists,
    /// Registers.
    Registers(&'a Assumptions),
}

/// Judges whether the operations keep to a level.
pub(super) fn judge(
    kind: Kind<'_>,
    level: Consistency,
    operations: &[Operation<'_>],
    budget: &mut Budget,
    findings: &mut Findings,
) {
    operations.iter().filter(|operation| operation.ok().is_some()).for_each(|_| findings.exercised());
    let bytes = budget.bytes;
    let workload = match kind {
        Kind::Lists => Workload::ListAppend,
        Kind::Registers(_) => Workload::RwRegister,
    };
    match Transactions::read(workload, operations, budget) {
        Err(stop) => unknown(stop, findings),
        Ok(all) => {
            let mut found = Found::default();
            if let Err(stop) = seek(kind, level, &all, budget, &mut found) {
                unknown(stop, findings);
            }
            tell(&all, level, found, findings);
        }
    }
    budget.bytes = bytes;
}

/// Infers from one key at a time.
enum Keys<'t, 'h> {
    Lists(List<'t, 'h>),
    Registers(Register<'t, 'h>),
}

impl<'t, 'h> Keys<'t, 'h> {
    fn new(kind: Kind<'t>, level: Consistency, all: &'t Transactions<'h>) -> Self {
        match kind {
            Kind::Lists => Self::Lists(List::new(all)),
            Kind::Registers(assumptions) => Self::Registers(Register::new(all, assumptions, level)),
        }
    }

    fn infer(&mut self, key: u32, sink: &mut impl Sink, budget: &mut Budget) -> Result<(), Stop> {
        match self {
            Self::Lists(list) => list.infer(key, sink, budget),
            Self::Registers(register) => register.infer(key, sink, budget),
        }
    }
}

fn unknown(stop: Stop, findings: &mut Findings) {
    findings.unknown(match stop {
        Stop::Exhausted(which) => format!("{which} ran out before all transactions were judged"),
        Stop::Unreadable(why) => why,
    });
}

/// What is wrong.
#[derive(Default)]
struct Found {
    oddities: Vec<Oddity>,
    cycles: Vec<Explained>,
}

/// Looks for what is sought. What was found before a stop stays found.
fn seek(
    kind: Kind<'_>,
    level: Consistency,
    all: &Transactions<'_>,
    budget: &mut Budget,
    found: &mut Found,
) -> Result<(), Stop> {
    // There are no more operations than have numbers.
    let transactions = all.operations.len() as u32;
    let sought = level.forbids();
    let mut builder = Builder::new(transactions, sought);
    let inferred = infer_all(kind, level, all, &mut builder, budget);
    found.oddities = std::mem::take(&mut builder.oddities);
    inferred?;
    let mut edges = builder.edges;
    let seeks = |via| Shape::ALL.iter().any(|&shape| sought.contains(Anomaly::Cycle(shape, via)));
    let next = match seeks(Via::Process) {
        true => orders::next_of_process(all),
        false => Vec::new(),
    };
    // What a process does, it does in real time: the one order holds the other.
    if seeks(Via::Realtime) {
        orders::add_realtime(all, &mut edges);
    } else {
        orders::add_processes(&next, &mut edges);
    }
    let graph = edges.into_graph(budget)?;
    let own = if seeks(Via::Realtime) { &*next } else { &[] };
    let mut search = Search::new(&graph, transactions, own, sought);
    let ended = search.run(budget);
    let cycles = search.found;
    found.cycles = explain_all(kind, level, all, cycles)?;
    Ok(ended?)
}

fn infer_all(
    kind: Kind<'_>,
    level: Consistency,
    all: &Transactions<'_>,
    sink: &mut Builder,
    budget: &mut Budget,
) -> Result<(), Stop> {
    let mut held = 0;
    let mut keys = Keys::new(kind, level, all);
    // There are no more keys than micro-operations, and those are numbered.
    for key in 0..all.keys.len() as u32 {
        keys.infer(key, sink, budget)?;
        let bytes = sink.edges.bytes();
        budget.hold(bytes - held)?;
        held = bytes;
    }
    budget.release(held);
    Ok(())
}

type Explained = (Cycle, Vec<Reason>);

fn explain_all(
    kind: Kind<'_>,
    level: Consistency,
    all: &Transactions<'_>,
    cycles: Vec<Cycle>,
) -> Result<Vec<Explained>, Stop> {
    let mut keys = Keys::new(kind, level, all);
    let mut reasons = |cycle: &Cycle| {
        let to = cycle.steps.iter().cycle().skip(1).map(|&(txn, _)| txn);
        let steps = cycle.steps.iter().zip(to);
        let wanted = steps.map(|(&(from, class), to)| Wanted { from, class, to, why: None });
        wanted.map(|wanted| reason(all, &mut keys, wanted)).collect::<Result<Vec<_>, _>>()
    };
    cycles.into_iter().map(|cycle| reasons(&cycle).map(|reasons| (cycle, reasons))).collect()
}

fn reason(all: &Transactions<'_>, keys: &mut Keys<'_, '_>, mut wanted: Wanted) -> Result<Reason, Stop> {
    // Explaining what was found must not fail for want of a budget: it is bounded by what was found.
    let mut enough = Budget { steps: u64::MAX, bytes: u64::MAX, on_progress: None, deadline: None };
    if !matches!(wanted.class, Class::Process | Class::Realtime) {
        for key in explain::shared_keys(all, wanted.from, wanted.to) {
            keys.infer(key, &mut wanted, &mut enough)?;
            if wanted.why.is_some() {
                break;
            }
        }
    }
    Ok(explain::reason(all, &wanted))
}

/// Steps of a cycle that its message tells; its evidence has them all.
const TOLD_STEPS: usize = 6;

/// Transactions of a cycle whose operations are evidence.
const SHOWN_OPERATIONS: usize = 16;

fn tell(all: &Transactions<'_>, level: Consistency, found: Found, findings: &mut Findings) {
    let anomalies = found.oddities.iter().map(|oddity| oddity.anomaly);
    let anomalies: Anomalies = anomalies.chain(found.cycles.iter().map(|(cycle, _)| cycle.anomaly)).collect();
    let boundary = Boundary::of(anomalies, level.forbids());
    let mut told: Vec<Told> = found.oddities.iter().map(|oddity| of_oddity(all, oddity)).collect();
    told.extend(found.cycles.iter().map(|(cycle, reasons)| of_cycle(all, cycle, reasons)));
    told.sort_by_key(|told| told.anomaly.place());
    for Told { anomaly, txns, message, mut evidence } in told {
        let at = txns.iter().map(|&txn| known_at(all.operation(txn))).max().unwrap_or_default();
        evidence["levels"] = boundary.evidence();
        let shown = txns.iter().take(SHOWN_OPERATIONS);
        evidence["operations"] = shown.map(|&txn| all.operation(txn).evidence()).collect();
        let finding = findings.violated(at, format!("{message} ({})", boundary.sentence()));
        finding.anomaly(anomaly.name()).evidence(evidence);
        for operation in txns.iter().map(|&txn| all.operation(txn)) {
            finding.op(operation.id);
            if let Some(node) = operation.node.filter(|node| !finding.nodes.contains(node)) {
                finding.node(node);
            }
        }
    }
}

struct Told {
    anomaly: Anomaly,
    txns: Vec<Txn>,
    message: String,
    evidence: Value,
}

fn of_oddity(all: &Transactions<'_>, oddity: &Oddity) -> Told {
    let evidence = json!({ "key": all.key(oddity.key) });
    let Oddity { anomaly, txns, message, .. } = oddity;
    Told { anomaly: *anomaly, txns: txns.clone(), message: message.clone(), evidence }
}

fn of_cycle(all: &Transactions<'_>, cycle: &Cycle, reasons: &[Reason]) -> Told {
    let txns: Vec<Txn> = cycle.steps.iter().map(|&(txn, _)| txn).collect();
    let next = txns.iter().cycle().skip(1);
    let lines = txns.iter().zip(next).zip(reasons);
    let lines = lines
        .map(|((&from, &to), why)| format!("{} < {} because {}", all.name(from), all.name(to), why.text));
    let lines: Vec<String> = lines.collect();
    let mut message = lines[..lines.len().min(TOLD_STEPS)].join("; ");
    if lines.len() > TOLD_STEPS {
        message.push_str(&format!("; and so on, {} in all, back to {}", lines.len(), all.name(txns[0])));
    }
    let edges: Vec<&Value> = reasons.iter().map(|reason| &reason.evidence).collect();
    Told { anomaly: cycle.anomaly, evidence: json!({ "cycle": lines, "edges": edges }), message, txns }
}

/// When its part in a contradiction was known.
fn known_at(operation: &Operation<'_>) -> SimTime {
    operation.ok().map_or(operation.invoked.at, |(moment, _)| moment.at)
}
