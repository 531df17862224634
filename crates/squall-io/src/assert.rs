//! Assertions that a system makes about itself, judged by the harness.
//!
//! They never panic. In a simulation a promise that breaks is a violation of the invariant `always`,
//! and what is worth reaching is remembered: a campaign names the assertions that it never reached.
//! On a real ground a broken promise is a `tracing` event at level `ERROR`. The names of the four are
//! Antithesis's.
//!
//! `unreachable` has the name of the standard library's macro, which panics: import the module.
//!
//! ```
//! use squall_io::assert;
//! let (committed, applied) = (7, 7);
//! assert::always!(applied <= committed, "log/applied-is-committed", "{applied} of {committed}");
//! assert::sometimes!(applied == committed, "log/caught-up");
//! ```

use std::fmt::Arguments;

use crate::catalogue::Point;

pub use crate::{
    __always as always, __reachable as reachable, __sometimes as sometimes, __unreachable as unreachable,
};

/// This must hold whenever it is evaluated: `always!(condition, "name")`, with a message to format
/// behind it if there is more to say.
#[doc(hidden)]
#[macro_export]
macro_rules! __always {
    ($condition:expr, $name:expr $(,)?) => {
        $crate::__always!($condition, $name, "")
    };
    ($condition:expr, $name:expr, $($details:tt)+) => {{
        let point = $crate::__point!(Always, $name);
        if !$condition {
            $crate::private::broken(point, ::core::format_args!($($details)+));
        }
    }};
}

/// This must never be reached: `unreachable!("name")`, with a message to format behind it if there is
/// more to say.
#[doc(hidden)]
#[macro_export]
macro_rules! __unreachable {
    ($name:expr $(,)?) => {
        $crate::__unreachable!($name, "")
    };
    ($name:expr, $($details:tt)+) => {
        $crate::private::broken($crate::__point!(Unreachable, $name), ::core::format_args!($($details)+))
    };
}

/// This should hold in some evaluation of some run: `sometimes!(condition, "name")`.
#[doc(hidden)]
#[macro_export]
macro_rules! __sometimes {
    ($condition:expr, $name:expr $(,)?) => {{
        let point = $crate::__point!(Sometimes, $name);
        if $condition {
            $crate::private::reached(point);
        }
    }};
}

/// This should be reached in some run: `reachable!("name")`.
#[doc(hidden)]
#[macro_export]
macro_rules! __reachable {
    ($name:expr $(,)?) => {
        $crate::private::reached($crate::__point!(Reachable, $name))
    };
}

/// See [`always!`] and [`unreachable!`].
#[cold]
pub fn broken(point: &'static Point, details: Arguments<'_>) {
    #[cfg(feature = "sim")]
    if squall_sim::in_simulation() {
        let (place, details) = (point.place(), details.to_string());
        squall_sim::coop::assert::broken(point.number(), point.name(), place, details);
        return;
    }
    tracing::error!(
        target: "squall",
        assertion = point.name(),
        place = %point.place(),
        %details,
        "an assertion does not hold"
    );
}

/// See [`sometimes!`] and [`reachable!`].
#[inline]
pub fn reached(point: &'static Point) {
    #[cfg(feature = "sim")]
    squall_sim::coop::assert::reached(point.number(), point.name());
    let _ = point;
}
