//! Cooperation of the system under test: unlikely turns that it offers ([`buggify`]), named points
//! at which it can be struck ([`hook`]), and what it asserts about itself ([`mod@assert`]).
//!
//! The system knows nothing of who listens. While no rule is in force a site costs one look at a
//! thread-local, and a point one count. What is drawn here does not fold into the digest; what takes
//! effect does, literally.

pub mod assert;
pub mod buggify;
pub mod hook;

use self::assert::Told;
use self::buggify::BuggifyRules;
use self::hook::Hooks;

/// The state of all three.
#[derive(Debug, Default)]
pub(crate) struct Coop {
    buggify: BuggifyRules,
    hooks: Hooks,
    told: Told,
}

impl Coop {
    /// Whether a hook struck since this was asked last.
    pub(crate) fn take_news(&mut self) -> bool {
        self.hooks.take_news()
    }
}

/// A world comes onto this thread, or goes.
pub(crate) fn reset() {
    buggify::reset();
    hook::reset();
}

// What an event is, for the digest.
const FIRED: u64 = 0x30;
const STRUCK: u64 = 0x31;
