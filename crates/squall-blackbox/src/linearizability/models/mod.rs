//! The models that come with Squall, a file each. Each says in a table which operations it reads.

mod counter;
mod fifo_queue;
mod kv;
mod lock;
mod multi_register;
mod queue;
mod register;
mod set;
mod text;
mod unique_ids;

pub use counter::{CounterCall, CounterModel};
pub use fifo_queue::{FifoQueueModel, QueueCall};
pub use kv::{Kept, KvCall, KvModel};
pub use lock::{Held, LockCall, LockModel, Owner};
pub use multi_register::{MicroOp, MultiRegisterModel};
pub use queue::{QueueModel, Queued};
pub use register::{RegisterModel, ValueCall};
pub use set::{SetCall, SetModel};
pub use text::Text;
pub use unique_ids::{Given, UniqueIdsModel};
