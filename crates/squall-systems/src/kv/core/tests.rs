//! The core as plain data: one input, the outputs it must give.

use std::time::Duration;

use squall_history::vocab::raft;

use super::*;
use crate::kv::bugs::Bugs;
use crate::kv::protocol::{Answer, Append, Command, Entry, LogEnd, Op, Outcome, Request};

const LEASE: u64 = 500;

fn ms(at: u64) -> Moment {
    Moment(at * 1_000_000)
}

fn settings(place: usize, bugs: &str) -> Settings {
    Settings {
        place,
        servers: ["server-1", "server-2", "server-3"].map(String::from).to_vec(),
        lease: Duration::from_millis(LEASE),
        heartbeat: Duration::from_millis(50),
        bugs: Bugs::from_names(bugs.split_whitespace()).unwrap(),
    }
}

/// A server that starts at 0 ms with entries of these epochs, and no jitter.
fn server(place: usize, epochs: &[u64], bugs: &str) -> Core {
    let mut log = Log::default();
    for (index, &epoch) in (1..).zip(epochs) {
        log.push(Entry { epoch, index, command: Command::Noop });
    }
    let promised = epochs.last().copied().unwrap_or(0);
    Core::new(settings(place, bugs), Durable { promised, log }, ms(0), 0)
}

fn tick(core: &mut Core, at: u64) -> Vec<Output> {
    core.step(ms(at), Input::Tick { draw: 0 })
}

fn say(core: &mut Core, at: u64, from: usize, message: Message) -> Vec<Output> {
    core.step(ms(at), Input::Message { from, message })
}

/// Server 0 of three as primary of epoch 3, at 500 ms, its own first entry durable.
fn primary(bugs: &str) -> Core {
    let mut core = server(0, &[], bugs);
    tick(&mut core, LEASE);
    say(&mut core, LEASE, 1, Message::Willing { epoch: 3 });
    core.step(ms(LEASE), Input::Persisted { token: Token(1) });
    say(&mut core, LEASE, 1, Message::Promise { epoch: 3 });
    core.step(ms(LEASE), Input::Persisted { token: Token(2) });
    assert_eq!(core.primary_epoch(), Some(3));
    core
}

fn answered(sent: u64, matched: u64) -> Message {
    Message::Appended { epoch: 3, sent: ms(sent).0, matched }
}

fn append(epoch: u64, previous: (u64, u64), epochs: &[u64], commit: u64) -> Message {
    let entries = (previous.1 + 1..).zip(epochs);
    let entries = entries.map(|(index, &epoch)| Entry { epoch, index, command: Command::Noop }).collect();
    let previous = LogEnd { epoch: previous.0, index: previous.1 };
    Message::Append(Append { epoch, sent: 7, previous, entries, commit })
}

fn request(seq: u64, op: Op) -> Input {
    Input::Request { reply_to: ReplyTo(seq), request: Request { client: "c".into(), seq, op } }
}

fn put(seq: u64) -> Input {
    request(seq, Op::Put { key: "k".into(), value: format!("v{seq}") })
}

fn get(seq: u64) -> Input {
    request(seq, Op::Get { key: "k".into() })
}

fn replies(outputs: &[Output]) -> Vec<Outcome> {
    let reply = |output: &Output| match output {
        Output::Reply { outcome, .. } => Some(outcome.clone()),
        _ => None,
    };
    outputs.iter().filter_map(reply).collect()
}

fn sent_to(outputs: &[Output], to: usize) -> Vec<(Message, Option<Token>)> {
    let send = |output: &Output| match output {
        Output::Send { to: whom, message, after } if *whom == to => Some((message.clone(), *after)),
        _ => None,
    };
    outputs.iter().filter_map(send).collect()
}

