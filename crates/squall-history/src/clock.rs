//! Clocks as data: how far and how fast a node's clock is off, before any fault and under one.
//!
//! How a simulated node's clocks behave is told in `docs/faults.md`; nothing here reads a clock.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::SimDuration;
use crate::time::DurationError;

/// How far a clock is off, in nanoseconds: above zero it shows too much. Written as a duration with
/// its sign: `-20ms`, `500ms`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ClockOffset(pub i64);

/// How much too fast a clock runs, in parts per million: below zero it is slow. Written `-200ppm`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ClockDrift(i32);

/// The nodes' clocks before any fault. Each node draws its own from the ranges (domain `Clock`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ClockProfile {
    /// Lowest and highest drift, of monotonic and wall clock alike.
    pub drift: (ClockDrift, ClockDrift),
    /// Lowest and highest offset of the wall clock.
    pub skew: (ClockOffset, ClockOffset),
    /// Half the width of the interval that `squall_io::time::wall_clock` gives. It is what nodes are
    /// told, whether their clocks keep to it or not.
    pub uncertainty: SimDuration,
}

impl Default for ClockProfile {
    /// Exact clocks that claim 50 ms: the uncertainty of a well-kept NTP client.
    fn default() -> Self {
        Self {
            drift: (ClockDrift::ZERO, ClockDrift::ZERO),
            skew: (ClockOffset::ZERO, ClockOffset::ZERO),
            uncertainty: SimDuration::from_millis(50),
        }
    }
}

impl ClockProfile {
    /// The furthest from true time that any node's wall clock can be after `span`, without a fault.
    pub fn furthest_after(&self, span: SimDuration) -> SimDuration {
        let skew = self.skew.0.0.unsigned_abs().max(self.skew.1.0.unsigned_abs());
        let drift = self.drift.0.0.unsigned_abs().max(self.drift.1.0.unsigned_abs());
        let gained = (u128::from(span.0) * u128::from(drift)).div_ceil(u128::from(MILLION));
        SimDuration(skew.saturating_add(u64::try_from(gained).unwrap_or(u64::MAX)))
    }
}

/// What is wrong with a clock; at least one of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct ClockChange {
    /// The wall clock is off by this while the fault lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skew: Option<ClockOffset>,
    /// Monotonic and wall clock run that much too fast while the fault lasts. At its end the wall
    /// clock is put right; what the monotonic clock has gained or lost stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<ClockDrift>,
    /// The wall clock steps by this, once and for good: the end of the fault does not undo it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jump: Option<ClockOffset>,
    /// The wall clock stands still while the fault lasts, then shows at once what it would have; the
    /// monotonic clock goes on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub freeze: bool,
}

impl ClockChange {
    /// Whether nothing is wrong at all.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// One in parts per million.
const MILLION: u64 = 1_000_000;

impl ClockOffset {
    /// Not off.
    pub const ZERO: Self = Self(0);
}

impl ClockDrift {
    /// As fast as it should be.
    pub const ZERO: Self = Self(0);
    /// The most, either way: a clock at half or one and a half times its speed.
    pub const MOST: i32 = 500_000;

    /// Parts per million; `None` beyond [`MOST`](Self::MOST) either way.
    pub const fn new(ppm: i32) -> Option<Self> {
        if ppm >= -Self::MOST && ppm <= Self::MOST { Some(Self(ppm)) } else { None }
    }

    /// Parts per million.
    pub const fn ppm(self) -> i32 {
        self.0
    }
}

impl fmt::Display for ClockOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        f.pad(&format!("{sign}{}", SimDuration(self.0.unsigned_abs())))
    }
}

impl fmt::Display for ClockDrift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}ppm", self.0))
    }
}

impl fmt::Debug for ClockOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for ClockDrift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ClockOffset {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        let wrong = || DurationError(text.to_owned());
        let (size, sign) = match text.strip_prefix('-') {
            Some(size) => (size, -1),
            None => (text.strip_prefix('+').unwrap_or(text), 1),
        };
        let size: SimDuration = size.parse().map_err(|_| wrong())?;
        i64::try_from(size.0).map(|size| Self(sign * size)).map_err(|_| wrong())
    }
}

/// The text is not a drift, or beyond what a clock can do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a drift: write `50ppm` or `-200ppm`, at most 500000ppm either way")]
pub struct DriftError(pub String);

impl FromStr for ClockDrift {
    type Err = DriftError;

    fn from_str(text: &str) -> Result<Self, DriftError> {
        let parts = text.strip_suffix("ppm").and_then(|number| number.parse().ok());
        parts.and_then(Self::new).ok_or_else(|| DriftError(text.to_owned()))
    }
}

impl Serialize for ClockOffset {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for ClockDrift {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ClockOffset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for ClockDrift {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_and_drifts_read_with_sign_and_unit() {
        let offset = |text: &str| text.parse::<ClockOffset>().map(|offset| offset.0);
        assert_eq!(offset("-20ms"), Ok(-20_000_000));
        assert_eq!(
            (offset("500ms"), offset("+1s"), offset("0s")),
            (Ok(500_000_000), Ok(1_000_000_000), Ok(0))
        );
        for bad in ["", "-", "20", "--1s", "- 1s"] {
            assert!(offset(bad).is_err(), "`{bad}` was read as an offset");
        }
        let drift = |text: &str| text.parse::<ClockDrift>().map(ClockDrift::ppm);
        assert_eq!((drift("50ppm"), drift("-200ppm")), (Ok(50), Ok(-200)));
        for bad in ["", "50", "1%", "ppm", "500001ppm", "1.5ppm"] {
            assert!(drift(bad).is_err(), "`{bad}` was read as a drift");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read_back(ns: i32, ppm in -ClockDrift::MOST..=ClockDrift::MOST) {
            let offset = ClockOffset(i64::from(ns));
            proptest::prop_assert_eq!(offset.to_string().parse(), Ok(offset));
            let drift = ClockDrift(ppm);
            proptest::prop_assert_eq!(drift.to_string().parse(), Ok(drift));
        }
    }

    #[test]
    fn the_furthest_a_clock_can_be_off_is_its_skew_and_what_it_gains() {
        let drift = (ClockDrift(-200), ClockDrift(50));
        let skew = (ClockOffset(-5_000_000), ClockOffset(20_000_000));
        let profile = ClockProfile { drift, skew, ..ClockProfile::default() };
        assert_eq!(profile.furthest_after(SimDuration::from_secs(10)), SimDuration::from_millis(22));
        assert_eq!(ClockProfile::default().furthest_after(SimDuration::from_secs(600)), SimDuration::ZERO);
    }
}
