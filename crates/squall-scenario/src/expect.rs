//! The section `expect`: what a run and a campaign are judged by.

use squall_history::{Expect, InvariantChoice, KnownFailure, SimDuration};

use crate::diagnostic::Report;
use crate::fields::{self, Fields, Keys};
use crate::range::{Address, Ranged};
use crate::scope::Scope;
use crate::tree::Node;

const EXPECT: Keys = Keys {
    of: "`expect`",
    known: &["steady-state", "invariants", "recovery", "sometimes", "known-failure"],
    planned: &["availability", "latency", "alerts"],
};
const WITHIN: Keys = Keys { of: "this expectation", known: &["within"], planned: &[] };
const KNOWN_FAILURE: Keys =
    Keys { of: "`known-failure`", known: &["invariant", "issue", "strict"], planned: &[] };

/// Expectations; the spans may still be ranges.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expectations {
    rest: Expect,
    steady_state: Option<Ranged<SimDuration>>,
    recovery: Option<Ranged<SimDuration>>,
}

impl Expectations {
    pub(crate) fn read(node: Option<&Node>, scope: &Scope<'_>, report: &mut Report) -> Self {
        let mut expect = Self::default();
        let Some(fields) = node.and_then(|node| Fields::open(node, EXPECT, report)) else { return expect };
        expect.steady_state = fields.get("steady-state").and_then(|node| within(node, report));
        expect.recovery = fields.get("recovery").and_then(|node| within(node, report));
        if let Some(node) = fields.get("invariants")
            && node.text() != Some("all")
        {
            expect.rest.invariants = InvariantChoice::Named(invariants(node, scope, report));
        }
        if let Some(node) = fields.get("sometimes") {
            for (name, item) in fields::texts(node, "a condition", report).unwrap_or_default() {
                scope.check_condition(item, name, report);
                expect.rest.sometimes.push(name.to_owned());
            }
        }
        expect.rest.known_failure =
            fields.get("known-failure").and_then(|node| known_failure(node, scope, report));
        expect
    }

    /// The expectations of one seed.
    pub(crate) fn draw(&self, address: &Address<'_>) -> Expect {
        Expect {
            steady_state: self.steady_state.map(|range| range.draw(address.field("steady-state"))),
            recovery: self.recovery.map(|range| range.draw(address.field("recovery"))),
            ..self.rest.clone()
        }
    }
}

fn within(node: &Node, report: &mut Report) -> Option<Ranged<SimDuration>> {
    let fields = Fields::open(node, WITHIN, report)?;
    Ranged::read(fields.require("within", report)?, report)
}

/// Names of invariants, ids replaced by names.
fn invariants(node: &Node, scope: &Scope<'_>, report: &mut Report) -> Vec<String> {
    let names = fields::texts(node, "an invariant", report).unwrap_or_default();
    names.into_iter().map(|(name, item)| scope.oracle(item, name, report)).collect()
}

fn known_failure(node: &Node, scope: &Scope<'_>, report: &mut Report) -> Option<KnownFailure> {
    let fields = Fields::open(node, KNOWN_FAILURE, report)?;
    let issue = fields.get("issue").and_then(|node| fields::text(node, "`issue`", report));
    let strict = fields.get("strict").and_then(|node| fields::boolean(node, "`strict`", report));
    Some(KnownFailure {
        invariants: invariants(fields.require("invariant", report)?, scope, report),
        issue: issue.map(str::to_owned),
        strict: strict.unwrap_or_default(),
    })
}