#[test]
fn an_election_takes_two_rounds_and_the_promise_is_durable_before_it_is_told() {
    let mut core = server(0, &[], "");
    assert_eq!(tick(&mut core, LEASE - 1), []);
    let end = LogEnd { epoch: 0, index: 0 };
    assert_eq!(sent_to(&tick(&mut core, LEASE), 1), [(Message::Ask { epoch: 3, end }, None)]);
    let outputs = say(&mut core, LEASE, 2, Message::Willing { epoch: 3 });
    let promise = Output::Persist { token: Token(1), records: vec![Record::Promise { epoch: 3 }] };
    assert_eq!(outputs[0], promise);
    assert_eq!(sent_to(&outputs, 1), [(Message::Prepare { epoch: 3, end }, Some(Token(1)))]);
    // A second willing one is no promise.
    assert_eq!(say(&mut core, LEASE, 1, Message::Willing { epoch: 3 }), []);
    assert_eq!(core.step(ms(LEASE), Input::Persisted { token: Token(1) }), []);
    let outputs = say(&mut core, LEASE, 2, Message::Promise { epoch: 3 });
    let word = Word::Raft(raft::Event::BecameLeader { term: 3 });
    assert!(outputs.contains(&Output::Observe { word, after: None }), "{outputs:?}");
    assert_eq!(core.primary_epoch(), Some(3));
}

#[test]
fn an_epoch_is_promised_only_to_its_owner_and_only_upwards() {
    let end = LogEnd { epoch: 0, index: 0 };
    let mut core = server(0, &[], "");
    for (from, epoch, promised) in [(1, 4, true), (2, 4, false), (1, 1, false), (2, 5, true), (1, 4, false)] {
        let outputs = say(&mut core, LEASE, from, Message::Prepare { epoch, end });
        let (message, after) = sent_to(&outputs, from).remove(0);
        assert_eq!(message == Message::Promise { epoch }, promised, "{from} {epoch}: {message:?}");
        assert!(after.is_some());
    }
}

#[test]
fn a_server_that_just_started_may_be_bound_by_a_grant_it_forgot() {
    let end = LogEnd { epoch: 0, index: 0 };
    let mut core = server(0, &[], "");
    let early = sent_to(&say(&mut core, LEASE - 1, 1, Message::Prepare { epoch: 1, end }), 1);
    assert_eq!(early, [(Message::Refuse { epoch: 1, promised: 0 }, Some(Token(0)))]);
    let later = sent_to(&say(&mut core, LEASE, 1, Message::Prepare { epoch: 1, end }), 1);
    assert_eq!(later, [(Message::Promise { epoch: 1 }, Some(Token(1)))]);
}

#[test]
fn a_grant_binds_against_everybody_but_its_holder() {
    let end = LogEnd { epoch: 9, index: 9 };
    let mut core = server(0, &[], "");
    say(&mut core, 600, 1, append(1, (0, 0), &[1], 0));
    let willing = |core: &mut Core, at, from: usize| {
        let epoch = 6 + from as u64;
        sent_to(&say(core, at, from, Message::Ask { epoch, end }), from)[0].0 == Message::Willing { epoch }
    };
    assert!(!willing(&mut core, 600 + LEASE - 1, 2));
    assert!(willing(&mut core, 600 + LEASE - 1, 1));
    assert!(willing(&mut core, 600 + LEASE, 2));
}

#[test]
fn a_candidate_with_a_worse_log_is_refused() {
    let mut core = server(0, &[1, 4, 4], "");
    for (epoch, index, promised) in [(4, 2, false), (1, 9, false), (4, 3, true)] {
        let end = LogEnd { epoch, index };
        let outputs = say(&mut core, LEASE, 2, Message::Prepare { epoch: 8, end });
        let told = sent_to(&outputs, 2).remove(0).0;
        assert_eq!(told == Message::Promise { epoch: 8 }, promised, "{end:?}: {told:?}");
    }
}

#[test]
fn a_backup_drops_what_contradicts_the_primary_and_keeps_what_does_not() {
    let mut core = server(0, &[1, 1, 2, 2], "");
    let outputs = say(&mut core, LEASE, 1, append(4, (1, 2), &[4], 0));
    let entry = Entry { epoch: 4, index: 3, command: Command::Noop };
    let records =
        vec![Record::Promise { epoch: 4 }, Record::Cut { end: 2 }, Record::Append { entries: vec![entry] }];
    assert_eq!(outputs[0], Output::Persist { token: Token(1), records });
    let ack = Message::Appended { epoch: 4, sent: 7, matched: 3 };
    assert_eq!(sent_to(&outputs, 1), [(ack, Some(Token(1)))]);
    // An old message, overtaken, cuts nothing.
    let outputs = say(&mut core, LEASE, 1, append(4, (1, 1), &[1], 0));
    assert_eq!(core.log().end().index, 3);
    assert_eq!(sent_to(&outputs, 1), [(Message::Appended { epoch: 4, sent: 7, matched: 2 }, Some(Token(1)))]);
}

