//! Quantities with units, and ranges `lo..hi` of them that are drawn at planning.
//!
//! A range is drawn once for each place and occurrence, from an address of its own. Spans of time
//! and shares are drawn in steps of about a thousandth of the range's width, so that plans stay
//! readable (`3.281s`); counts are drawn exactly.

use serde_json::Value;
use squall_history::{Domain, Draw, Draws, Identity, Ppm, SimDuration};

use crate::codes::Code;
use crate::diagnostic::Report;
use crate::fields::{shown, wrong_type};
use crate::tree::{Kind, Node, Scalar};

/// Something with a unit that can stand in a file.
pub(crate) trait Quantity: Copy + Ord {
    /// Code of the error about text that is none.
    const CODE: Code;
    /// As in "`x` is not …".
    const NAME: &'static str;
    /// What to write instead.
    const HINT: &'static str;
    /// Whether a range is drawn in readable steps instead of exactly.
    const STEPPED: bool;
    fn read(text: &str) -> Option<Self>;
    fn to_integer(self) -> u64;
    /// Given only integers between those of two quantities.
    fn from_integer(integer: u64) -> Self;
}

impl Quantity for SimDuration {
    const CODE: Code = Code::Duration;
    const NAME: &'static str = "a duration";
    const HINT: &'static str = "write a number and a unit, as `500ms`, `1.5s` or `2m30s`";
    const STEPPED: bool = true;
    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
    fn to_integer(self) -> u64 {
        self.as_nanos()
    }
    fn from_integer(integer: u64) -> Self {
        Self::from_nanos(integer)
    }
}

impl Quantity for Ppm {
    const CODE: Code = Code::Share;
    const NAME: &'static str = "a share";
    const HINT: &'static str = "write a percentage from `0%` to `100%`, or `50ppm`";
    const STEPPED: bool = true;
    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
    fn to_integer(self) -> u64 {
        self.get().into()
    }
    fn from_integer(integer: u64) -> Self {
        let parts = u32::try_from(integer).ok().and_then(Self::new);
        parts.expect("between two shares lie shares only")
    }
}

impl Quantity for u64 {
    const CODE: Code = Code::Count;
    const NAME: &'static str = "a count";
    const HINT: &'static str = "write a whole number without a unit";
    const STEPPED: bool = false;
    fn read(text: &str) -> Option<Self> {
        let digits = text.replace('_', "");
        digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
    }
    fn to_integer(self) -> u64 {
        self
    }
    fn from_integer(integer: u64) -> Self {
        integer
    }
}

impl Quantity for u32 {
    const CODE: Code = Code::Count;
    const NAME: &'static str = "a count";
    const HINT: &'static str = "write a whole number without a unit, below 2^32";
    const STEPPED: bool = false;
    fn read(text: &str) -> Option<Self> {
        u64::read(text).and_then(|count| count.try_into().ok())
    }
    fn to_integer(self) -> u64 {
        self.into()
    }
    fn from_integer(integer: u64) -> Self {
        Self::try_from(integer).expect("between two counts lie counts only")
    }
}

/// A number of bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Bytes(pub(crate) u64);

const SIZE_UNITS: [(&str, u64); 9] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("B", 1),
];

impl Quantity for Bytes {
    const CODE: Code = Code::Size;
    const NAME: &'static str = "a size";
    const HINT: &'static str = "write a whole number and a unit, as `512B`, `64KiB` or `4GiB`";
    const STEPPED: bool = false;
    fn read(text: &str) -> Option<Self> {
        let (number, scale) =
            SIZE_UNITS.iter().find_map(|(unit, scale)| Some((text.strip_suffix(unit)?, scale)))?;
        if number.is_empty() {
            return None;
        }
        u64::read(number)?.checked_mul(*scale).map(Self)
    }
    fn to_integer(self) -> u64 {
        self.0
    }
    fn from_integer(integer: u64) -> Self {
        Self(integer)
    }
}

/// A quantity, or a range of it with both ends included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Ranged<T> {
    pub(crate) low: T,
    pub(crate) high: T,
}

impl<T: Quantity> Ranged<T> {
    pub(crate) fn fixed(value: T) -> Self {
        Self { low: value, high: value }
    }

