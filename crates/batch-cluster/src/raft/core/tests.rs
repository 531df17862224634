//! The core as plain data.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::*;
use crate::raft::message::{Append, Command, Outcome};
use crate::raft::message::{Chunk, Entry, EntryId};
use crate::{Bug, Bugs};

const MS: u64 = 1_000_000;
const ELECTION: Duration = Duration::from_millis(300);

fn settings(place: usize, members: usize) -> Settings {
    Settings {
        place,
        members: (1..=members).map(|k| format!("controller-{k}")).collect(),
        heartbeat: Duration::from_millis(50),
        election: ELECTION,
        check_quorum: Duration::from_millis(600),
        snapshot_every: 8,
        bugs: Bugs::none(),
    }
}

fn log(terms: &[u64]) -> Log {
    let mut log = Log::default();
    for (index, term) in (1..).zip(terms) {
        log.push(Entry { id: EntryId { term: *term, index }, payload: Payload::Noop });
    }
    log
}

fn durable(term: u64, terms: &[u64]) -> Durable {
    Durable { term, log: log(terms), ..Durable::default() }
}

fn command(text: &str) -> Input {
    Input::Propose { command: Command { client: "c".into(), seq: 1, command: text.into() } }
}

/// Cores that talk at once and never lose a message, but to and from who is cut off.
struct Group {
    cores: Vec<Core>,
    gates: Vec<Gate>,
    now: u64,
    mail: VecDeque<(usize, usize, Message)>,
    cut_off: BTreeSet<usize>,
    /// Members whose disk does not come back.
    stuck: BTreeSet<usize>,
    done: Vec<Vec<Output>>,
}

impl Group {
    fn new(members: usize, durable: impl Fn(usize) -> Durable) -> Self {
        let core = |place| Core::new(settings(place, members), durable(place), Moment(0), place as u64);
        Self {
            cores: (0..members).map(core).collect(),
            gates: (0..members).map(|_| Gate::default()).collect(),
            now: 0,
            mail: VecDeque::new(),
            cut_off: BTreeSet::new(),
            stuck: BTreeSet::new(),
            done: vec![Vec::new(); members],
        }
    }

    fn fresh(members: usize) -> Self {
        Self::new(members, |_| Durable::default())
    }

    fn feed(&mut self, place: usize, input: Input) {
        for output in self.cores[place].step(Moment(self.now), input) {
            if let Some(output) = self.gates[place].pass(output) {
                self.carry_out(place, output);
            }
        }
    }

    fn carry_out(&mut self, place: usize, output: Output) {
        match output {
            Output::Send { to, message, .. } => self.mail.push_back((place, to, message)),
            Output::Persist { token, .. } if !self.stuck.contains(&place) => self.persisted(place, token),
            output => self.done[place].push(output),
        }
    }

    fn persisted(&mut self, place: usize, token: Token) {
        for output in self.gates[place].release(token) {
            self.carry_out(place, output);
        }
        self.feed(place, Input::Persisted { token });
    }

    fn settle(&mut self) {
        let mut delivered = 0;
        while let Some((from, to, message)) = self.mail.pop_front() {
            delivered += 1;
            assert!(delivered < 10_000, "they never stop talking: {message:?}");
            if !self.cut_off.contains(&from) && !self.cut_off.contains(&to) {
                self.feed(to, Input::Message { from, message });
            }
        }
    }

    /// Lets time pass for one member alone, until something of it is due.
    fn tick(&mut self, place: usize) {
        self.now = self.now.max(self.cores[place].wake_at().0);
        self.feed(place, Input::Tick { draw: 0 });
        self.settle();
    }

    /// Lets one member stand when nobody has heard a leader for long.
    fn elect(&mut self, place: usize) {
        self.now += 1_000 * MS;
        self.tick(place);
        assert!(self.cores[place].leads(), "{place} is not elected");
    }

    fn propose(&mut self, place: usize, text: &str) {
        self.feed(place, command(text));
        self.settle();
    }

    fn ends(&self) -> Vec<EntryId> {
        self.cores.iter().map(|core| core.log().end()).collect()
    }

    fn ready(&self, place: usize) -> Vec<u64> {
        let ready = |output: &Output| match output {
            Output::ReadReady { id } => Some(id.0),
            _ => None,
        };
        self.done[place].iter().filter_map(ready).collect()
    }
}

