//! How often something happens: `4/s`.

use std::fmt;
use std::num::NonZeroU32;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use squall::history::SimDuration;

/// So many times a second, at least once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate(NonZeroU32);

impl Rate {
    /// The time between two.
    pub const fn interval(self) -> SimDuration {
        SimDuration(1_000_000_000 / self.0.get() as u64)
    }

    fn parse(text: &str) -> Option<Self> {
        text.strip_suffix("/s")?.trim().parse().ok().map(Self)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/s", self.0)
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            de::Error::custom(format!("`{text}` is not a rate: write a whole number a second, such as `4/s`"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_whole_numbers_a_second() {
        let rate: Rate = serde_json::from_str("\"4/s\"").unwrap();
        assert_eq!((rate.interval(), rate.to_string().as_str()), (SimDuration::from_millis(250), "4/s"));
        for bad in ["4", "0/s", "-1/s", "1.5/s", "4/m", "/s"] {
            let error = serde_json::from_value::<Rate>(bad.into()).unwrap_err();
            assert!(error.to_string().contains("such as `4/s`"), "{bad}: {error}");
        }
    }
}
