//! Types of a system's own as words.

use super::{Custom, Observation};

/// A type whose values are words of one vocabulary: what a system tells of its inside, with a name and
/// details, and what its own oracles read back. `#[derive(squall_io::Word)]` makes it.
pub trait Word: Sized {
    /// Its words as conditions, `vocab/name`: what [`sometimes`](crate::Expect::sometimes) and `wait-for`
    /// may name once the system lists them.
    const CONDITIONS: &'static [&'static str];

    /// As a record holds it.
    fn write(self) -> Custom;

    /// Read back; `None` if it is another word, or one whose details do not fit.
    fn read(word: &Custom) -> Option<Self>;
}

impl<W: Word> Observation for W {
    fn into_body(self) -> crate::Body {
        crate::Body::Custom(self.write())
    }
}
