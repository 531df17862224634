//! What the storage wants done, as data.
//!
//! The storage itself touches no file: it turns writes into steps, and files into what they hold.
//! So a test can stop between any two steps, lose any part of what was not synced, and start again.

use squall_io::vocab::raft;

/// One thing to do. Steps are done in order, each only when the one before has succeeded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// Something with a file.
    File(FileOp),
    /// Tell the harness, now that the steps before are done.
    Tell(raft::Event),
}

/// Something with a file. Names are relative to the storage's directory; `""` is that directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FileOp {
    /// Makes a file of this content, or gives an existing one this content.
    Create {
        /// Which.
        file: String,
        /// All of it.
        bytes: Vec<u8>,
    },
    /// Writes into an existing file.
    Write {
        /// Which.
        file: String,
        /// Where, in bytes.
        offset: u64,
        /// What.
        bytes: Vec<u8>,
    },
    /// Cuts a file.
    SetLen {
        /// Which.
        file: String,
        /// To so many bytes.
        length: u64,
    },
    /// Makes a file's content durable.
    Sync {
        /// Which.
        file: String,
    },
    /// Gives a file another name.
    Rename {
        /// The old one.
        from: String,
        /// The new one.
        to: String,
    },
    /// Removes a file.
    Remove {
        /// Which.
        file: String,
    },
    /// Makes the names in a directory durable.
    SyncDir {
        /// Which.
        directory: String,
    },
}

impl From<FileOp> for Step {
    fn from(op: FileOp) -> Self {
        Self::File(op)
    }
}
