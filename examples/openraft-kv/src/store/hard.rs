//! What must outlast a restart besides log and snapshot: openraft's vote and the last committed entry.

use std::io;

use openraft::{LogId, Vote};
use serde::{Deserialize, Serialize};
use squall_io::fs;
use squall_wire::{frame, read_frame};

use super::ballot;
use super::files::{self, NameSync};

const FILE: &str = "hard";

/// Vote and commit index.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Hard {
    pub(super) vote: Option<Vote<u64>>,
    pub(super) committed: Option<LogId<u64>>,
}

impl Hard {
    pub(super) async fn read() -> io::Result<Self> {
        match fs::read(files::path(FILE)).await {
            Ok(bytes) => read_frame(&mut &bytes[..]).await,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn write(&self, name_sync: NameSync) -> io::Result<()> {
        files::replace(FILE, &frame(self), name_sync).await.map(drop)
    }

    pub(crate) fn ballot(&self) -> u64 {
        self.vote.map_or(0, |vote| ballot(&vote.leader_id))
    }

    /// The name of the server it voted for.
    pub(crate) fn voted_for<Name: for<'n> From<&'n str>>(&self, servers: &[String]) -> Option<Name> {
        let place = usize::try_from(self.vote?.leader_id.node_id).ok()?.checked_sub(1)?;
        servers.get(place).map(|name| Name::from(name))
    }

    /// The ballot that it leads, if it is `id`.
    pub(super) fn led_by(&self, id: u64) -> Option<u64> {
        let vote = self.vote.filter(|vote| vote.committed && vote.leader_id.node_id == id)?;
        Some(ballot(&vote.leader_id))
    }
}
