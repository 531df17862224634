//! Random small histories, and how a law is tried on them.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::Value;
use squall_history::{Op, OpId, Phase, ProcessId, SimTime};

use super::support::Tape;

/// Histories on which each law is tried.
pub(crate) const CASES: u32 = 10_000;

/// One draw of a made-up execution.
pub(crate) type Move = (u8, u8, u8);

/// An operation and, once it took effect, its result.
type InFlight = Option<(Op, Option<Value>)>;

/// What a made-up client does: operations, and their results.
pub(crate) trait Play {
    /// An invocation: `f`, key and argument.
    fn invoke(&mut self, process: u64, draw: Move) -> (&'static str, Option<&'static str>, Value);

    /// The operation takes effect, between its invocation and its end.
    fn effect(&mut self, op: &Op) -> Value;

    /// Perhaps another result than the one it had.
    fn twist(&mut self, _op: &Op, result: Value, _draw: Move) -> Value {
        result
    }
}

/// Plays the moves of three clients, of which `ops_max` operations come. A client invokes, takes
/// effect, completes; some operations fail or end in `info`, before or after their effect.
pub(crate) fn play(moves: &[Move], ops_max: u64, player: &mut dyn Play) -> Tape {
    let mut tape = Tape::default();
    let mut clients: Vec<(u64, InFlight)> = (0..3).map(|id| (id, None)).collect();
    let mut ops = 0;
    for &draw in moves {
        let (id, in_flight) = &mut clients[usize::from(draw.0 % 3)];
        let op = match in_flight.take() {
            None if ops == ops_max => continue,
            None => {
                ops += 1;
                let (f, key, value) = player.invoke(*id, draw);
                let (f, key) = (f.into(), key.map(Into::into));
                let op = Op { id: OpId(ops), process: ProcessId(*id), phase: Phase::Invoke, f, key, value };
                *in_flight = Some((op.clone(), None));
                op
            }
            Some((op, None)) if draw.2 % 16 < 14 => {
                let result = player.effect(&op);
                *in_flight = Some((op, Some(result)));
                continue;
            }
            Some((op, result)) => {
                let (phase, value) = match result {
                    None if draw.2.is_multiple_of(2) => (Phase::Fail, Value::Null),
                    Some(result) if draw.2 % 16 < 15 => (Phase::Ok, player.twist(&op, result, draw)),
                    _ => (Phase::Info, Value::Null),
                };
                Op { phase, value, ..op }
            }
        };
        if op.phase == Phase::Info {
            *id += 3;
        }
        tape.records.push((SimTime(tape.records.len() as u64 * 1_000_000), op));
    }
    tape
}

/// Tries a law on [`CASES`] random histories of at most `ops_max` operations. `agrees` compares the
/// checker with an independent definition and returns whether both accept the history. Each verdict
/// must come up in a fifth of the cases, since a law that is only tried on one side proves nothing.
pub(crate) fn law<P: Play>(
    ops_max: u64,
    player: impl Fn() -> P,
    agrees: impl Fn(&Tape) -> Result<bool, TestCaseError>,
) {
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let draw = (any::<u8>(), any::<u8>(), any::<u8>());
    let moves_max = 4 * usize::try_from(ops_max).unwrap();
    let moves = prop::collection::vec(draw, moves_max / 2..moves_max);
    let accepted = Cell::new(0);
    runner
        .run(&moves, |moves| {
            let tape = play(&moves, ops_max, &mut player());
            accepted.set(accepted.get() + u32::from(agrees(&tape)?));
            Ok(())
        })
        .unwrap();
    let accepted = accepted.get();
    let is_both = accepted * 5 >= CASES && (CASES - accepted) * 5 >= CASES;
    assert!(is_both, "{accepted} of {CASES} were accepted");
}
