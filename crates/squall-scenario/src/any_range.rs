//! Ranges inside trees whose types are not known here, and trees with their ranges resolved.
//!
//! A system's own sections and the values of actions are kept as trees until planning: each plain
//! text `lo..hi` in them is then replaced by one value of the same kind. Quoted text is no range.

use serde_json::Value;
use squall_history::{ClockDrift, ClockOffset, Draw, Ppm, SimDuration};

use crate::codes::Code;
use crate::diagnostic::Report;
use crate::fields::shown;
use crate::range::{Bytes, Quantity, Ranged, Rate};
use crate::tree::{Kind, Node, Scalar};

/// A range of whatever kind, in a section whose types this crate does not know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum AnyRange {
    Count {
        low: i64,
        high: i64,
    },
    Duration(Ranged<SimDuration>),
    Share(Ranged<Ppm>),
    /// Spans of which one at least is below zero.
    Offset(Ranged<ClockOffset>),
    /// The same of rates of clocks.
    Drift(Ranged<ClockDrift>),
    Size(Ranged<Bytes>),
    Rate(Ranged<Rate>),
    /// Whole numbers of some other unit: `1/s..4/s`, `1Gbit..10Gbit`.
    Unit {
        range: Ranged<u64>,
        unit: String,
    },
}

/// Which value of a range is wanted.
#[derive(Clone, Copy)]
pub(crate) enum Pick<'d> {
    Low,
    High,
    Draw(&'d dyn Fn(&str) -> Draw),
}

impl AnyRange {
    /// The range that a plain text is; `None` if it does not look like one, an error if it does
    /// and is none.
    pub(crate) fn read(node: &Node) -> Option<Result<Self, &'static str>> {
        let Kind::Scalar(Scalar { text, quoted: false, value: Value::String(_) }) = &node.kind else {
            return None;
        };
        let (low, high) = text.split_once("..")?;
        let (low, high) = (low.trim(), high.trim());
        let number = |end: &str| end.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit());
        if !number(low) || !number(high) {
            return None;
        }
        Some(Self::of_ends(low, high).ok_or("both ends must be of one kind").and_then(Self::ordered))
    }

    fn of_ends(low: &str, high: &str) -> Option<Self> {
        fn pair<T: Quantity>(low: &str, high: &str) -> Option<Ranged<T>> {
            Some(Ranged { low: T::read(low)?, high: T::read(high)? })
        }
        let count = |text: &str| text.replace('_', "").parse::<i64>().ok();
        if let (Some(low), Some(high)) = (count(low), count(high)) {
            return Some(Self::Count { low, high });
        }
        if let Some(range) = pair(low, high) {
            return Some(Self::Duration(range));
        }
        // Before shares: what is written in parts per million may be either, and stays readable as both.
        if let Some(range) = pair(low, high) {
            return Some(Self::Drift(range));
        }
        if let Some(range) = pair(low, high) {
            return Some(Self::Share(range));
        }
        if let Some(range) = pair(low, high) {
            return Some(Self::Offset(range));
        }
        let split = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let ((low, unit), (high, same)) = (low.split_at(split(low)), high.split_at(split(high)));
        if unit == same && !unit.starts_with('.') {
            return Some(Self::Unit { range: pair(low, high)?, unit: unit.to_owned() });
        }
        let (low, high) = (format!("{low}{unit}"), format!("{high}{same}"));
        pair(&low, &high).map(Self::Size).or_else(|| pair(&low, &high).map(Self::Rate))
    }

    fn ordered(self) -> Result<Self, &'static str> {
        let ordered = match &self {
            Self::Count { low, high } => low <= high,
            Self::Duration(range) => range.low <= range.high,
            Self::Share(range) => range.low <= range.high,
            Self::Offset(range) => range.low <= range.high,
            Self::Drift(range) => range.low <= range.high,
            Self::Size(range) => range.low <= range.high,
            Self::Rate(range) => range.low <= range.high,
            Self::Unit { range, .. } => range.low <= range.high,
        };
        if ordered { Ok(self) } else { Err("the lower end comes first") }
    }

    fn pick(&self, path: &str, pick: Pick<'_>) -> Scalar {
        fn of<T: Quantity>(range: Ranged<T>, path: &str, pick: Pick<'_>) -> T {
            match pick {
                Pick::Low => range.low,
                Pick::High => range.high,
                Pick::Draw(draw) => range.draw(draw(path)),
            }
        }
        let plain = |text: String, value: Value| Scalar { text, value, quoted: false };
        let words = |text: String| plain(text.clone(), Value::String(text));
        match self {
            Self::Count { low, high } => {
                let above = Ranged { low: 0, high: high.wrapping_sub(*low).cast_unsigned() };
                let value = low.wrapping_add(of(above, path, pick).cast_signed());
                plain(value.to_string(), value.into())
            }
            Self::Duration(range) => words(of(*range, path, pick).to_string()),
            Self::Share(range) => words(of(*range, path, pick).to_string()),
            Self::Offset(range) => words(of(*range, path, pick).to_string()),
            Self::Drift(range) => words(of(*range, path, pick).to_string()),
            Self::Rate(range) => words(format!("{}B/s", of(*range, path, pick).0)),
            Self::Size(range) => words(format!("{}B", of(*range, path, pick).0)),
            Self::Unit { range, unit } => words(format!("{}{unit}", of(*range, path, pick))),
        }
    }
}

/// The tree with each range replaced by one of its values.
pub(crate) fn resolve(node: &Node, path: &str, pick: Pick<'_>) -> Node {
    resolve_but(node, path, pick, |_| false)
}

/// The same, but a range at a path that `is_kept` stays as it is.
pub(crate) fn resolve_but(node: &Node, path: &str, pick: Pick<'_>, is_kept: impl Fn(&str) -> bool) -> Node {
    node.replaced(path, &mut |path, node| {
        let range = AnyRange::read(node).filter(|_| !is_kept(path))?.ok()?;
        Some(range.pick(path, pick))
    })
}

/// Whether there is any range in the tree; reports those that are none.
pub(crate) fn check(node: &Node, report: &mut Report) -> HasRanges {
    let mut found = HasRanges::No;
    node.replaced("", &mut |_, node| {
        match AnyRange::read(node)? {
            Ok(_) => found = HasRanges::Yes,
            Err(reason) => {
                let title = format!("`{}` is not a range", shown(node.text().unwrap_or_default()));
                let error = report.error(Code::Range, node.span.clone(), title).label(reason);
                error.help("text that only looks like a range goes in quotes");
            }
        }
        None
    });
    found
}

/// Whether a tree holds a range.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum HasRanges {
    Yes,
    No,
}
