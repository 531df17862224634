//! The law of the linearizability checker: it says what brute force says, on random small histories
//! of every model, by levels and in depth.

use serde_json::Value;
use squall_blackbox::linearizability::{Linearizable, Model, models};
use squall_blackbox::{Analysis, Budget, Event, Findings, Operation, operations};
use squall_history::{Op, OpId, Phase, ProcessId, SimTime};

use super::brute_force::{Span, is_linearizable, is_order, shortest_illegal_prefix};
use super::naive::{self, Ask, Draws, Naive, State, Told};

/// Histories of each model in an ordinary run. `SQUALL_LAW_CASES=10000` asks for more.
const CASES: u64 = 2_000;

const OPS_MAX: u64 = 8;

const PROCESSES: usize = 4;

fn cases() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "how long a test takes is for whoever starts it")]
    let asked = std::env::var("SQUALL_LAW_CASES");
    asked.map_or(CASES, |cases| cases.parse().unwrap())
}

/// How the histories of an object are drawn.
struct Tuning {
    /// Of a hundred results, how many are twisted.
    twisted: u64,
    /// Of a hundred operations, how many never answer.
    open: u64,
}

/// A made-up execution.
struct Story {
    events: Vec<Op>,
    spans: Vec<Span>,
    /// Which of the spans an operation is.
    of_op: Vec<Option<usize>>,
}

struct Client {
    process: i64,
    in_flight: Option<(u64, Ask, Option<Told>)>,
}

/// Plays clients on a real object: they invoke, take effect, complete. Now and then a result is
/// twisted or gets lost.
fn play(naive: &Naive, tuning: &Tuning, case: u64) -> Story {
    let draws = &mut Draws(case.wrapping_mul(0x1234_5678_9abc_def1));
    let mut state: State = (naive.init)();
    let mut clients: Vec<Client> =
        (0..PROCESSES as i64).map(|process| Client { process, in_flight: None }).collect();
    let (mut events, mut spans, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    let (mut ops, mut processes) = (0, PROCESSES as i64);
    let busy = 2 + draws.below(PROCESSES as u64 - 1);
    for _ in 0..12 + draws.below(28) {
        let client = &mut clients[draws.below(busy) as usize];
        match client.in_flight.take() {
            None if ops == OPS_MAX => {}
            None => {
                let (f, mut args) = (naive.draw)(draws);
                if naive.name == "distinct" && f == "write" {
                    args = vec![ops as i64];
                }
                let ask = Ask { process: client.process, f, args };
                let value = (naive.record)(&ask, None).0;
                events.push(event(ops, &ask, Phase::Invoke, value));
                spans.push(Span { ask: ask.clone(), invoked: events.len() - 1, ok: None });
                client.in_flight = Some((ops, ask, None));
                ops += 1;
            }
            Some((op, ask, None)) if draws.below(8) > 0 => {
                let mut outcomes = (naive.outcomes)(&state, &ask);
                if outcomes.is_empty() {
                    client.in_flight = Some((op, ask, None));
                    continue;
                }
                let (next, told) = outcomes.swap_remove(draws.below(outcomes.len() as u64) as usize);
                state = next;
                client.in_flight = Some((op, ask, Some(told)));
            }
            Some((op, ask, told)) => {
                let happened = told.is_some();
                let told = match told {
                    _ if draws.below(100) < tuning.open => None,
                    Some(_) if draws.below(100) < tuning.twisted => Some((naive.twist)(&ask, draws)),
                    Some(_) if ask.may_be_silent() && draws.below(3) == 0 => Some(Vec::new()),
                    told => told,
                };
                let value = (naive.record)(&ask, told.as_ref()).1;
                let span: &mut Span = &mut spans[op as usize];
                let phase = match told {
                    Some(told) => {
                        span.ok = Some((events.len(), told));
                        Phase::Ok
                    }
                    None if !happened && draws.below(2) == 0 => {
                        failed.push(op as usize);
                        Phase::Fail
                    }
                    None => {
                        client.process = processes;
                        processes += 1;
                        Phase::Info
                    }
                };
                events.push(event(op, &ask, phase, value));
            }
        }
    }
    // What failed did not happen.
    let mut happened = 0;
    let place = |op| {
        let place = (!failed.contains(&op)).then_some(happened);
        happened += usize::from(place.is_some());
        place
    };
    let of_op: Vec<Option<usize>> = (0..spans.len()).map(place).collect();
    let spans = spans.into_iter().zip(&of_op).filter(|(_, place)| place.is_some()).map(|(span, _)| span);
    Story { spans: spans.collect(), events, of_op }
}

fn event(op: u64, ask: &Ask, phase: Phase, value: Value) -> Op {
    let (id, process) = (OpId(op), ProcessId(ask.process as u64));
    Op { id, process, phase, f: ask.f.into(), key: Some("k".into()), value }
}

fn read(events: &[Op]) -> Vec<Operation<'_>> {
    let event = |(at, op)| Event { at: SimTime(at), node: None, op };
    operations((0..).zip(events).map(event)).unwrap()
}

