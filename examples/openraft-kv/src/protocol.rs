//! What clients and servers say to each other, and the types openraft is configured with.

use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, VoteRequest, VoteResponse,
};
use openraft::{BasicNode, SnapshotMeta, Vote};
use serde::{Deserialize, Serialize};

use crate::runtime::Ground;

openraft::declare_raft_types!(
    /// How openraft is used here. A node's id is its number: `server-2` is 2.
    pub(crate) Kv:
        D = Request,
        R = Answer,
        NodeId = u64,
        Node = BasicNode,
        SnapshotData = Vec<u8>,
        AsyncRuntime = Ground,
);

/// Where servers listen.
pub(crate) const PORT: u16 = 7_000;

/// An operation of a client.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Op {
    Get { key: String },
    Put { key: String, value: String },
    Append { key: String, text: String },
    Cas { key: String, expected: Option<String>, new: String },
}

impl Op {
    pub(crate) fn key(&self) -> &str {
        match self {
            Self::Get { key } | Self::Put { key, .. } | Self::Append { key, .. } | Self::Cas { key, .. } => {
                key
            }
        }
    }
}

/// A client's request. `seq` counts its requests; a retry keeps it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Request {
    pub(crate) client: String,
    pub(crate) seq: u64,
    pub(crate) op: Op,
}

/// What an executed operation gives.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// Of a get.
    Value(Option<String>),
    /// Of a put or an append, and of openraft's own entries.
    Done,
    /// Of a cas: whether it matched.
    Swapped(bool),
    /// A later request of this client was executed; this one never will be again.
    Superseded,
}

/// What became of a request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Outcome {
    Executed(Answer),
    /// Not known to be executed here; that server may lead. A write may still happen.
    TryElsewhere(Option<u64>),
}

/// What a connection carries towards a server.
#[derive(Serialize, Deserialize)]
pub(crate) enum Call {
    Append(AppendEntriesRequest<Kv>),
    Vote(VoteRequest<u64>),
    Snapshot { vote: Vote<u64>, meta: SnapshotMeta<u64, BasicNode>, data: Vec<u8> },
    Client(Request),
}

/// What comes back.
#[derive(Serialize, Deserialize)]
pub(crate) enum Reply {
    Append(AppendEntriesResponse<u64>),
    Vote(VoteResponse<u64>),
    Snapshot(SnapshotResponse<u64>),
    Client(Outcome),
}
