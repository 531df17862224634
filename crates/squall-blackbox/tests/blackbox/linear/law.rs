//! The law of the linearizability checker: it says what brute force says, on random small histories
//! of every model, by levels and in depth.

use serde_json::Value;
use squall_blackbox::linearizability::{Linearizable, Model, models};
use squall_blackbox::{Analysis, Budget, Event, Findings, Operation, operations};
use squall_history::{Op, SimTime};

use super::brute_force::{Span, is_linearizable, is_order, shortest_illegal_prefix};
use super::naive::{self, Naive};
use super::story::{Story, Tuning, play};

/// Histories of each model in an ordinary run. `SQUALL_LAW_CASES=10000` asks for more.
const CASES: u64 = 2_000;

fn cases() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "how long a test takes is for whoever starts it")]
    let asked = std::env::var("SQUALL_LAW_CASES");
    asked.map_or(CASES, |cases| cases.parse().unwrap())
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
    register_with_unknown_swaps: models::RegisterModel, naive::CAS, twisted 15, open 35;
    kv: models::KvModel, naive::KV, twisted 12, open 6;
    multi_register: models::MultiRegisterModel, naive::MULTI, twisted 10, open 6;
    set: models::SetModel, naive::SET, twisted 10, open 6;
    fifo_queue: models::FifoQueueModel, naive::FIFO, twisted 25, open 6;
    queue: models::QueueModel, naive::BAG, twisted 35, open 6;
    counter: models::CounterModel, naive::COUNTER, twisted 25, open 6;
    lock: models::LockModel, naive::LOCK, twisted 10, open 6;
    unique_ids: models::UniqueIdsModel, naive::UNIQUE_IDS, twisted 20, open 3;
}
