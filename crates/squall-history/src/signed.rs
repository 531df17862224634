//! Quantities that go both ways: how far a clock is off, and how fast it runs away.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::SimDuration;

/// A span with a sign, in nanoseconds: how far a clock is ahead of true time, or behind it.
/// Written as a duration, with `-` if it is behind: `-500ms`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Offset(pub i64);

/// How much faster a clock runs than true time, in parts per million; slower if below zero. From
/// −500,000 (half as fast) to 1,000,000 (twice as fast).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Drift(i32);

impl Offset {
    /// None at all.
    pub const ZERO: Self = Self(0);

    /// Whole milliseconds.
    pub const fn from_millis(ms: i64) -> Self {
        Self(ms * 1_000_000)
    }

    /// Its size.
    pub const fn span(self) -> SimDuration {
        SimDuration(self.0.unsigned_abs())
    }
}

impl Drift {
    /// As fast as true time.
    pub const ZERO: Self = Self(0);
    /// The slowest.
    pub const MIN: Self = Self(-500_000);
    /// The fastest.
    pub const MAX: Self = Self(1_000_000);

    /// `None` outside of [`MIN`](Self::MIN) to [`MAX`](Self::MAX).
    pub const fn new(ppm: i32) -> Option<Self> {
        if ppm >= Self::MIN.0 && ppm <= Self::MAX.0 { Some(Self(ppm)) } else { None }
    }

    /// Parts per million.
    pub const fn ppm(self) -> i32 {
        self.0
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        f.pad(&format!("{sign}{}", self.span()))
    }
}

impl fmt::Debug for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}ppm", self.0))
    }
}

impl fmt::Debug for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is neither of the two.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignedError {
    /// No offset.
    #[error("`{0}` is not an offset: write a duration with or without a sign, as `-500ms` or `20ms`")]
    Offset(String),
    /// No drift.
    #[error("`{0}` is not a drift: write parts per million from `-500000ppm` to `1000000ppm`, as `-50ppm`")]
    Drift(String),
}

impl FromStr for Offset {
    type Err = SignedError;

    fn from_str(text: &str) -> Result<Self, SignedError> {
        let wrong = || SignedError::Offset(text.to_owned());
        let (digits, sign) = text.strip_prefix('-').map_or((text, 1), |digits| (digits, -1));
        let span: SimDuration = digits.parse().map_err(|_| wrong())?;
        let size = i64::try_from(span.as_nanos()).map_err(|_| wrong())?;
        Ok(Self(sign * size))
    }
}

impl FromStr for Drift {
    type Err = SignedError;

    fn from_str(text: &str) -> Result<Self, SignedError> {
        let number = text.strip_suffix("ppm").filter(|number| !number.starts_with('+'));
        let drift = number.and_then(|number| number.parse().ok()).and_then(Self::new);
        drift.ok_or_else(|| SignedError::Drift(text.to_owned()))
    }
}

impl Serialize for Offset {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Offset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for Drift {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Drift {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_signs_are_read_and_written() {
        for text in ["-500ms", "20ms", "0s", "1.5s", "-1ns"] {
            assert_eq!(text.parse::<Offset>().map(|offset| offset.to_string()), Ok(text.to_owned()));
        }
        for text in ["-50ppm", "200ppm", "0ppm", "-500000ppm", "1000000ppm"] {
            assert_eq!(text.parse::<Drift>().map(|drift| drift.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn what_has_no_unit_or_is_out_of_bounds_is_refused() {
        for bad in ["", "5", "--5ms", "-", "+5ms", "300y"] {
            assert!(bad.parse::<Offset>().is_err(), "`{bad}` was read as an offset");
        }
        for bad in ["", "5", "ppm", "50%", "-500001ppm", "1000001ppm", "+5ppm"] {
            assert!(bad.parse::<Drift>().is_err(), "`{bad}` was read as a drift");
        }
    }
}
