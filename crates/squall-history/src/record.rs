//! What a history is made of: one line per thing that happened.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::vocab::{Custom, Word, batch, raft};
use crate::{Action, Assertion, Boot, DiskEvent, FaultId, NodeName, Op, SimTime};

/// One thing that happened at one instant.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Record {
    /// True virtual time.
    pub at: SimTime,
    /// Where; absent for what concerns no single node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeName>,
    /// In which incarnation of that node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot: Option<Boot>,
    /// What.
    #[serde(flatten)]
    pub body: Body,
}

impl Record {
    /// It as a word of the system's own: `record.word::<Lease>()`. `None` if it is something else.
    pub fn word<W: Word>(&self) -> Option<W> {
        match &self.body {
            Body::Custom(word) => W::read(word),
            _ => None,
        }
    }
}

/// What happened. `op` comes from clients, `node`, `fault` and `disk` from the engine (a system
/// cannot forge them), the rest from what systems tell about themselves.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Body {
    /// A client operation was invoked or completed.
    Op(Op),
    /// A node's life. Not `node` in the file: that is the field that says which.
    #[serde(rename = "life")]
    Node(NodeEvent),
    /// A fault's life.
    Fault(FaultEvent),
    /// Words of the consensus vocabulary.
    Raft(raft::Event),
    /// Words of a vocabulary of the system's own.
    Custom(Custom),
    // A new kind stands at the end: its place is part of what folds into a run's digest.
    /// Words of the batch vocabulary.
    Batch(batch::Event),
    /// What is durable on a node's disk. Told only if an oracle of the run needs `truth.disk`.
    Disk(DiskEvent),
    /// What a system asserts about itself.
    Assert(Assertion),
}

/// The life of a node, as the engine knows it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeEvent {
    /// An incarnation of its software starts.
    Started,
    /// Its process was killed.
    Killed,
    /// Its power was cut.
    PowerLost,
    /// It stands still.
    Paused,
    /// It goes on.
    Resumed,
    /// Its software returned.
    Exited {
        /// The error it returned, if any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// A task of it panicked.
    Panicked {
        /// The panic's message.
        message: String,
        /// `file:line:column`.
        location: String,
    },
    // A new event stands at the end: its place is part of what folds into a run's digest.
    /// It was asked to stop, and may take its time about it.
    Stopping,
    /// Its disks were emptied while it was down.
    Wiped,
}

/// The life of a fault, as the nemesis knows it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultEvent {
    /// It took effect; the action is literal.
    Applied {
        /// Which.
        id: FaultId,
        /// With its targets spelled out.
        action: Action,
        /// Whether it went beyond what the system says it tolerates.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        beyond_budget: bool,
    },
    /// It ended (a stopped node starts again, a link heals).
    Ended {
        /// Which.
        id: FaultId,
    },
    /// What it did, counted, once no more can come (`packets-dropped`, `writes-lost`, …). A fault
    /// with no count above zero had no effect.
    Observed {
        /// Which.
        id: FaultId,
        /// Effect by name.
        effects: BTreeMap<String, u64>,
    },
    /// It could not be applied.
    NotApplied {
        /// Which.
        id: FaultId,
        /// Why (`no node matches`, …).
        why: String,
    },
    /// The fault budget refused it.
    Vetoed {
        /// Which.
        id: FaultId,
        /// Which assumption it would have broken.
        why: String,
    },
}
