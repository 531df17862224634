//! What a system asserts about itself, in words.

use squall_history::Assertion;

use super::WORDS_CHARS_MAX;
use crate::text::one_line;

pub(super) fn words(event: &Assertion) -> String {
    let safe = |words: &str| one_line(words, WORDS_CHARS_MAX);
    match event {
        Assertion::Broken { name, place, details } if details.is_empty() => {
            format!("assertion `{}` does not hold ({})", safe(name), safe(place))
        }
        Assertion::Broken { name, place, details } => {
            format!("assertion `{}` does not hold: {} ({})", safe(name), safe(details), safe(place))
        }
        Assertion::Reached { name } => format!("reached `{}` for the first time", safe(name)),
    }
}
