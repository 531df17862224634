//! The zoo: how well planted bugs are found, in numbers that can be kept and compared.
//!
//! A planted bug is a benchmark of the fault mix and of the oracles: [`hunt()`] runs seeds of one
//! scenario with one bug on and counts those that find it ([`Tally`]); a [`Row`] keeps that with what
//! shrinking made of it, and a [`Score`] is many rows, a file. [`compare`] tells a drop from chance.
//! Nothing here reads a clock, a file or the command line; what was measured with a clock lives apart
//! ([`Times`]), so that two scores compare byte for byte.

mod hunt;
mod score;
mod tally;
mod times;

pub use hunt::{Find, Hunt, Hunted, hunt, what_caught};
pub use score::{Change, Key, Profile, Replayed, Row, SCORE_FORMAT, Score, ShrunkRow, WithoutBug, compare};
pub use tally::{EndedBy, Interval, Tally};
pub use times::{RowTimes, TIMES_FORMAT, Times};