#[test]
fn a_backup_says_where_its_log_may_match() {
    let mut core = server(0, &[1, 1, 2, 2], "");
    let mismatch = |previous, hint| Message::Mismatch { epoch: 4, sent: 7, previous, hint };
    let gap = sent_to(&say(&mut core, LEASE, 1, append(4, (4, 9), &[], 0)), 1).remove(0).0;
    assert_eq!(gap, mismatch(9, 4));
    let conflict = sent_to(&say(&mut core, LEASE, 1, append(4, (4, 4), &[], 0)), 1).remove(0).0;
    assert_eq!(conflict, mismatch(4, 2));
}

#[test]
fn a_mismatch_makes_the_primary_send_from_the_hint() {
    let mut core = primary("");
    say(&mut core, LEASE, 1, answered(LEASE, 1));
    for seq in 1..=3 {
        core.step(ms(LEASE), put(seq));
    }
    let message = Message::Mismatch { epoch: 3, sent: ms(LEASE).0, previous: 3, hint: 0 };
    let Message::Append(again) = sent_to(&say(&mut core, LEASE, 2, message.clone()), 2).remove(0).0 else {
        panic!("not an append")
    };
    assert_eq!((again.previous, again.entries.len()), (LogEnd { epoch: 0, index: 0 }, 4));
    assert_eq!(core.commit(), 1);
    // The same answer once more is no news: what it is about was sent anew.
    let old = Message::Mismatch { epoch: 3, sent: ms(LEASE).0, previous: 9, hint: 0 };
    assert_eq!(sent_to(&say(&mut core, LEASE, 2, old), 2), []);
}

#[test]
fn an_answer_to_an_earlier_epoch_counts_for_nothing() {
    let mut core = primary("");
    core.step(ms(501), put(1));
    core.step(ms(501), Input::Persisted { token: Token(3) });
    say(&mut core, 502, 1, Message::Appended { epoch: 0, sent: ms(501).0, matched: 2 });
    assert_eq!((core.commit(), core.holds_lease(ms(502))), (0, false));
    say(&mut core, 502, 1, answered(501, 2));
    assert_eq!((core.commit(), core.holds_lease(ms(502))), (2, true));
}

#[test]
fn a_write_is_answered_when_a_majority_has_it_durably() {
    let mut core = primary("");
    say(&mut core, LEASE, 1, answered(LEASE, 1));
    assert_eq!(replies(&core.step(ms(510), put(1))), []);
    assert_eq!(replies(&say(&mut core, 511, 1, answered(510, 2))), [], "not durable at the primary");
    let outputs = core.step(ms(512), Input::Persisted { token: Token(3) });
    assert_eq!(replies(&outputs), [Outcome::Executed(Answer::Done)]);
    assert_eq!(core.commit(), 2);
}

#[test]
fn an_entry_of_an_older_epoch_is_committed_only_with_one_of_the_own() {
    let mut core = server(0, &[1, 1], "");
    tick(&mut core, LEASE);
    say(&mut core, LEASE, 1, Message::Willing { epoch: 3 });
    core.step(ms(LEASE), Input::Persisted { token: Token(1) });
    say(&mut core, LEASE, 1, Message::Promise { epoch: 3 });
    core.step(ms(LEASE), Input::Persisted { token: Token(2) });
    say(&mut core, LEASE, 1, answered(LEASE, 2));
    assert_eq!(core.commit(), 0);
    say(&mut core, LEASE, 1, answered(LEASE, 3));
    assert_eq!(core.commit(), 3);
}

#[test]
fn a_read_is_answered_under_the_lease_and_not_after() {
    let mut core = primary("");
    assert_eq!(replies(&core.step(ms(LEASE), get(1))), [], "no entry of its own is committed");
    assert_eq!(
        replies(&say(&mut core, 501, 1, answered(LEASE, 1))),
        [Outcome::Executed(Answer::Value(None))]
    );
    let end = LEASE + LEASE * u64::from(LEASE_USED_PERCENT) / 100;
    assert_eq!(replies(&core.step(ms(end - 1), get(2))).len(), 1);
    assert_eq!(replies(&core.step(ms(end), get(3))), []);
    // Something that was sent a little later and answered renews the lease by as much.
    assert_eq!(replies(&say(&mut core, end, 1, answered(501, 1))).len(), 1);
    assert_eq!(replies(&core.step(ms(end + 1), get(4))), []);
    let mut stale = primary("stale-primary-read");
    say(&mut stale, 501, 1, answered(LEASE, 1));
    assert_eq!(replies(&stale.step(ms(end), get(3))).len(), 1);
}

