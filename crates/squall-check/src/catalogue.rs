//! The oracles that every system gets or can ask for, for `list`; and ids turned into names.
//!
//! What needs something of the system's own (a model, a vocabulary) is not among them: the system
//! that brings it lists it, and of any other system its name would promise what nobody judges.

use squall_history::{Expect, InvariantChoice};

use crate::{Oracle, always, availability, latency, no_panic, recovery, steady_state};

/// An oracle as `list` shows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OracleInfo {
    /// Its name.
    pub name: &'static str,
    /// Its id, an alias for the name.
    pub id: Option<&'static str>,
    /// What it promises, in one sentence.
    pub meaning: &'static str,
}

const ORACLES: [OracleInfo; 6] = [
    OracleInfo {
        name: always::NAME,
        id: None,
        meaning: "no assertion that the system makes about itself is broken; always judged",
    },
    OracleInfo {
        name: no_panic::NAME,
        id: None,
        meaning: "no task of a node panics, and no node's software returns an error; always judged",
    },
    OracleInfo {
        name: steady_state::NAME,
        id: None,
        meaning: "before the first fault, and by the bound after the start, every client has an `ok`; \
                  judged if `expect` has `steady-state`",
    },
    OracleInfo {
        name: recovery::NAME,
        id: None,
        meaning: "by the bound after the last fault's end every client has a new `ok`, and no later gap \
                  is longer; judged if `expect` has `recovery`",
    },
    OracleInfo {
        name: availability::NAME,
        id: None,
        meaning: "in every window outside the excepted faults enough of the operations that complete are \
                  `ok`; judged if `expect` has `availability`",
    },
    OracleInfo {
        name: latency::NAME,
        id: None,
        meaning: "median, 99th percentile and longest time of operations are within their bounds; judged \
                  if `expect` has `latency`",
    },
];

/// The harness's own oracles.
pub fn oracles() -> &'static [OracleInfo] {
    &ORACLES
}

/// `expect` with the ids of oracles replaced by their names, so that what is compared with results
/// later needs no catalogue. What none of `oracles` is called stays as it is.
#[must_use]
pub fn with_names(expect: &Expect, oracles: &[&dyn Oracle]) -> Expect {
    let rename = |given: &mut String| {
        if let Some(oracle) = oracles.iter().find(|oracle| oracle.id() == Some(given.as_str())) {
            *given = oracle.name().to_owned();
        }
    };
    let mut expect = expect.clone();
    if let InvariantChoice::Named(named) = &mut expect.invariants {
        named.iter_mut().for_each(rename);
    }
    if let Some(known) = &mut expect.known_failure {
        known.invariants.iter_mut().for_each(rename);
    }
    expect
}
