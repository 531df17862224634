//! Fault actions on links: which links, and what is wrong with them.

use squall_history::{Bandwidth, Chance, DnsTrouble, LatencyShape, LinkFault, LinkTrouble, Ppm, SimDuration};

use super::{quantity, share, span};
use crate::codes::Code;
use crate::diagnostic::Report;
use crate::fields::{self, Fields, Keys};
use crate::range::{self, Bytes, Rate};
use crate::scope::Scope;
use crate::selector::{self, From};
use crate::tree::Node;

/// What [`read`] reads.
pub(super) const KEYWORDS: [&str; 10] =
    ["latency", "loss", "duplicate", "reorder", "corrupt", "bandwidth", "hold", "reset", "refuse", "dns"];

/// Held back for up to this long where `reorder` does not say: longer than a local round trip.
const REORDER_DELAY: SimDuration = SimDuration::from_millis(10);

const LATENCY: Keys = Keys {
    of: "`latency`",
    known: &["from", "to", "direction", "latency", "jitter", "shape", "correlation"],
    planned: &[],
};
const LOSS: Keys =
    Keys { of: "`loss`", known: &["from", "to", "direction", "loss", "correlation"], planned: &[] };
const DUPLICATE: Keys =
    Keys { of: "`duplicate`", known: &["from", "to", "direction", "duplicate", "correlation"], planned: &[] };
const REORDER: Keys = Keys {
    of: "`reorder`",
    known: &["from", "to", "direction", "reorder", "delay", "correlation"],
    planned: &[],
};
const CORRUPT: Keys =
    Keys { of: "`corrupt`", known: &["from", "to", "direction", "corrupt", "correlation"], planned: &[] };
const BANDWIDTH: Keys =
    Keys { of: "`bandwidth`", known: &["from", "to", "direction", "rate", "queue"], planned: &[] };
const HOLD: Keys = Keys { of: "`hold`", known: &["from", "to", "direction"], planned: &[] };
const RESET: Keys = Keys { of: "`reset`", known: &["from", "to", "direction"], planned: &[] };
const REFUSE: Keys = Keys { of: "`refuse`", known: &["from", "to", "direction"], planned: &[] };
const DNS: Keys = Keys { of: "`dns`", known: &["from", "to", "direction", "fault", "latency"], planned: &[] };

/// Reads the value of one of [`KEYWORDS`].
pub(super) fn read(keyword: &str, value: &Node, scope: &Scope<'_>, report: &mut Report) -> Option<LinkFault> {
    let keys = match keyword {
        "latency" => LATENCY,
        "loss" => LOSS,
        "duplicate" => DUPLICATE,
        "reorder" => REORDER,
        "corrupt" => CORRUPT,
        "bandwidth" => BANDWIDTH,
        "hold" => HOLD,
        "reset" => RESET,
        "refuse" => REFUSE,
        _ => DNS,
    };
    let fields = Fields::open(value, keys, report)?;
    let link = selector::link(&fields, From::Optional, scope, report);
    let trouble = match keyword {
        "latency" => latency(&fields, report),
        "loss" => chance(&fields, "loss", report).map(LinkTrouble::Loss),
        "duplicate" => chance(&fields, "duplicate", report).map(LinkTrouble::Duplicate),
        "corrupt" => chance(&fields, "corrupt", report).map(LinkTrouble::Corrupt),
        "reorder" => {
            let chance = chance(&fields, "reorder", report);
            let delay = quantity(&fields, "delay", Some(REORDER_DELAY), report);
            chance.zip(delay).map(|(chance, delay)| LinkTrouble::Reorder { chance, delay })
        }
        "bandwidth" => bandwidth(&fields, report).map(LinkTrouble::Bandwidth),
        "hold" => Some(LinkTrouble::Hold),
        "reset" => Some(LinkTrouble::Reset),
        "refuse" => Some(LinkTrouble::Refuse),
        _ => dns(&fields, report).map(LinkTrouble::Dns),
    };
    Some(LinkFault { link: link?, trouble: trouble? })
}

fn latency(fields: &Fields<'_>, report: &mut Report) -> Option<LinkTrouble> {
    let latency = quantity(fields, "latency", None, report);
    let jitter = quantity(fields, "jitter", Some(SimDuration::ZERO), report);
    let shape = shape(fields, report);
    let correlation = share(fields, "correlation", Ppm::ZERO, report);
    Some(LinkTrouble::Latency {
        latency: latency?,
        jitter: jitter?,
        shape: shape?,
        correlation: correlation?,
    })
}

/// How a jitter is spread.
pub(crate) fn shape(fields: &Fields<'_>, report: &mut Report) -> Option<LatencyShape> {
    match fields.get("shape") {
        Some(node) => fields::word(node, "shape", &LatencyShape::ALL, report),
        None => Some(LatencyShape::default()),
    }
}

fn chance(fields: &Fields<'_>, key: &str, report: &mut Report) -> Option<Chance> {
    let percent = quantity(fields, key, None, report);
    let correlation = share(fields, "correlation", Ppm::ZERO, report);
    Some(Chance { percent: percent?, correlation: correlation? })
}

fn bandwidth(fields: &Fields<'_>, report: &mut Report) -> Option<Bandwidth> {
    let rate = fields.require("rate", report).and_then(|node| rate(node, report));
    let queue = quantity(fields, "queue", Some(Bytes(Bandwidth::QUEUE_BYTES)), report);
    Some(Bandwidth { bytes_per_second: rate?, queue_bytes: queue?.0 })
}

/// Bytes per second, more than none.
pub(crate) fn rate(node: &Node, report: &mut Report) -> Option<u64> {
    let rate = range::fixed::<Rate>(node, report)?;
    if rate.0 == 0 {
        let error = report.error(Code::OutOfBounds, node.span.clone(), "a bandwidth is more than nothing");
        error.label("nothing would ever pass").help("to cut a link use `partition`");
        return None;
    }
    Some(rate.0)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Fail,
    TimeOut,
    Slow,
}

const WORDS: [(&str, Word); 3] = [("fail", Word::Fail), ("timeout", Word::TimeOut), ("slow", Word::Slow)];

fn dns(fields: &Fields<'_>, report: &mut Report) -> Option<DnsTrouble> {
    let word = fields::word(fields.require("fault", report)?, "name fault", &WORDS, report)?;
    if let (Some(entry), Word::Fail | Word::TimeOut) = (fields.entry("latency"), word) {
        let title = "`latency` does not go with this fault";
        report.error(Code::MisplacedKey, entry.key_span.clone(), title).label("belongs to `fault: slow`");
        return None;
    }
    Some(match word {
        Word::Fail => DnsTrouble::Fail,
        Word::TimeOut => DnsTrouble::TimeOut,
        Word::Slow => DnsTrouble::Slow { latency: span(fields, "latency", report)? },
    })
}
