//! Judges what the members tell: R1 to R7, R9 and S8, over the words of the vocabulary and what the
//! disks really hold. The names are those of the cluster's invariants.

use std::collections::BTreeMap;

use squall_io::vocab::raft::{Event, LoggedEntry, Snapshot};

use crate::disk::ModelDisk;

type Wrong = Result<(), String>;

/// What one member told.
#[derive(Default)]
struct Member {
    leads: Option<u64>,
    commit: u64,
    /// The last entry applied in this incarnation.
    applied: Option<u64>,
    matched: BTreeMap<(u64, String), u64>,
    /// The log as it was written, with the file of each entry.
    log: BTreeMap<u64, (String, LoggedEntry)>,
    snapshots: Vec<Snapshot>,
    /// The term that its disk had last, the highest it ever told, and its votes.
    hard: u64,
    term: u64,
    votes: BTreeMap<u64, String>,
}

#[derive(Default)]
pub(crate) struct Invariants {
    members: Vec<Member>,
    leaders: BTreeMap<u64, usize>,
    /// Hash and previous term of each (index, term) ever written.
    entries: BTreeMap<(u64, u64), (u64, u64)>,
    /// Hash, and state after it, of each index ever applied.
    applied: BTreeMap<u64, (u64, u64)>,
    /// The term in which each entry was committed first. All of them were found durable.
    committed: BTreeMap<u64, u64>,
    /// Index and reply of each (client, seq) ever executed.
    executed: BTreeMap<(String, u64), (u64, u64)>,
    pub(crate) elections: usize,
    pub(crate) installed: usize,
}

impl Invariants {
    pub(crate) fn new(members: usize) -> Self {
        Self { members: (0..members).map(|_| Member::default()).collect(), ..Self::default() }
    }

    /// The incarnation is over.
    pub(crate) fn down(&mut self, who: usize) {
        let member = &mut self.members[who];
        (member.leads, member.commit, member.applied) = (None, 0, None);
        member.matched.clear();
    }

    pub(crate) fn observe(&mut self, who: usize, event: &Event, disks: &[&ModelDisk]) -> Wrong {
        match event {
            Event::BecameLeader { term } => {
                self.leader(who, *term).and_then(|()| self.completeness(who, *term))
            }
            Event::SentAppend { term } => self.leader(who, *term),
            Event::SteppedDown { .. } => {
                self.members[who].leads = None;
                Ok(())
            }
            Event::Voted { term, candidate } => self.vote(who, *term, Some(candidate.as_str())),
            Event::HardState { term, vote } => {
                rises("R6: term", &mut self.members[who].hard, *term)?;
                self.vote(who, *term, vote.as_ref().map(|vote| vote.as_str()))
            }
            Event::Matched { term, peer, index } => {
                let known = self.members[who].matched.entry((*term, peer.as_str().to_owned())).or_default();
                rises("R6: match", known, *index)
            }
            Event::Committed { index } => {
                rises("R6: commit", &mut self.members[who].commit, *index)?;
                self.members[who].leads.map_or(Ok(()), |term| self.durability(term, *index, disks))
            }
            Event::Logged { file, entries } => self.logged(who, file, entries),
            Event::Truncated { index } => self.truncated(who, *index),
            Event::AppliedEntry { index, hash, state, .. } => self.applied(who, *index, *hash, *state),
            Event::SnapshotTaken(snapshot) => self.snapshot(who, snapshot),
            Event::SnapshotInstalled(snapshot) => {
                self.installed += 1;
                self.snapshot(who, snapshot)
            }
            Event::SnapshotRestored { index, state, .. } => {
                self.members[who].applied = Some(*index);
                self.same_state(*index, *state)
            }
            Event::Recovered { term, vote, snapshot, index } => {
                let vote = vote.as_ref().map(|vote| vote.as_str());
                self.recovered(who, (*term, vote), snapshot.as_ref(), *index, disks[who])
            }
            Event::Executed { client, seq, index, reply } => self.executed(client, *seq, *index, *reply),
            Event::Replied { client, seq, reply } => match self.executed.get(&(client.clone(), *seq)) {
                Some((_, executed)) if executed == reply => Ok(()),
                other => Err(format!("R9: {client}#{seq} was answered {reply}, executed with {other:?}")),
            },
            Event::Durable { .. } | Event::Appended { .. } | Event::Applied { .. } => Ok(()),
        }
    }

    /// R1, election safety.
    fn leader(&mut self, who: usize, term: u64) -> Wrong {
        self.elections += usize::from(self.members[who].leads.is_none());
        self.members[who].leads = Some(term);
        match self.leaders.insert(term, who) {
            Some(other) if other != who => Err(format!("R1: {other} and {who} lead term {term}")),
            _ => Ok(()),
        }
    }

    /// R4, leader completeness: what was committed in an earlier term. A leader may come to know
    /// of its election only when a later one has committed more.
    fn completeness(&self, who: usize, term: u64) -> Wrong {
        let member = &self.members[who];
        let from = member.snapshot_index() + 1;
        let earlier = self.committed.range(from..).filter(|(_, committed)| **committed < term);
        for (index, _) in earlier {
            let hash = self.applied.get(index).map(|(hash, _)| *hash);
            if member.log.get(index).map(|(_, entry)| entry.hash) != hash {
                return Err(format!("R4: {who} leads term {term} without the committed entry {index}"));
            }
        }
        Ok(())
    }

