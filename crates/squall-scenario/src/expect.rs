//! The section `expect`: what a run and a campaign are judged by.

use squall_history::{Expect, InvariantChoice, KnownFailure, LatencyBounds, Ppm, SimDuration};

use crate::codes::Code;
use crate::diagnostic::Report;
use crate::fields::{self, Fields, Keys};
use crate::range::{Address, Ranged};
use crate::scope::{Author, Scope};
use crate::tree::Node;

const EXPECT: Keys = Keys {
    of: "`expect`",
    known: &[
        "steady-state",
        "invariants",
        "recovery",
        "availability",
        "latency",
        "sometimes",
        "known-failure",
    ],
    planned: &["alerts"],
};
const WITHIN: Keys = Keys { of: "this expectation", known: &["within"], planned: &[] };
const AVAILABILITY: Keys = Keys { of: "`availability`", known: &["min", "window", "except"], planned: &[] };
const LATENCY: Keys = Keys { of: "`latency`", known: &["p50", "p99", "max"], planned: &[] };
const KNOWN_FAILURE: Keys =
    Keys { of: "`known-failure`", known: &["invariant", "issue", "strict"], planned: &[] };

/// Expectations; the spans may still be ranges.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expectations {
    rest: Expect,
    steady_state: Option<Ranged<SimDuration>>,
    recovery: Option<Ranged<SimDuration>>,
    availability: Option<Availability>,
    latency: Option<Latency>,
}

/// A bound on the share of operations that are done.
#[derive(Clone, Debug)]
struct Availability {
    min: Ranged<Ppm>,
    window: Ranged<SimDuration>,
    except: Vec<String>,
}

/// Bounds on how long operations take; at least one.
#[derive(Clone, Debug)]
struct Latency {
    p50: Option<Ranged<SimDuration>>,
    p99: Option<Ranged<SimDuration>>,
    max: Option<Ranged<SimDuration>>,
}

/// The faults that expectations can name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FaultNames<'a> {
    /// What entries are called, or their actions if they are not called anything.
    pub(crate) known: &'a [String],
    /// In a plan file, a fault may have been taken away and its name left.
    pub(crate) author: Author,
}

impl Expectations {
    pub(crate) fn read(
        node: Option<&Node>,
        scope: &Scope<'_>,
        faults: FaultNames<'_>,
        report: &mut Report,
    ) -> Self {
        let mut expect = Self::default();
        let Some(fields) = node.and_then(|node| Fields::open(node, EXPECT, report)) else { return expect };
        expect.steady_state = fields.get("steady-state").and_then(|node| within(node, report));
        expect.recovery = fields.get("recovery").and_then(|node| within(node, report));
        expect.availability =
            fields.get("availability").and_then(|node| Availability::read(node, faults, report));
        expect.latency = fields.get("latency").and_then(|node| Latency::read(node, report));
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
            availability: self.availability.as_ref().map(|bound| bound.draw(address)),
            latency: self.latency.as_ref().map(|bounds| bounds.draw(address)),
            ..self.rest.clone()
        }
    }
}

impl Availability {
    fn read(node: &Node, faults: FaultNames<'_>, report: &mut Report) -> Option<Self> {
        let fields = Fields::open(node, AVAILABILITY, report)?;
        let (min, window) = (fields.require("min", report), fields.require("window", report));
        let min = min.and_then(|node| Ranged::read(node, report));
        let window = window.and_then(|node| positive(node, "`window`", report));
        let mut except = Vec::new();
        if let Some(node) = fields.get("except") {
            for (name, item) in fields::texts(node, "a fault", report).unwrap_or_default() {
                faults.check(item, name, report);
                except.push(name.to_owned());
            }
        }
        Some(Self { min: min?, window: window?, except })
    }

    fn draw(&self, address: &Address<'_>) -> squall_history::Availability {
        squall_history::Availability {
            min: self.min.draw(address.field("availability.min")),
            window: self.window.draw(address.field("availability.window")),
            except: self.except.clone(),
        }
    }
}

impl Latency {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let fields = Fields::open(node, LATENCY, report)?;
        let mut bound = |key| fields.get(key).map(|node| positive(node, &format!("`{key}`"), report));
        let (p50, p99, max) = (bound("p50"), bound("p99"), bound("max"));
        if p50.is_none() && p99.is_none() && max.is_none() {
            let title = "`latency` without a bound";
            let error = report.error(Code::MissingKey, fields.head(), title);
            error.label("at least one of `p50`, `p99` and `max` is required here");
            return None;
        }
        Some(Self { p50: p50.flatten(), p99: p99.flatten(), max: max.flatten() })
    }

    fn draw(&self, address: &Address<'_>) -> LatencyBounds {
        let draw = |bound: Option<Ranged<SimDuration>>, path| bound.map(|it| it.draw(address.field(path)));
        LatencyBounds {
            p50: draw(self.p50, "latency.p50"),
            p99: draw(self.p99, "latency.p99"),
            max: draw(self.max, "latency.max"),
        }
    }
}

impl FaultNames<'_> {
    fn check(&self, node: &Node, name: &str, report: &mut Report) {
        // `cut#2` is one fault of the entry `cut`.
        let stem = match name.split_once('#') {
            Some((stem, number)) if number.parse::<u64>().is_ok() => stem,
            _ => name,
        };
        if self.author == Author::Person && !self.known.iter().any(|known| known == stem) {
            let known = self.known.iter().map(String::as_str);
            fields::unknown(node, Code::UnknownFault, "fault", known, report);
        }
    }
}

/// A span of time that is not zero.
fn positive(node: &Node, what: &str, report: &mut Report) -> Option<Ranged<SimDuration>> {
    let range: Ranged<SimDuration> = Ranged::read(node, report)?;
    if range.low == SimDuration::ZERO {
        let error = report.error(Code::OutOfBounds, node.span.clone(), format!("{what} is zero"));
        error.label("it must be longer than that");
        return None;
    }
    Some(range)
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
