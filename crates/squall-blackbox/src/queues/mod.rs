//! Queues: what goes in comes out, and in which order.
//!
//! | `f` | argument | result |
//! |---|---|---|
//! | `enqueue` | the message | nothing (is not looked at) |
//! | `dequeue` | – | the message; `null`: the queue was empty |
//! | `drain` | – | an array of all messages taken, in the order taken; the queue was empty then |
//!
//! [`Queue`] asks for no order, as Jepsen's `total-queue` does. [`FifoQueue`] asks for the order in which
//! messages came. Each key is a queue of its own. A `dequeue` or `drain` that ended in `info`, or never,
//! may have taken messages that nobody saw: what is missing is lost only if they cannot have taken it.

mod fifo;
mod messages;
mod unordered;

pub use fifo::{FifoOrder, FifoQueue};
pub use unordered::{Delivery, Drained, Queue};

pub(crate) use fifo::ENTRY as FIFO_QUEUE;
pub(crate) use unordered::ENTRY as QUEUE;