    /// R6, for term and vote: what was told once stays true, also over restarts.
    fn vote(&mut self, who: usize, term: u64, vote: Option<&str>) -> Wrong {
        let member = &mut self.members[who];
        // A vote may be told when a later term has been entered.
        member.term = member.term.max(term);
        let Some(vote) = vote else { return Ok(()) };
        match member.votes.insert(term, vote.to_owned()) {
            Some(other) if other != vote => Err(format!("R6: {who} voted for {other} and {vote} in {term}")),
            _ => Ok(()),
        }
    }

    /// R7, durability at commit: by what the disks hold, not by what their owners say.
    fn durability(&mut self, term: u64, index: u64, disks: &[&ModelDisk]) -> Wrong {
        let known = self.committed.last_key_value().map_or(0, |(index, _)| *index);
        for entry in known + 1..=index {
            let holds = |(member, disk): &(&Member, &&ModelDisk)| member.holds(entry, disk);
            let copies = self.members.iter().zip(disks).filter(holds).count();
            if copies <= disks.len() / 2 {
                return Err(format!("R7: entry {entry} is committed and durable on {copies} disks"));
            }
            self.committed.insert(entry, term);
        }
        Ok(())
    }

    /// R3, log matching.
    fn logged(&mut self, who: usize, file: &str, entries: &[LoggedEntry]) -> Wrong {
        for entry in entries {
            let what = (entry.hash, entry.previous_term);
            let known = *self.entries.entry((entry.index, entry.term)).or_insert(what);
            if known != what {
                return Err(format!("R3: {who} has another entry {} of term {}", entry.index, entry.term));
            }
            self.members[who].log.insert(entry.index, (file.to_owned(), entry.clone()));
        }
        Ok(())
    }

    /// R2, leader append-only.
    fn truncated(&mut self, who: usize, index: u64) -> Wrong {
        let member = &mut self.members[who];
        let cut = member.log.split_off(&(index + 1));
        match member.leads {
            Some(term) if !cut.is_empty() => Err(format!("R2: {who} leads term {term} and cuts its log")),
            _ => Ok(()),
        }
    }

    /// R5, state-machine safety.
    fn applied(&mut self, who: usize, index: u64, hash: u64, state: u64) -> Wrong {
        let last = self.members[who].applied.replace(index).unwrap_or(0);
        if index != last + 1 {
            return Err(format!("R5: {who} applied {index} after {last}"));
        }
        match self.applied.insert(index, (hash, state)) {
            Some(known) if known != (hash, state) => Err(format!("R5: {who} applied another entry {index}")),
            _ => Ok(()),
        }
    }

    fn same_state(&self, index: u64, state: u64) -> Wrong {
        match self.applied.get(&index) {
            Some((_, known)) if *known != state => {
                Err(format!("R5: a snapshot at {index} has another state"))
            }
            None => Err(format!("R5: a snapshot at {index}, which nobody applied")),
            Some(_) => Ok(()),
        }
    }

    fn snapshot(&mut self, who: usize, snapshot: &Snapshot) -> Wrong {
        self.members[who].snapshots.push(snapshot.clone());
        self.same_state(snapshot.index, snapshot.state)
    }

    /// S8, recovery finds all that was synced; and R6 over a restart.
    fn recovered(
        &mut self,
        who: usize,
        (term, vote): (u64, Option<&str>),
        snapshot: Option<&Snapshot>,
        index: u64,
        disk: &ModelDisk,
    ) -> Wrong {
        let member = &mut self.members[who];
        let newest = member.snapshots.iter().filter(|known| disk.is_synced(&known.file, 0, known.length));
        let newest = newest.map(|known| known.index).max().unwrap_or(0);
        let end = (newest + 1..).take_while(|index| member.holds(*index, disk)).last().unwrap_or(newest);
        let found = snapshot.map_or(0, |snapshot| snapshot.index);
        if index < end || found < newest {
            return Err(format!(
                "S8: {who} recovered {index} (snapshot {found}); {end} ({newest}) was synced"
            ));
        }
        member.log.clear();
        member.snapshots.retain(|known| known.index < found);
        member.snapshots.extend(snapshot.cloned());
        let told = member.votes.get(&member.term).map(String::as_str);
        if term < member.term || (term == member.term && told.is_some() && vote != told) {
            return Err(format!(
                "R6: {who} told {:?} in {} and recovered {vote:?} in {term}",
                told, member.term
            ));
        }
        Ok(())
    }

    /// R9, each command once.
    fn executed(&mut self, client: &str, seq: u64, index: u64, reply: u64) -> Wrong {
        match self.executed.insert((client.to_owned(), seq), (index, reply)) {
            Some(known) if known != (index, reply) => Err(format!("R9: {client}#{seq} was executed twice")),
            _ => Ok(()),
        }
    }
}

impl Member {
    fn snapshot_index(&self) -> u64 {
        self.snapshots.iter().map(|snapshot| snapshot.index).max().unwrap_or(0)
    }

    /// Whether an entry would survive a loss of power here, in the log or in a snapshot.
    fn holds(&self, index: u64, disk: &ModelDisk) -> bool {
        let in_log = |(file, entry): &(String, LoggedEntry)| disk.is_synced(file, entry.offset, entry.length);
        let in_snapshot =
            |known: &Snapshot| known.index >= index && disk.is_synced(&known.file, 0, known.length);
        self.log.get(&index).is_some_and(in_log) || self.snapshots.iter().any(in_snapshot)
    }
}

fn rises(what: &str, known: &mut u64, value: u64) -> Wrong {
    if value < *known {
        return Err(format!("{what} falls from {known} to {value}"));
    }
    *known = value;
    Ok(())
}
