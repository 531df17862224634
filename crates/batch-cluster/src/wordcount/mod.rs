//! Word count as map and reduce, and the plain loop that it is compared with.
//!
//! Nothing in here knows of workers, attempts' fates or the network: a map is a function of its
//! split, a reduce of its segments. The reference shares with them the words of a record
//! ([`each_word`]) and the generator of inputs ([`generated`]), and nothing else.

mod counts;
mod map;
mod record;
mod reduce;
mod reference;
mod source;
mod split;
#[cfg(test)]
mod tests;

pub use map::{Counted, Counting, OUTPUT_MAX, partition};
pub use record::each_word;
#[cfg(test)]
use record::words;
pub use reduce::{Merging, Piece, parse, verified};
pub use reference::{reference, reference_of_text};
pub use source::generated;
pub use split::{LINE_MAX, Records, Split};
