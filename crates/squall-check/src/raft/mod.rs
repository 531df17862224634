//! The invariants of Raft, over the words of the vocabulary `raft` and what the engine knows.
//!
//! One file each. The numbers of sections are those of Ongaro, "Consensus: Bridging Theory and
//! Practice" (2014). Whoever speaks the words is judged: no system is known here. What a member does
//! not tell cannot be judged, so an invariant counts what it was exercised by.

mod durability_at_commit;
mod election_safety;
mod exactly_once_command;
mod leader_append_only;
mod leader_completeness;
mod leader_exists;
mod log;
mod log_matching;
mod members;
mod monotonicity;
mod recovery;
mod state_machine_safety;

use squall_history::SimDuration;

use crate::Invariant;

pub use durability_at_commit::DurabilityAtCommit;
pub use election_safety::ElectionSafety;
pub use exactly_once_command::ExactlyOnceCommand;
pub use leader_append_only::LeaderAppendOnly;
pub use leader_completeness::LeaderCompleteness;
pub use leader_exists::LeaderExists;
pub use log_matching::LogMatching;
pub use monotonicity::Monotonicity;
pub use recovery::RecoveryFindsWhatWasSynced;
pub use state_machine_safety::StateMachineSafety;

/// A group of members that elect a leader and replicate a log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Group {
    /// The members: all nodes of this role. What others tell is no business of the group.
    pub role: String,
    /// Where a member's files lie, relative to its node's own directory: the words name files from
    /// there on. Empty if it is the same.
    pub directory: String,
    /// How long a follower hears nothing, at most, before it stands for election.
    pub election_timeout_max: SimDuration,
}

/// All invariants of a group.
///
/// | id | name | needs |
/// |---|---|---|
/// | R1 | `election-safety` | `vocab.raft` |
/// | R2 | `leader-append-only` | `vocab.raft` |
/// | R3 | `log-matching` | `vocab.raft` |
/// | R4 | `leader-completeness` | `vocab.raft` |
/// | R5 | `state-machine-safety` | `vocab.raft` |
/// | R6 | `monotonicity` | `vocab.raft` |
/// | R7 | `durability-at-commit` | `vocab.raft`, `truth.disk` |
/// | R9 | `exactly-once-command` | `vocab.raft` |
/// | S8 | `recovery-finds-what-was-synced` | `vocab.raft`, `truth.disk` |
/// | L1 | `leader-exists` | `vocab.raft`, `truth.fault`, `truth.node` |
pub fn raft_invariants(group: Group) -> Vec<Box<dyn Invariant>> {
    vec![
        Box::new(ElectionSafety::new(&group)),
        Box::new(LeaderAppendOnly::new(&group)),
        Box::new(LogMatching::new(&group)),
        Box::new(LeaderCompleteness::new(&group)),
        Box::new(StateMachineSafety::new(&group)),
        Box::new(Monotonicity::new(&group)),
        Box::new(DurabilityAtCommit::new(&group)),
        Box::new(ExactlyOnceCommand::new(&group)),
        Box::new(RecoveryFindsWhatWasSynced::new(&group)),
        Box::new(LeaderExists::new(&group)),
    ]
}