#[test]
fn a_leader_is_elected_and_its_log_becomes_everybodys() {
    let mut group = Group::fresh(3);
    group.elect(1);
    group.propose(1, "a");
    group.tick(1);
    assert_eq!(group.ends(), [EntryId { term: 1, index: 2 }; 3]);
    assert!(group.cores.iter().all(|core| core.commit() == 2 && core.leader() == Some(1)));
    let applied = |place: usize| -> Vec<Entry> {
        let entries = group.done[place].iter().filter_map(|output| match output {
            Output::Apply { entries } => Some(entries.clone()),
            _ => None,
        });
        entries.flatten().collect()
    };
    assert_eq!(applied(0), applied(1));
    assert_eq!(applied(0).len(), 2);
}

#[test]
fn a_member_alone_is_a_group() {
    let mut group = Group::fresh(1);
    group.elect(0);
    group.propose(0, "a");
    assert_eq!(group.cores[0].commit(), 2);
    group.feed(0, Input::Read { id: ReadId(1) });
    assert_eq!(group.ready(0), [1]);
}

#[test]
fn who_was_cut_off_comes_back_without_a_higher_term() {
    let mut group = Group::fresh(3);
    group.elect(0);
    group.cut_off.insert(2);
    for _ in 0..10 {
        // The others go on meanwhile.
        while group.now < group.cores[2].wake_at().0 {
            group.tick(0);
        }
        group.tick(2);
    }
    assert_eq!(group.cores[2].term(), 1);
    while group.now < group.cores[2].wake_at().0 {
        group.tick(0);
    }
    group.cut_off.clear();
    group.feed(2, Input::Tick { draw: 0 });
    group.settle();
    assert!(group.cores[0].leads() && group.cores[0].term() == 1, "nobody who hears a leader helps");
    group.tick(0);
    assert_eq!(group.cores[2].leader(), Some(0));
}

#[test]
fn a_vote_is_durable_before_it_is_answered_and_given_once() {
    let mut group = Group::fresh(3);
    group.stuck.insert(1);
    let vote = |from| Input::Message { from, message: Message::Vote { term: 5, last: EntryId::default() } };
    group.feed(1, vote(0));
    assert!(group.mail.is_empty(), "nothing leaves before the disk has it: {:?}", group.mail);
    group.feed(1, vote(2));
    group.persisted(1, Token(2));
    let answers: Vec<_> = group.mail.drain(..).collect();
    let reply = |to, granted| (1, to, Message::VoteReply { term: 5, granted });
    assert_eq!(answers, [reply(0, true), reply(2, false)]);
    // The same candidate may ask again.
    group.feed(1, vote(0));
    assert_eq!(group.mail.pop_front(), Some(reply(0, true)));
}

#[test]
fn only_a_log_that_is_as_good_is_elected() {
    let mut group = Group::new(3, |place| durable(3, [&[1, 1, 1][..], &[1, 3], &[1]][place]));
    group.now = 2_000 * MS;
    group.tick(0);
    assert!(
        !group.cores[0].leads() || group.cores[0].log().end().term > 3,
        "the third suffices: {:?}",
        group.ends()
    );
    let mut group = Group::new(3, |place| durable(3, [&[1, 1, 1][..], &[1, 3], &[1, 3]][place]));
    group.now = 2_000 * MS;
    group.tick(0);
    assert!(!group.cores[0].leads(), "longer, but its last term is earlier");
    group.tick(1);
    assert!(group.cores[1].leads());
}

/// Figure 3.7 of the dissertation: an entry of an earlier term on a majority is not committed by
/// being there.
#[test]
fn an_entry_of_an_earlier_term_is_committed_only_by_one_of_the_own() {
    let mut group = Group::new(5, |_| durable(3, &[1, 2]));
    group.cut_off = BTreeSet::from([3, 4]);
    group.now = 2_000 * MS;
    group.feed(0, Input::Tick { draw: 0 });
    // Everything but the answers to appends.
    while let Some((from, to, message)) = group.mail.pop_front() {
        if !group.cut_off.contains(&to) && !matches!(message, Message::Append(_)) {
            group.feed(to, Input::Message { from, message });
        }
    }
    assert!(group.cores[0].leads());
    let matched = |index| Message::AppendReply { term: 4, round: 0, outcome: Outcome::Matched { index } };
    for from in [1, 2, 3, 4] {
        group.feed(0, Input::Message { from, message: matched(2) });
    }
    assert_eq!(group.cores[0].commit(), 0, "all five have entry 2, of term 2");
    for from in [1, 2] {
        group.feed(0, Input::Message { from, message: matched(3) });
    }
    assert_eq!(group.cores[0].commit(), 3);
}

#[test]
fn the_own_disk_counts_like_any_other() {
    let mut group = Group::fresh(3);
    group.elect(0);
    group.tick(0);
    group.stuck.insert(0);
    group.cut_off.insert(2);
    group.propose(0, "a");
    assert_eq!(group.cores[0].commit(), 1, "one follower and a leader whose disk is slow");
    group.cut_off.clear();
    group.tick(0);
    assert_eq!(group.cores[0].commit(), 2, "two followers are a majority");
}

