//! Reads without a log entry: ReadIndex (dissertation, section 6.4).
//!
//! A read may be answered from the leader's state once two things hold: the leader has committed an
//! entry of its own term, so that its commit index covers all that was committed before it; and a
//! majority has answered something that was sent after the read arrived, so that no later leader
//! had been elected, and had served anything, before. The state then is at least that of the read's
//! arrival, since entries are applied in the step in which they are committed.

use crate::Bug;

use super::role::Role;
use super::{Core, Moment, Output, ReadId};

impl Core {
    pub(super) fn on_read(&mut self, now: Moment, id: ReadId) {
        let Role::Leader(leader) = &mut self.role else {
            return self.outputs.push(Output::ReadFailed { id });
        };
        // planted bug
        if self.settings.bugs.has(Bug::LocalLeaderRead) {
            return self.outputs.push(Output::ReadReady { id });
        }
        leader.round += 1;
        leader.reads.push((id, leader.round));
        self.replicate(now);
        self.answer_reads();
    }

    pub(super) fn answer_reads(&mut self) {
        let Some(answered) = self.majority_reaches(u64::MAX, |peer| peer.round) else { return };
        let Role::Leader(leader) = &mut self.role else { return };
        if self.commit < leader.first {
            return;
        }
        for (id, _) in leader.reads.extract_if(.., |(_, round)| *round <= answered) {
            self.outputs.push(Output::ReadReady { id });
        }
    }
}
