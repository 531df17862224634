//! What the shipped systems say to each other with: frames with a checksum, and a line to a peer
//! that comes back after every failure.
//!
//! It belongs to the systems under test, not to the harness: it stands on `squall-io` and knows
//! nothing of faults. What the messages are is each system's own.

mod alarm;
mod encoding;
mod frame;
mod outbox;
pub mod peer;

pub use alarm::Alarm;
pub use encoding::{Malformed, decode, encode, encoded_len};
pub use frame::{MAX_FRAME, crc32c, frame, read_frame};
pub use outbox::Outbox;
