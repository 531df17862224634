//! What a server keeps on its disk: votes and the commit index (`hard`), the log (`log`), snapshots
//! (`machine`); all in one directory, and each replaced or appended with its syncs (`files`).
//!
//! It tells the words of the vocabulary `raft` as it writes. They are told here, not from openraft's
//! metrics, since those come later than what they tell of: a log may be cut before the metrics say that
//! its owner leads no more.

mod files;
mod hard;
mod log;
mod machine;

use std::io;

use openraft::{LeaderId, LogId};
use serde::Serialize;
use squall_io::vocab::raft;
use squall_io::{fs, observe};

use crate::server::ServerConfig;
use hard::Hard;

pub(crate) use files::DIRECTORY;
pub(crate) use log::Log;
pub(crate) use machine::Machine;

/// Opens what the disk has kept, and tells of it.
///
/// # Errors
/// What the disk says; `InvalidData` for a file that is damaged where nothing but damage explains it.
pub(crate) async fn open(config: &ServerConfig) -> io::Result<(Log, Machine)> {
    fs::create_dir_all(DIRECTORY).await?;
    fs::sync_dir(".").await?;
    let hard = Hard::read().await?;
    let machine = Machine::open(config.bugs).await?;
    let log = Log::open(config, hard).await?;
    let snapshot = machine.snapshot().await;
    observe(raft::Event::Recovered {
        term: log.hard().ballot(),
        vote: log.hard().voted_for(&config.servers),
        index: log.end().max(snapshot.as_ref().map_or(0, |snapshot| snapshot.index)),
        snapshot,
    });
    log.tell();
    machine.tell();
    Ok((log, machine))
}

/// The index of an entry in the vocabulary `raft`, which counts from 1; 0 stands for none.
pub(crate) fn word_index(id: Option<&LogId<u64>>) -> u64 {
    id.map_or(0, |id| id.index + 1)
}

/// The term of the vocabulary `raft`, which has one leader. In openraft a term may have several, of which the
/// one with the greatest id prevails: `3002` is `server-2` in openraft's term 3.
pub(crate) const fn ballot(leader: &LeaderId<u64>) -> u64 {
    leader.term * 1_000 + leader.node_id
}

/// FNV-1a of a value's bytes: to compare what servers did, not against an adversary.
pub(crate) fn hash(value: &impl Serialize) -> u64 {
    let fold = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    squall_wire::encode(value).iter().fold(0xcbf2_9ce4_8422_2325, fold)
}