#[test]
fn a_tail_that_no_majority_has_is_replaced() {
    let mut group = Group::fresh(3);
    group.elect(0);
    group.cut_off.insert(0);
    for text in ["x", "y", "z"] {
        group.propose(0, text);
    }
    group.elect(1);
    group.propose(1, "a");
    group.cut_off.clear();
    group.tick(1);
    group.tick(1);
    assert_eq!(group.ends(), [EntryId { term: 2, index: 3 }; 3]);
    assert_eq!(group.cores[0].log(), group.cores[1].log());
    assert!(group.done[0].contains(&Output::Deposed));
    assert!(!group.cores[0].leads() && group.cores[0].commit() == 3);
}

#[test]
fn an_old_append_cuts_nothing() {
    let mut follower = Core::new(settings(1, 3), Durable::default(), Moment(0), 0);
    let append = |count: u64| Append {
        term: 1,
        previous: EntryId::default(),
        entries: log(&vec![1; count as usize]).entries().to_vec(),
        commit: 0,
        round: 0,
    };
    for count in [3, 1, 0, 2] {
        let message = Message::Append(append(count));
        let outputs = follower.step(Moment(1), Input::Message { from: 0, message });
        let matched = |output: &Output| matches!(output, Output::Send { message: Message::AppendReply { outcome: Outcome::Matched { index }, .. }, .. } if *index == count);
        assert!(outputs.iter().any(matched), "{outputs:?}");
        assert_eq!(follower.log().end().index, 3, "after one of {count}");
    }
}

#[test]
fn an_old_answer_takes_nothing_back() {
    let mut group = Group::fresh(3);
    group.elect(0);
    group.propose(0, "a");
    group.propose(0, "b");
    let before = group.cores[0].commit();
    let reply = |outcome| Message::AppendReply { term: 1, round: 0, outcome };
    let hint = EntryId::default();
    for outcome in [Outcome::Matched { index: 1 }, Outcome::Mismatch { previous: 1, hint }] {
        group.feed(0, Input::Message { from: 1, message: reply(outcome) });
        assert!(group.mail.is_empty(), "nothing is sent again: {:?}", group.mail);
    }
    assert_eq!(group.cores[0].commit(), before);
}

#[test]
fn a_long_wrong_tail_costs_a_message_for_each_term_at_most() {
    let wrong: Vec<u64> = [1_u64].into_iter().chain([2; 200]).chain([4; 200]).collect();
    let right: Vec<u64> = [1_u64].into_iter().chain([3; 100]).chain([5; 100]).collect();
    let mut group = Group::new(3, |place| durable(5, if place == 2 { &wrong } else { &right }));
    group.elect(0);
    for _ in 0..3 {
        group.tick(0);
    }
    assert_eq!(group.cores[2].log(), group.cores[0].log());
}

#[test]
fn a_read_waits_for_the_first_entry_and_for_a_majority() {
    let mut group = Group::fresh(3);
    group.feed(0, Input::Read { id: ReadId(1) });
    assert!(group.done[0].contains(&Output::ReadFailed { id: ReadId(1) }));
    group.elect(0);
    group.stuck = BTreeSet::from([1, 2]);
    group.cut_off = BTreeSet::from([0]);
    group.feed(0, Input::Read { id: ReadId(2) });
    group.settle();
    assert_eq!(group.ready(0), [0; 0], "nobody has answered");
    group.cut_off.clear();
    group.tick(0);
    assert_eq!(group.ready(0), [2]);
    // Answers to what was sent before the read say nothing of it.
    group.feed(0, Input::Read { id: ReadId(3) });
    group.mail.clear();
    let outcome = Outcome::Matched { index: 1 };
    for from in [1, 2] {
        group.feed(0, Input::Message { from, message: Message::AppendReply { term: 1, round: 1, outcome } });
    }
    assert_eq!(group.ready(0), [2]);
}

#[test]
fn a_leader_whose_first_entry_is_not_committed_answers_no_read() {
    let mut group = Group::new(3, |_| durable(1, &[1]));
    group.now = 2_000 * MS;
    group.feed(0, Input::Tick { draw: 0 });
    while let Some((from, to, message)) = group.mail.pop_front() {
        if !matches!(message, Message::Append(_)) {
            group.feed(to, Input::Message { from, message });
        }
    }
    group.feed(0, Input::Read { id: ReadId(1) });
    let hint = EntryId::default();
    let outcome = Outcome::Mismatch { previous: 1, hint };
    group.feed(0, Input::Message { from: 1, message: Message::AppendReply { term: 2, round: 1, outcome } });
    assert_eq!(group.ready(0), [0; 0], "a majority has answered, nothing is committed");
    let outcome = Outcome::Matched { index: 2 };
    group.feed(0, Input::Message { from: 1, message: Message::AppendReply { term: 2, round: 1, outcome } });
    assert_eq!(group.ready(0), [1]);
}

