//! How the log is kept short, and how a follower gets what the log no longer has (dissertation,
//! chapter 5).
//!
//! A snapshot counts only when it is durable: until then the log before it stays. One that comes
//! from the leader arrives in pieces, each acknowledged; the follower keeps them in memory, so a
//! crash begins anew.

use std::sync::Arc;

use squall_io::vocab::raft;

use crate::codec::crc32c;
use crate::raft::message::{Chunk, EntryId, Message, Outcome};

use super::role::{Role, Sending};
use super::{CHUNK_BYTES, Core, Log, Moment, Output, Snapshot, TRAIL_PART, Token, Write};

/// A snapshot of which pieces have come.
#[derive(Debug)]
pub(super) struct Incoming {
    id: EntryId,
    crc: u32,
    data: Vec<u8>,
}

impl Core {
    /// The state machine's own snapshot.
    pub(super) fn on_own_snapshot(&mut self, snapshot: Snapshot) {
        assert!(snapshot.id.index <= self.applied, "a snapshot holds what was applied");
        self.persist(Write::Snapshot(snapshot.clone()));
        self.unsynced_snapshots.push_back((self.issued, snapshot));
    }

    pub(super) fn on_snapshots_persisted(&mut self, token: Token) {
        while let Some((_, snapshot)) = self.unsynced_snapshots.pop_front_if(|(waiting, _)| *waiting <= token)
        {
            let newest = self.snapshot.as_ref().is_none_or(|known| known.id.index < snapshot.id.index);
            if newest {
                let trail = self.settings.snapshot_every / TRAIL_PART;
                self.log.compact(snapshot.id.index.saturating_sub(trail));
                self.snapshot = Some(snapshot);
            }
        }
    }

    /// Sends a piece to a follower whose next entry is gone from the log. A newer snapshot does not
    /// interrupt: else a slow follower of a busy group would never get one whole.
    pub(super) fn send_chunk(&mut self, to: usize) {
        let Role::Leader(leader) = &mut self.role else { return };
        let Some(peer) = leader.peers.get_mut(&to) else { return };
        if peer.sending.is_none() {
            let sending = |snapshot: Snapshot| {
                let crc = crc32c(0, &snapshot.data);
                Sending { snapshot, crc, offset: 0 }
            };
            peer.sending = self.snapshot.clone().map(sending);
        }
        // It is there: the log lets go only of what a durable snapshot holds.
        let Some(Sending { snapshot, crc, offset }) = &peer.sending else { return };
        let data = &snapshot.data;
        let from = usize::try_from(*offset).expect("a snapshot fits into memory").min(data.len());
        let chunk = Chunk {
            term: self.term,
            id: snapshot.id,
            state: snapshot.state,
            offset: *offset,
            total: data.len() as u64,
            crc: *crc,
            bytes: data[from..data.len().min(from + CHUNK_BYTES)].to_vec(),
            round: leader.round,
        };
        self.send(to, Message::Chunk(chunk));
    }

    pub(super) fn on_chunk(&mut self, now: Moment, from: usize, chunk: Chunk) {
        let (id, round) = (chunk.id, chunk.round);
        if !self.follows(now, from, chunk.term) {
            return self.answer_chunk(from, round, (id, 0));
        }
        if id.index <= self.commit {
            return self.answer_installed(from, round, self.commit);
        }
        let same = |incoming: &Incoming| incoming.id == id && incoming.crc == chunk.crc;
        let mut incoming =
            self.incoming.take().filter(same).unwrap_or(Incoming { id, crc: chunk.crc, data: Vec::new() });
        if incoming.data.len() as u64 == chunk.offset {
            incoming.data.extend(&chunk.bytes);
        }
        let offset = incoming.data.len() as u64;
        if offset < chunk.total {
            self.incoming = Some(incoming);
            return self.answer_chunk(from, round, (id, offset));
        }
        if crc32c(0, &incoming.data) != chunk.crc {
            return self.answer_chunk(from, round, (id, 0));
        }
        self.install(Snapshot { id, state: chunk.state, data: Arc::new(incoming.data) });
        self.answer_installed(from, round, id.index);
    }

    fn answer_chunk(&mut self, to: usize, round: u64, (id, offset): (EntryId, u64)) {
        self.send_durable(to, Message::ChunkReply { term: self.term, round, id, offset });
    }

    fn answer_installed(&mut self, to: usize, round: u64, index: u64) {
        let outcome = Outcome::Matched { index };
        self.send_durable(to, Message::AppendReply { term: self.term, round, outcome });
    }

    /// Puts a snapshot in the place of all that it covers. Entries behind it stay only if the log
    /// holds its last entry; else they contradict what is committed, or leave a gap.
    fn install(&mut self, snapshot: Snapshot) {
        let id = snapshot.id;
        self.persist(Write::Install(snapshot.clone()));
        self.unsynced_snapshots.push_back((self.issued, snapshot.clone()));
        if !self.log.has(id) {
            self.persist(Write::BeginAnew { behind: id });
            self.log = Log::behind(id);
            self.durable = 0;
            for (_, unsynced) in &mut self.unsynced {
                *unsynced = 0;
            }
        }
        self.commit = id.index;
        self.applied = id.index;
        self.observe(raft::Event::Committed { index: id.index });
        self.outputs.push(Output::Restore(snapshot));
    }

    pub(super) fn on_chunk_reply(
        &mut self,
        now: Moment,
        from: usize,
        (term, round): (u64, u64),
        (id, offset): (EntryId, u64),
    ) {
        let Some(peer) = self.answering_peer(now, from, term, round) else { return };
        if let Some(sending) = peer.sending.as_mut().filter(|sending| sending.snapshot.id == id) {
            let moves_on = offset > sending.offset;
            sending.offset = offset;
            // What fell back is sent again with the next heartbeat: the answer may just be old.
            if moves_on {
                self.send_chunk(from);
            }
        }
        self.answer_reads();
    }
}
