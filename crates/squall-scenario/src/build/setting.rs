//! A value of a scenario, as text of YAML.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use squall_history::{Ppm, Seed, SimDuration};

use crate::write::quoted;

/// A value: a number, a span of time, a share, a text, a range of them (`low..=high`), a list or a mapping.
///
/// A text stands for whatever a file could say there: `"5%"`, `"10Mbit"`, `"uniform"`.
#[derive(Clone, PartialEq, Debug)]
pub enum Setting {
    /// A number, a measure, a range.
    Plain(String),
    /// A text.
    Text(String),
    /// Several.
    List(Vec<Self>),
    /// By key.
    Map(Map),
}

/// Keys with their values, in the order they were given.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Map(Vec<(String, Setting)>);

impl Map {
    /// Nothing yet.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// With one key more; given twice, the last value counts.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Setting>) -> Self {
        self.0.retain(|(known, _)| known != key);
        self.0.push((key.to_owned(), value.into()));
        self
    }

    /// With one key more, if there is a value for it.
    #[must_use]
    pub(super) fn with_some(self, key: &str, value: Option<Setting>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(text) => f.write_str(text),
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(Self::to_string).collect();
                write!(f, "[{}]", items.join(", "))
            }
            Self::Map(Map(entries)) if entries.is_empty() => f.write_str("{}"),
            Self::Map(Map(entries)) => {
                let entries: Vec<String> =
                    entries.iter().map(|(key, value)| format!("{}: {value}", quoted(key))).collect();
                write!(f, "{{ {} }}", entries.join(", "))
            }
        }
    }
}

/// What is plain in YAML, and what ranges can be made of.
macro_rules! plain {
    ($($type:ty),+) => {$(
        impl From<$type> for Setting {
            fn from(value: $type) -> Self {
                Self::Plain(value.to_string())
            }
        }

        impl From<RangeInclusive<$type>> for Setting {
            fn from(range: RangeInclusive<$type>) -> Self {
                Self::Plain(format!("{}..{}", range.start(), range.end()))
            }
        }
    )+};
}

plain!(u8, u16, u32, u64, i32, i64, usize, SimDuration, Ppm, Seed);

impl From<Duration> for Setting {
    /// At most [`SimDuration`]'s longest, 584 years.
    fn from(span: Duration) -> Self {
        Self::from(SimDuration::from(span))
    }
}

impl From<RangeInclusive<Duration>> for Setting {
    fn from(range: RangeInclusive<Duration>) -> Self {
        let (start, end) = range.into_inner();
        Self::from(SimDuration::from(start)..=SimDuration::from(end))
    }
}

impl From<bool> for Setting {
    fn from(value: bool) -> Self {
        Self::Plain(value.to_string())
    }
}

impl From<&str> for Setting {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Setting {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Map> for Setting {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}

impl<T: Into<Self>> From<Vec<T>> for Setting {
    fn from(items: Vec<T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Self>, const N: usize> From<[T; N]> for Setting {
    fn from(items: [T; N]) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}
