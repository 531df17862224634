//! The one number a run is drawn from.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Seed of a run: with the binary and the scenario it determines every byte of the result.
/// Written in hexadecimal (`0x1f3a`); decimal is read too.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seed(pub u64);

/// The text is neither a decimal number nor `0x` and hexadecimal digits of at most 64 bits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a seed: write a 64-bit number, as `0x1f3a` or `7994`")]
pub struct SeedError(pub String);

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:x}", self.0)
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Seed {
    type Err = SeedError;

    fn from_str(text: &str) -> Result<Self, SeedError> {
        let parsed = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
            Some(hex) => u64::from_str_radix(&hex.replace('_', ""), 16),
            None => text.replace('_', "").parse(),
        };
        parsed.map(Seed).map_err(|_| SeedError(text.to_owned()))
    }
}

impl Serialize for Seed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Seed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        for seed in [Seed(0), Seed(0x1f3a), Seed(u64::MAX)] {
            assert_eq!(seed.to_string().parse(), Ok(seed));
        }
        assert_eq!("7994".parse(), Ok(Seed(0x1f3a)));
        for bad in ["", "0x", "-1", "0x10000000000000000", "seed"] {
            assert!(bad.parse::<Seed>().is_err(), "{bad} was read as a seed");
        }
    }
}
