//! The words of leader-based consensus (Ongaro, "Consensus: Bridging Theory and Practice", 2014,
//! chapter 3). A primary/backup system speaks them for its primary.

use serde::{Deserialize, Serialize};

use super::Observation;
use crate::NodeName;

/// What a member of a consensus group tells.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// It acts as leader from now on.
    BecameLeader {
        /// Its term (view, epoch, ballot).
        term: u64,
    },
    /// It no longer acts as leader.
    SteppedDown {
        /// The term it led.
        term: u64,
    },
    /// It gave its vote, durably.
    Voted {
        /// In this term.
        term: u64,
        /// To this candidate.
        candidate: NodeName,
    },
    /// Entries lie in its log.
    Appended {
        /// Index of the last one, from 1.
        index: u64,
        /// Term of the last one.
        term: u64,
    },
    /// It knows the log up to here to be committed.
    Committed {
        /// Index of the last committed entry.
        index: u64,
    },
    /// It applied an entry to its state machine.
    Applied {
        /// Index of the entry.
        index: u64,
        /// Term of the entry.
        term: u64,
    },
}

impl Observation for Event {
    fn into_body(self) -> crate::Body {
        crate::Body::Raft(self)
    }
}
