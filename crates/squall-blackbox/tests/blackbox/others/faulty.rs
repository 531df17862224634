//! Small systems with a bug to switch on, driven by clients whose operations overlap.

use serde_json::Value;
use squall_history::{Op, OpId, Phase, ProcessId, SimTime};

use super::support::{Tape, names};

/// Runs of each system and bug.
const SEEDS: u64 = 60;

/// Steps of a run; an operation takes about three.
const STEPS: u64 = 600;

/// A generator of numbers that needs no crate (splitmix64, Steele et al. 2014).
pub(crate) struct Draws(u64);

impl Draws {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// True once in so many times.
    pub(crate) fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}

/// A system and its workload. What it does, it does at once, at a moment while the operation runs.
pub(crate) trait System {
    /// The next operation of a client: `f`, key, argument.
    fn next(&mut self, process: u64, draws: &mut Draws) -> (&'static str, Option<&'static str>, Value);

    /// Does it, and says the result.
    fn perform(&mut self, process: u64, op: &Op, draws: &mut Draws) -> Value;

    /// The last operation, when no other is under way.
    fn last(&mut self) -> Option<(&'static str, Option<&'static str>, Value)> {
        None
    }
}

enum Client {
    Idle,
    Invoked(Op),
    Performed(Op, Value),
}

/// The history of five clients.
pub(crate) fn run(seed: u64, system: &mut dyn System) -> Tape {
    let mut draws = Draws(seed);
    let mut tape = Tape::default();
    let mut clients: Vec<(u64, Client)> = (0..5).map(|id| (id, Client::Idle)).collect();
    let mut ops = 0;
    for step in 0..STEPS {
        let which = usize::try_from(draws.below(5)).unwrap();
        let (process, client) = &mut clients[which];
        let (next, record) = match std::mem::replace(client, Client::Idle) {
            // Towards the end, operations only complete.
            Client::Idle if step > STEPS - 60 => (Client::Idle, None),
            Client::Idle => {
                ops += 1;
                let op = invocation(ops, *process, system.next(*process, &mut draws));
                (Client::Invoked(op.clone()), Some(op))
            }
            Client::Invoked(op) => match draws.below(24) {
                0 => (Client::Idle, Some(Op { phase: Phase::Fail, value: Value::Null, ..op })),
                1 => (Client::Idle, Some(Op { phase: Phase::Info, value: Value::Null, ..op })),
                _ => {
                    let result = system.perform(*process, &op, &mut draws);
                    (Client::Performed(op, result), None)
                }
            },
            Client::Performed(op, result) => match draws.below(24) {
                0 => (Client::Idle, Some(Op { phase: Phase::Info, value: Value::Null, ..op })),
                _ => (Client::Idle, Some(Op { phase: Phase::Ok, value: result, ..op })),
            },
        };
        *client = next;
        if let Some(op) = record {
            if op.phase == Phase::Info {
                *process += 5;
            }
            tape.records.push((SimTime(step * 1_000_000), op));
        }
    }
    if let Some(last) = system.last() {
        let op = invocation(ops + 1, 1_000, last);
        let result = system.perform(1_000, &op, &mut draws);
        tape.records.push((SimTime(STEPS * 1_000_000), op.clone()));
        tape.records.push((SimTime((STEPS + 1) * 1_000_000), Op { phase: Phase::Ok, value: result, ..op }));
    }
    tape
}

fn invocation(id: u64, process: u64, (f, key, value): (&'static str, Option<&'static str>, Value)) -> Op {
    let (f, key) = (f.into(), key.map(Into::into));
    Op { id: OpId(id), process: ProcessId(process), phase: Phase::Invoke, f, key, value }
}

/// Asserts that the analysis finds nothing in any run of the correct system, and what the bug does in
/// most runs of the faulty one, and nothing else than `allowed` beside it.
#[track_caller]
pub(crate) fn is_named<S: System>(
    (name, options): (&str, Value),
    system: impl Fn(Option<&'static str>) -> S,
    bug: &'static str,
    allowed: &[&str],
) {
    let mut named = 0;
    for seed in 0..SEEDS {
        let clean = run(seed, &mut system(None)).judged(name, &options);
        assert_eq!(clean.unknown, None);
        assert!(clean.violations.is_empty(), "seed {seed}: {:#?}", clean.violations);
        assert!(clean.exercised > 0, "seed {seed} had nothing to judge");
        let faulty = run(seed, &mut system(Some(bug))).judged(name, &options);
        assert_eq!(faulty.unknown, None);
        let found = names(&faulty);
        named += u64::from(found.contains(&bug));
        let is_allowed = |name: &&str| *name == bug || allowed.contains(name);
        assert!(found.iter().all(is_allowed), "seed {seed}: {:#?}", faulty.violations);
    }
    assert!(named * 2 > SEEDS, "`{bug}` was named in {named} of {SEEDS} runs");
}