    /// Reads `5s` or `5s..8s`.
    pub(crate) fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let Some(text) = node.text() else {
            wrong_type(node, "the value", T::NAME, report);
            return None;
        };
        let Some((low, high)) = text.split_once("..") else {
            return quantity(text, node, report).map(Self::fixed);
        };
        let (low, high) = (quantity(low.trim(), node, report), quantity(high.trim(), node, report));
        let range = Self { low: low?, high: high? };
        if range.low > range.high {
            reversed(node, report);
            return None;
        }
        Some(range)
    }

    /// The value at this address.
    pub(crate) fn draw(self, draw: Draw) -> T {
        let (low, high) = (self.low.to_integer(), self.high.to_integer());
        let step = if T::STEPPED { readable_step(high - low) } else { 1 };
        T::from_integer(low + step * draw.between(0, (high - low) / step))
    }
}

/// The largest power of ten that is at most a thousandth of the width, at least one.
fn readable_step(width: u64) -> u64 {
    let mut step = 1;
    while step <= width / 10_000 {
        step *= 10;
    }
    step
}

/// A quantity that is never drawn, such as a limit.
pub(crate) fn fixed<T: Quantity>(node: &Node, report: &mut Report) -> Option<T> {
    let Some(text) = node.text() else {
        wrong_type(node, "the value", T::NAME, report);
        return None;
    };
    if let Some(Ok(_)) = AnyRange::read(node) {
        let title = format!("a range, `{}`, where one value is needed", shown(text));
        report.error(Code::Range, node.span.clone(), title).label("not drawn from the seed");
        return None;
    }
    quantity(text, node, report)
}

fn quantity<T: Quantity>(text: &str, node: &Node, report: &mut Report) -> Option<T> {
    let value = T::read(text);
    if value.is_none() {
        let error = report
            .error(T::CODE, node.span.clone(), format!("`{}` is not {}", shown(text), T::NAME))
            .label(T::HINT);
        let bare = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if bare && T::CODE == Code::Duration {
            error.help(format!("the unit is missing: did you mean `{text}s` or `{text}ms`?"));
        } else if bare && T::CODE == Code::Share {
            error.help(format!("the unit is missing: did you mean `{text}%`?"));
        }
    }
    value
}

fn reversed(node: &Node, report: &mut Report) {
    let title = format!("the range `{}` is empty", shown(node.text().unwrap_or_default()));
    report.error(Code::Range, node.span.clone(), title).label("the lower end comes first");
}

/// Where the draws of one occurrence of something come from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Address<'d> {
    pub(crate) draws: &'d Draws,
    pub(crate) identity: Identity,
    pub(crate) n: u64,
}

impl Address<'_> {
    /// The draw for one of its fields, named by a dotted path.
    pub(crate) fn field(&self, path: &str) -> Draw {
        self.draws.draw(Domain::Plan, self.identity, self.n).property(Identity::of(path).0)
    }
}

/// A range of whatever kind, in a section whose types this crate does not know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum AnyRange {
    Count {
        low: i64,
        high: i64,
    },
    Duration(Ranged<SimDuration>),
    Share(Ranged<Ppm>),
    Size(Ranged<Bytes>),
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
        if let Some(range) = pair(low, high) {
            return Some(Self::Share(range));
        }
        let split = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let ((low, unit), (high, same)) = (low.split_at(split(low)), high.split_at(split(high)));
        if unit == same && !unit.starts_with('.') {
            return Some(Self::Unit { range: pair(low, high)?, unit: unit.to_owned() });
        }
        pair(&format!("{low}{unit}"), &format!("{high}{same}")).map(Self::Size)
    }

    fn ordered(self) -> Result<Self, &'static str> {
        let ordered = match &self {
            Self::Count { low, high } => low <= high,
            Self::Duration(range) => range.low <= range.high,
            Self::Share(range) => range.low <= range.high,
            Self::Size(range) => range.low <= range.high,
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
            Self::Size(range) => words(format!("{}B", of(*range, path, pick).0)),
            Self::Unit { range, unit } => words(format!("{}{unit}", of(*range, path, pick))),
        }
    }
}

/// The tree with each range replaced by one of its values.
pub(crate) fn resolve(node: &Node, path: &str, pick: Pick<'_>) -> Node {
    node.replaced(path, &mut |path, node| {
        let range = AnyRange::read(node)?.ok()?;
        Some(range.pick(path, pick))
    })
}

/// Whether there is any range in the tree; reports those that are none.
pub(crate) fn check_ranges(node: &Node, report: &mut Report) -> HasRanges {
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
