//! How clients are served.

use squall_history::vocab::{Custom, raft};

use crate::kv::bugs::Bug;
use crate::kv::protocol::{Answer, Command, Op, Outcome, Request};

use super::role::{Role, WaitingRead};
use super::{Core, Known, MAX_WAITING, Moment, Output, ReplyTo, Store};

impl Core {
    pub(super) fn on_request(&mut self, now: Moment, reply_to: ReplyTo, request: Request) {
        let Role::Primary(primary) = &mut self.role else {
            return self.reply(reply_to, Outcome::NotPrimary { primary: self.primary });
        };
        if let Op::Get { key } = request.op {
            if primary.reads.len() >= MAX_WAITING {
                return self.reply(reply_to, Outcome::Busy);
            }
            primary.reads.push(WaitingRead { to: reply_to, key, arrived: now });
            return self.answer_reads(now);
        }
        match self.store.known(&request, &self.settings.bugs) {
            Known::Answered(answer) => {
                self.tell_of_a_retry(&request);
                self.reply(reply_to, Outcome::Executed(answer));
            }
            Known::Superseded => self.reply(reply_to, Outcome::Superseded),
            Known::New => self.take_write(now, reply_to, request),
        }
    }

    fn take_write(&mut self, now: Moment, reply_to: ReplyTo, request: Request) {
        let Role::Primary(primary) = &mut self.role else { return };
        let name = (request.client.clone(), request.seq);
        if let Some(waiting) = primary.writes.get_mut(&name) {
            // A retry of what is on its way. One connection at a time asks; a handful is plenty.
            if waiting.len() < 8 {
                waiting.push(reply_to);
            } else {
                self.reply(reply_to, Outcome::Interrupted);
            }
            return self.tell_of_a_retry(&request);
        }
        if primary.writes.len() >= MAX_WAITING {
            return self.reply(reply_to, Outcome::Busy);
        }
        primary.writes.insert(name, vec![reply_to]);
        self.add_entry(Command::Write(request));
        for to in self.others() {
            self.send_entries(now, to);
        }
    }

    /// Answers the waiting reads that may be answered: all of them under the lease; else those that
    /// came before something that a majority has answered was sent, which is as good as asking the
    /// majority now. The moment and the store are read in one step.
    pub(super) fn answer_reads(&mut self, now: Moment) {
        let leased = self.holds_lease(now) || self.settings.bugs.has(Bug::StalePrimaryRead); // planted bug
        let heard = self.heard_by_majority(now);
        let Role::Primary(primary) = &mut self.role else { return };
        if self.commit < primary.first {
            return;
        }
        let may = |read: &mut WaitingRead| leased || heard.is_some_and(|heard| heard > read.arrived);
        for read in primary.reads.extract_if(.., may) {
            let answer = Answer::Value(self.store.get(&read.key).cloned());
            self.outputs.push(Output::Reply { to: read.to, outcome: Outcome::Executed(answer) });
        }
    }

    /// Applies a committed entry and answers those who wait for it.
    pub(super) fn apply(&mut self, index: u64) {
        let entry = self.log.get(index).expect("what is committed is in the log").clone();
        self.observe(raft::Event::Applied { index, term: entry.epoch });
        let Command::Write(request) = entry.command else { return };
        let (known, answer) = self.store.apply(&request, &self.settings.bugs);
        if known != Known::New {
            self.tell_of_a_retry(&request);
        }
        let Role::Primary(primary) = &mut self.role else { return };
        let waiting = primary.writes.remove(&(request.client, request.seq)).unwrap_or_default();
        let outcome = answer.map_or(Outcome::Superseded, Outcome::Executed);
        for to in waiting {
            self.reply(to, outcome.clone());
        }
    }

    /// Makes the store anew from a shorter log. Only planted bugs lead here.
    pub(super) fn rebuild(&mut self, end: u64) {
        self.store = Store::default();
        self.commit = 0;
        while self.commit < end {
            self.commit += 1;
            self.apply(self.commit);
        }
    }

    fn reply(&mut self, to: ReplyTo, outcome: Outcome) {
        self.outputs.push(Output::Reply { to, outcome });
    }

    fn tell_of_a_retry(&mut self, request: &Request) {
        let word = Custom::new("kv", "retry-deduplicated");
        self.observe_custom(word.with("client", request.client.as_str()).with("seq", request.seq));
    }
}