#[test]
fn a_leader_that_nobody_answers_leaves() {
    let mut group = Group::fresh(3);
    group.elect(0);
    group.cut_off.insert(0);
    let start = group.now;
    while group.cores[0].leads() {
        group.tick(0);
        assert!(group.now < start + 1_000 * MS);
    }
    assert!(group.now > start + 600 * MS);
    assert_eq!((group.cores[0].term(), group.cores[0].leader()), (1, None));
    assert!(group.done[0].contains(&Output::Deposed));
}

#[test]
fn a_follower_far_behind_gets_the_snapshot_in_pieces() {
    let mut group = Group::fresh(3);
    group.elect(0);
    group.cut_off.insert(2);
    for _ in 0..20 {
        group.propose(0, "a");
    }
    let id = EntryId { term: 1, index: 20 };
    let data: Vec<u8> = (0..CHUNK_BYTES * 3 + 7).map(|place| (place % 13) as u8).collect();
    let snapshot = Snapshot { id, state: 77, data: Arc::new(data) };
    group.feed(0, Input::Snapshot(snapshot.clone()));
    assert_eq!(group.cores[0].log().base().index, 19, "a trail stays");
    group.cut_off.clear();
    // It had entries of its own that contradict nothing and are far behind.
    for _ in 0..4 {
        group.tick(0);
    }
    assert!(group.done[2].contains(&Output::Restore(snapshot)));
    assert_eq!((group.ends()[2], group.cores[2].commit()), (EntryId { term: 1, index: 21 }, 21));
    assert_eq!(group.cores[2].log().base(), id);
    group.propose(0, "b");
    assert_eq!(group.ends()[2].index, 22);
}

#[test]
fn a_log_that_holds_the_snapshots_end_keeps_its_tail() {
    let chunk = |term| Chunk {
        term: 3,
        id: EntryId { term, index: 3 },
        state: 0,
        offset: 0,
        total: 2,
        crc: crate::codec::crc32c(0, b"{}"),
        bytes: b"{}".to_vec(),
        round: 0,
    };
    for (term, end) in [(2, 5), (1, 3)] {
        let mut follower = Core::new(settings(1, 3), durable(2, &[1, 1, 2, 2, 2]), Moment(0), 0);
        let message = Message::Chunk(chunk(term));
        let outputs = follower.step(Moment(1), Input::Message { from: 0, message });
        assert_eq!(follower.log().end().index, end);
        let anew = Write::BeginAnew { behind: EntryId { term, index: 3 } };
        let writes =
            |output: &Output| matches!(output, Output::Persist { writes, .. } if writes.contains(&anew));
        assert_eq!(outputs.iter().any(writes), end == 3);
        assert_eq!(follower.commit(), 3);
    }
}

#[test]
fn who_hears_a_leader_elects_no_other() {
    let mut group = Group::fresh(3);
    group.elect(0);
    group.tick(0);
    let last = EntryId { term: 9, index: 99 };
    for message in [Message::PreVote { term: 7, last }, Message::Vote { term: 7, last }] {
        for place in [0, 2] {
            group.feed(place, Input::Message { from: 1, message: message.clone() });
        }
    }
    assert!(
        group
            .mail
            .iter()
            .all(|(_, _, message)| matches!(message, Message::PreVoteReply { granted: false, .. }))
    );
    assert!(group.cores.iter().all(|core| core.term() == 1));
}

#[test]
fn a_planted_bug_deviates_and_only_where_it_is_on() {
    // Each case: a bug, the term and vote of a member that was candidate and meets a leader.
    for (bugs, expected) in [(Bugs::none(), Some(1)), (Bug::VoteClearedOnStepdown.into(), None)] {
        let mut core = Core::new(Settings { bugs, ..settings(1, 3) }, Durable::default(), Moment(0), 0);
        core.step(Moment(5_000 * MS), Input::Tick { draw: 0 });
        let granted = Message::PreVoteReply { term: 0, asked: 1, granted: true };
        core.step(Moment(5_000 * MS), Input::Message { from: 2, message: granted });
        let append =
            Append { term: 1, previous: EntryId::default(), entries: Vec::new(), commit: 0, round: 0 };
        core.step(Moment(5_001 * MS), Input::Message { from: 0, message: Message::Append(append) });
        assert_eq!((core.term, core.vote), (1, expected));
    }
}