#[test]
fn without_a_lease_a_read_waits_for_a_majority_that_was_asked_later() {
    let mut core = primary("");
    say(&mut core, 501, 1, answered(LEASE, 1));
    assert_eq!(replies(&core.step(ms(1_200), get(1))), []);
    assert_eq!(replies(&say(&mut core, 1_900, 1, answered(1_200, 1))), [], "sent before the read came");
    assert_eq!(replies(&say(&mut core, 1_900, 2, answered(1_201, 1))).len(), 1);
}

#[test]
fn a_retry_gets_the_first_answer() {
    for (bugs, commit) in [("", 2), ("retry-applied-twice", 3)] {
        let mut core = primary(bugs);
        core.step(ms(501), put(1));
        core.step(ms(501), Input::Persisted { token: Token(3) });
        assert_eq!(replies(&say(&mut core, 502, 1, answered(501, 2))).len(), 1);
        core.step(ms(503), put(1));
        core.step(ms(503), Input::Persisted { token: Token(4) });
        let end = core.log().end().index;
        say(&mut core, 504, 1, answered(503, end));
        assert_eq!(core.commit(), commit, "`{bugs}`");
    }
}

#[test]
fn a_retry_of_what_is_under_way_adds_no_entry_and_both_are_answered() {
    let mut core = primary("");
    core.step(ms(501), put(1));
    core.step(ms(501), put(1));
    assert_eq!(core.log().end().index, 2);
    core.step(ms(501), Input::Persisted { token: Token(3) });
    assert_eq!(replies(&say(&mut core, 502, 1, answered(501, 2))).len(), 2);
}

#[test]
fn who_loses_the_office_tells_those_who_wait() {
    let mut core = primary("");
    core.step(ms(501), put(1));
    core.step(ms(501), get(2));
    let outputs = say(&mut core, 502, 1, append(4, (0, 0), &[4], 0));
    let told = [Outcome::Interrupted, Outcome::NotPrimary { primary: None }];
    assert_eq!(replies(&outputs), told);
    assert_eq!(core.primary_epoch(), None);
    let refused = Outcome::NotPrimary { primary: Some(1) };
    assert_eq!(replies(&core.step(ms(503), put(3))), [refused]);
}

#[test]
fn a_primary_without_a_majority_leaves_its_office() {
    let mut core = primary("");
    say(&mut core, 501, 1, answered(LEASE, 1));
    let last = LEASE + LEASE * u64::from(OFFICE_LEASES);
    tick(&mut core, last - 1);
    assert_eq!(core.primary_epoch(), Some(3));
    tick(&mut core, last);
    assert_eq!(core.primary_epoch(), None);
}

#[test]
fn what_is_acknowledged_waits_for_entries_of_earlier_steps() {
    for (bugs, after) in [("", Some(Token(1))), ("reply-before-fsync", None)] {
        let mut core = server(0, &[], bugs);
        say(&mut core, LEASE, 1, append(1, (0, 0), &[1], 0));
        // Nothing to write by itself, but entry 1 is still on its way to the disk.
        let outputs = say(&mut core, LEASE, 1, append(1, (1, 1), &[], 0));
        assert_eq!(sent_to(&outputs, 1)[0].1, after, "`{bugs}`");
    }
}

#[test]
fn the_planted_bug_answers_before_anybody_else_has_the_write() {
    let mut core = primary("ack-before-replicate");
    core.step(ms(501), put(1));
    let outputs = core.step(ms(502), Input::Persisted { token: Token(3) });
    assert_eq!(replies(&outputs), [Outcome::Executed(Answer::Done)]);
}

#[test]
fn a_cut_takes_back_what_was_durable() {
    let mut core = server(0, &[1, 1, 1], "");
    say(&mut core, LEASE, 1, append(4, (1, 1), &[4], 0));
    assert_eq!((core.durable, core.unsynced.front()), (1, Some(&(Token(1), 2))));
    say(&mut core, LEASE, 2, append(5, (1, 1), &[5, 5], 0));
    assert_eq!((core.durable, core.unsynced.front()), (1, Some(&(Token(1), 1))));
}
