//! The no-op switch of tests: a kind of fault that does nothing.
//!
//! An efficacy check that does not fail under it checks nothing. It belongs to a thread, is off unless a
//! test turns it on, and is no part of what a run depends on.

use std::cell::RefCell;

use crate::net::rule::Rule;

thread_local! {
    static NEUTRAL: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// From now on faults of this kind do nothing on this thread: a keyword of the scenario schema, a disk
/// fault as `disk lying-sync`. `None` switches all on again.
#[doc(hidden)]
pub fn neutralise(kind: Option<&str>) {
    NEUTRAL.set(kind.map(str::to_owned));
}

/// Whether this kind is switched off.
#[doc(hidden)]
pub fn is_neutral(kind: &str) -> bool {
    NEUTRAL.with_borrow(|neutral| neutral.as_deref() == Some(kind))
}

/// The links or nodes that a fault is laid on: none if its kind is neutral.
pub(crate) fn unless_neutral<'t, T>(kind: &str, targets: &'t [T]) -> &'t [T] {
    if is_neutral(kind) { &[] } else { targets }
}

/// The keyword of a rule on links.
pub(crate) const fn keyword(rule: Rule) -> &'static str {
    match rule {
        Rule::Cut => "partition",
        Rule::Latency { .. } => "latency",
        Rule::Loss(_) => "loss",
        Rule::Duplicate(_) => "duplicate",
        Rule::Reorder { .. } => "reorder",
        Rule::Corrupt(_) => "corrupt",
        Rule::Bandwidth(_) => "bandwidth",
        Rule::Hold => "hold",
        Rule::Refuse => "refuse",
        Rule::Dns(_) => "dns",
    }
}

/// Whether a rule's kind is switched off.
#[doc(hidden)]
pub fn is_neutral_rule(rule: Rule) -> bool {
    is_neutral(keyword(rule))
}

/// Whether the switch is on at all.
pub(crate) fn is_on() -> bool {
    NEUTRAL.with_borrow(Option::is_some)
}
