//! A role's supervisor: `restart: { after: 100ms..5s, on: [panic, exit] }`.
//!
//! The range is no draw: it is the first and the longest wait of a back-off that doubles.

use squall_history::{Restart, RestartOn, SimDuration};

use crate::codes::Code;
use crate::diagnostic::Report;
use crate::fields::{self, Fields, Keys};
use crate::range::Ranged;
use crate::tree::Node;

const RESTART: Keys = Keys { of: "`restart`", known: &["after", "on"], planned: &[] };

/// A shorter wait would let software that ends at once take all of a run's time.
const SHORTEST: SimDuration = SimDuration::from_millis(1);

pub(crate) fn read(node: &Node, report: &mut Report) -> Option<Restart> {
    let fields = Fields::open(node, RESTART, report)?;
    let after = fields.require("after", report)?;
    let Ranged { low, high } = Ranged::<SimDuration>::read(after, report)?;
    if low < SHORTEST {
        let error =
            report.error(Code::OutOfBounds, after.span.clone(), "a supervisor waits before it restarts");
        error.label(format!("at least {SHORTEST}"));
        return None;
    }
    let mut on: Vec<RestartOn> = RestartOn::ALL.iter().map(|(_, on)| *on).collect();
    if let Some(node) = fields.get("on") {
        let words = fields::texts(node, "an end", report)?;
        if words.is_empty() {
            let error = report.error(Code::EmptySelector, node.head(), "`on` lists no end");
            error.label("nothing would be restarted");
            return None;
        }
        let read =
            words.iter().map(|(_, node)| fields::word(node, "end of software", &RestartOn::ALL, report));
        on = read.collect::<Vec<_>>().into_iter().collect::<Option<_>>()?;
        on.sort_unstable();
        on.dedup();
    }
    Some(Restart { after: (low, high), on })
}
