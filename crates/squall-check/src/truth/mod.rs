//! What the engine itself knows, made answerable: records in, questions out.
//!
//! Several oracles need the same knowledge; each holds its own reader and feeds it every record.
//! Nothing here judges, and nothing here listens to what systems say of themselves.

mod disk;
mod disk_doubt;
mod links;

pub use disk::DiskTruth;
pub use disk_doubt::DiskDoubt;
pub use links::LinkTruth;
