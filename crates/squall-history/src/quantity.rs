//! Quantities that carry a unit in text and an integer in memory.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A share of one, in parts per million: `0.1%` is 1,000. From 0 to 1,000,000.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Ppm(u32);

impl Ppm {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The whole.
    pub const ONE: Self = Self(1_000_000);

    /// `None` above one million.
    pub const fn new(parts: u32) -> Option<Self> {
        if parts <= 1_000_000 { Some(Self(parts)) } else { None }
    }

    /// Whole percents, at most 100.
    ///
    /// # Panics
    /// Above 100.
    pub const fn percent(percent: u32) -> Self {
        assert!(percent <= 100, "a share exceeds the whole");
        Self(percent * 10_000)
    }

    /// Whether it is nothing.
    pub const fn is_zero(&self) -> bool {
        self.0 == 0
    }

    /// Parts per million, 0 to 1,000,000.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// This share of `whole`, rounded to the nearest, halves up.
    pub const fn of(self, whole: u32) -> u32 {
        ((whole as u64 * self.0 as u64 + 500_000) / 1_000_000) as u32
    }
}

impl fmt::Display for Ppm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 10_000, self.0 % 10_000);
        if rest == 0 {
            return write!(f, "{whole}%");
        }
        let decimals = format!("{rest:04}");
        write!(f, "{whole}.{}%", decimals.trim_end_matches('0'))
    }
}

impl fmt::Debug for Ppm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not a share with its unit, or is above the whole, or finer than a millionth.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a share: write a percentage from `0%` to `100%` with at most four decimals, or `50ppm`"
)]
pub struct PpmError(pub String);

impl FromStr for Ppm {
    type Err = PpmError;

    fn from_str(text: &str) -> Result<Self, PpmError> {
        let wrong = || PpmError(text.to_owned());
        if let Some(parts) = text.strip_suffix("ppm") {
            return parts.parse().ok().and_then(Self::new).ok_or_else(wrong);
        }
        let number = text.strip_suffix('%').ok_or_else(wrong)?;
        let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(decimals) || decimals.len() > 4 || whole.len() > 3 {
            return Err(wrong());
        }
        let whole: u32 = whole.parse().map_err(|_| wrong())?;
        let rest: u32 = format!("{decimals:0<4}").parse().map_err(|_| wrong())?;
        Self::new(whole * 10_000 + rest).ok_or_else(wrong)
    }
}

impl Serialize for Ppm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Ppm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_read_with_their_unit() {
        assert_eq!("0.1%".parse(), Ok(Ppm(1_000)));
        assert_eq!("34%".parse(), Ok(Ppm(340_000)));
        assert_eq!("50ppm".parse(), Ok(Ppm(50)));
        assert_eq!("100%".parse(), Ok(Ppm::ONE));
        for bad in ["", "1", "0.1", "101%", "-1%", "0.00001%", "%", "1.%", "ppm"] {
            assert!(bad.parse::<Ppm>().is_err(), "`{bad}` was read as a share");
        }
    }

    #[test]
    fn writes_what_it_reads() {
        for parts in [0, 1, 50, 1_000, 340_000, 999_999, 1_000_000] {
            assert_eq!(Ppm(parts).to_string().parse(), Ok(Ppm(parts)));
        }
    }
}
