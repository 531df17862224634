//! Cooperation: unlikely turns that a system offers, and points at which it can be struck.
//!
//! What a network and a disk may do, the harness does by itself. A system can offer more: a small
//! batch, an early time-out, a write in two pieces, the moment between a write and its sync. Each is
//! legal, only rare. Outside a simulation, and while no fault asks for them, none is taken and nothing
//! happens; there is no way to ask which it is.

/// Whether to take an unlikely, legal turn here; false unless a `buggify` fault is in force.
///
/// A *site* has a name (else module, line and column: such a site is another one after an edit above
/// it). The fault enables each site for its whole length with one chance, 25 % by default, and an
/// enabled site fires at each evaluation with another, 25 % by default or `p` in whole percents.
///
/// ```
/// # let queue = vec![1, 2, 3];
/// let most = if squall_io::buggify!("log/one-by-one") { 1 } else { queue.len() };
/// if squall_io::buggify!("log/late", p = 5%) { /* … */ }
/// if squall_io::buggify!(p = 5%) { /* … */ }
/// # assert_eq!(most, 3);
/// ```
#[macro_export]
macro_rules! buggify {
    () => {
        $crate::buggify!(::core::concat!(::core::module_path!(), ":", ::core::line!(), ":", ::core::column!()))
    };
    (p = $percent:literal %) => {
        $crate::buggify!(
            ::core::concat!(::core::module_path!(), ":", ::core::line!(), ":", ::core::column!()),
            p = $percent %
        )
    };
    ($name:expr) => {
        $crate::private::fires($crate::__point!(Buggify, $name), ::core::option::Option::None)
    };
    ($name:expr, p = $percent:literal %) => {
        $crate::private::fires(
            $crate::__point!(Buggify, $name),
            ::core::option::Option::Some(const { $crate::private::Ppm::percent($percent) }),
        )
    };
}

/// A setting: its default, or while a `buggify` fault is in force that enables this site one of its
/// extremes, the same at each evaluation. Evaluate it where it is used, not once at the start: a
/// fault comes and goes.
///
/// ```
/// let batch = squall_io::knob!("log/batch", 64, 1, 10_000);
/// assert_eq!(batch, 64);
/// ```
#[macro_export]
macro_rules! knob {
    ($name:expr, $default:expr, $($extreme:expr),+ $(,)?) => {{
        let count = [$(::core::stringify!($extreme)),+].len();
        match $crate::private::knob($crate::__point!(Knob, $name), count) {
            ::core::option::Option::None => $default,
            ::core::option::Option::Some(taken) => $crate::private::take([$($extreme),+], taken),
        }
    }};
}

/// A named point that a harness can strike, to be awaited: crash the node exactly here, cut its power,
/// or delay it. If it dies here the await never ends.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// squall_io::hook!("log/between-write-and-sync").await;
/// # });
/// ```
#[macro_export]
macro_rules! hook {
    ($name:expr) => {
        $crate::private::pass($crate::__point!(Hook, $name))
    };
}

/// As [`hook!`], where nothing can be awaited. It cannot be delayed; if the node dies here the task
/// unwinds, unseen. Hold no lock of the standard library across it: that would be poisoned.
#[macro_export]
macro_rules! hook_now {
    ($name:expr) => {
        $crate::private::pass_now($crate::__point!(Hook, $name))
    };
}

use squall_history::Ppm;

use crate::catalogue::Point;

/// See [`buggify!`].
#[inline]
pub fn fires(point: &'static Point, chance: Option<Ppm>) -> bool {
    #[cfg(feature = "sim")]
    return squall_sim::coop::buggify::fires(point.name(), chance);
    #[cfg(not(feature = "sim"))]
    {
        let _ = (point, chance);
        false
    }
}

/// See [`knob!`].
#[inline]
pub fn knob(point: &'static Point, extremes: usize) -> Option<usize> {
    #[cfg(feature = "sim")]
    return squall_sim::coop::buggify::knob(point.name(), extremes);
    #[cfg(not(feature = "sim"))]
    {
        let _ = (point, extremes);
        None
    }
}

/// The extreme that was taken.
pub fn take<T, const COUNT: usize>(extremes: [T; COUNT], taken: usize) -> T {
    extremes.into_iter().nth(taken).expect("one of those that were offered is taken")
}

/// See [`hook!`].
#[inline]
pub async fn pass(point: &'static Point) {
    #[cfg(feature = "sim")]
    squall_sim::coop::hook::pass(point.name()).await;
    let _ = point;
}

/// See [`hook_now!`].
#[inline]
pub fn pass_now(point: &'static Point) {
    #[cfg(feature = "sim")]
    squall_sim::coop::hook::pass_now(point.name());
    let _ = point;
}
