//! Quantities with units, and ranges `lo..hi` of them that are drawn at planning.
//!
//! A range is drawn once for each place and occurrence, from an address of its own. Spans of time
//! and shares are drawn in steps of about a thousandth of the range's width, so that plans stay
//! readable (`3.281s`); counts are drawn exactly.

use squall_history::{ClockDrift, ClockOffset, Domain, Draw, Draws, Identity, Ppm, SimDuration};

use crate::any_range::AnyRange;
use crate::codes::Code;
use crate::diagnostic::Report;
use crate::fields::{shown, wrong_type};
use crate::tree::Node;

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

/// A whole number with the first of these units that it ends on, in the smallest of them.
fn scaled(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let (number, scale) = units.iter().find_map(|(unit, scale)| Some((text.strip_suffix(unit)?, scale)))?;
    if number.is_empty() {
        return None;
    }
    u64::read(number)?.checked_mul(*scale)
}

/// What a size looks like, for error messages.
pub const BYTES_HINT: &str = <Bytes as Quantity>::HINT;

/// The bytes that a size with a unit means: `512B`, `64KiB`, `4GiB`.
pub fn bytes(text: &str) -> Option<u64> {
    scaled(text, &SIZE_UNITS)
}

impl Quantity for Bytes {
    const CODE: Code = Code::Size;
    const NAME: &'static str = "a size";
    const HINT: &'static str = "write a whole number and a unit, as `512B`, `64KiB` or `4GiB`";
    const STEPPED: bool = false;
    fn read(text: &str) -> Option<Self> {
        scaled(text, &SIZE_UNITS).map(Self)
    }
    fn to_integer(self) -> u64 {
        self.0
    }
    fn from_integer(integer: u64) -> Self {
        Self(integer)
    }
}

/// Bytes per second.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Rate(pub(crate) u64);

/// Bits come as multiples of eight per second.
const BIT_UNITS: [(&str, u64); 4] = [
    ("kbit", 1_000 / 8),
    ("Mbit", 1_000_000 / 8),
    ("Gbit", 1_000_000_000 / 8),
    ("Tbit", 1_000_000_000_000 / 8),
];

impl Quantity for Rate {
    const CODE: Code = Code::Size;
    const NAME: &'static str = "a rate";
    const HINT: &'static str = "write bits per second, as `10Mbit` or `1Gbit`, or bytes, as `64KiB/s`";
    const STEPPED: bool = true;
    fn read(text: &str) -> Option<Self> {
        if let Some(size) = text.strip_suffix("/s") {
            return Bytes::read(size).map(|bytes| Self(bytes.0));
        }
        scaled(text, &BIT_UNITS).map(Self)
    }
    fn to_integer(self) -> u64 {
        self.0
    }
    fn from_integer(integer: u64) -> Self {
        Self(integer)
    }
}

impl Quantity for ClockOffset {
    const CODE: Code = Code::Duration;
    const NAME: &'static str = "an offset";
    const HINT: &'static str = "write a duration with or without a sign, as `-500ms` or `20ms`";
    const STEPPED: bool = true;
    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
    /// In order: the lowest comes first.
    fn to_integer(self) -> u64 {
        self.0.cast_unsigned() ^ (1 << 63)
    }
    fn from_integer(integer: u64) -> Self {
        Self((integer ^ (1 << 63)).cast_signed())
    }
}

impl Quantity for ClockDrift {
    const CODE: Code = Code::Share;
    const NAME: &'static str = "a drift";
    const HINT: &'static str = "write parts per million with or without a sign, as `-200ppm` or `50ppm`";
    const STEPPED: bool = true;
    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
    fn to_integer(self) -> u64 {
        i64::from(self.ppm()).cast_unsigned() ^ (1 << 63)
    }
    fn from_integer(integer: u64) -> Self {
        let ppm = i32::try_from((integer ^ (1 << 63)).cast_signed()).ok().and_then(Self::new);
        ppm.expect("between two drifts lie drifts only")
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