fn judge<M: Model>(checker: &Linearizable<M>, events: &[Op]) -> Findings {
    let mut findings = Findings::default();
    checker.analyse(&read(events), &mut Budget::default(), &mut findings);
    assert_eq!(findings.unknown, None, "{events:#?}");
    findings
}

/// The law, and that neither verdict is rare.
fn holds<M: Model + Copy>(model: M, naive: &Naive, tuning: &Tuning) {
    let checkers = [
        Linearizable::new(model),
        Linearizable::new(model).always_searching(),
        Linearizable::new(model).always_searching().with_width(0),
        Linearizable::new(model).always_searching().with_width(3),
    ];
    let (cases, mut legal, mut open) = (cases(), 0, 0);
    for case in 0..cases {
        let story = play(naive, tuning, case);
        let expected = is_linearizable(naive, &story.spans);
        legal += u64::from(expected);
        open += u64::from(story.spans.iter().any(|span| span.ok.is_none()));
        for (which, checker) in checkers.iter().enumerate() {
            let findings = judge(checker, &story.events);
            let says = findings.violations.is_empty();
            assert_eq!(says, expected, "{} {case} {which}: {:#?} {findings:#?}", naive.name, story.spans);
            if let Some(violation) = findings.violations.first() {
                let context = format!("{} {case} {which}: {:#?} {violation:#?}", naive.name, story.spans);
                explained(naive, &story, &violation.evidence, &context);
            }
        }
    }
    assert!(
        legal * 5 >= cases && (cases - legal) * 5 >= cases,
        "{}: {legal} of {cases} are legal",
        naive.name
    );
    assert!(open * 5 >= cases, "{}: only {open} of {cases} have an operation without an answer", naive.name);
}

/// The prefix is the shortest one, and the order is one of all that completed before.
fn explained(naive: &Naive, story: &Story, evidence: &Value, context: &str) {
    if naive.name == "unique-ids" {
        return; // Each id is an object of its own, and another may be illegal earlier.
    }
    let prefix = shortest_illegal_prefix(naive, &story.spans);
    let told = evidence["shortest-illegal-prefix"]["events"].as_u64();
    assert_eq!(told, prefix.map(|events| events as u64), "{context}");
    let end = prefix.unwrap() - 1;
    let span = |op: &Value| story.of_op[op["op"].as_u64().unwrap() as usize].unwrap();
    let order: Vec<usize> = evidence["longest-order"].as_array().unwrap().iter().map(span).collect();
    let known: Vec<Span> = story
        .spans
        .iter()
        .map(|span| {
            let ok = span.ok.clone().filter(|(at, _)| *at < end);
            Span { ok, ..span.clone() }
        })
        .collect();
    assert!(is_order(naive, &known, &order), "{context}");
    let complete = (0..known.len()).all(|op| known[op].ok.is_none() || order.contains(&op));
    assert!(complete, "{context}");
    let stuck = span(&evidence["cannot-place"]);
    assert_eq!(story.spans[stuck].ok.as_ref().map(|(at, _)| *at), Some(end), "{context}");
}

macro_rules! laws {
    ($($name:ident: $model:expr, $naive:expr, twisted $twisted:literal, open $open:literal;)*) => {
        $(#[test]
        fn $name() {
            holds($model, &$naive, &Tuning { twisted: $twisted, open: $open });
        })*
    };
}

laws! {
    register: models::RegisterModel, naive::REGISTER, twisted 45, open 6;
    register_with_distinct_values: models::RegisterModel, naive::DISTINCT, twisted 45, open 6;
    register_with_swaps: models::RegisterModel, naive::CAS, twisted 25, open 6;
    kv: models::KvModel, naive::KV, twisted 12, open 6;
    multi_register: models::MultiRegisterModel, naive::MULTI, twisted 10, open 6;
    set: models::SetModel, naive::SET, twisted 10, open 6;
    fifo_queue: models::FifoQueueModel, naive::FIFO, twisted 25, open 6;
    queue: models::QueueModel, naive::BAG, twisted 35, open 6;
    counter: models::CounterModel, naive::COUNTER, twisted 25, open 6;
    lock: models::LockModel, naive::LOCK, twisted 10, open 6;
    unique_ids: models::UniqueIdsModel, naive::UNIQUE_IDS, twisted 20, open 3;
}
