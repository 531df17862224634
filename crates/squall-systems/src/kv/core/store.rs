//! The state machine: what the committed entries make, the same on every server.
//!
//! A pure function of the log's committed prefix: no clock, no randomness, ordered maps only.

use std::collections::BTreeMap;

use crate::kv::bugs::{Bug, Bugs};
use crate::kv::protocol::{Answer, MAX_VALUE, Op, Request};

/// Values by key, and each client's last write with its answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Store {
    values: BTreeMap<String, String>,
    sessions: BTreeMap<String, (u64, Answer)>,
}

/// What is known of a client's write.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Known {
    /// Not executed so far.
    New,
    /// Executed, with this answer.
    Answered(Answer),
    /// The client has executed a later one.
    Superseded,
}

impl Store {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&String> {
        self.values.get(key)
    }

    /// Whether a write was executed already.
    pub fn known(&self, request: &Request, bugs: &Bugs) -> Known {
        // planted bug
        if bugs.has(Bug::RetryAppliedTwice) {
            return Known::New;
        }
        match self.sessions.get(&request.client) {
            Some((seq, answer)) if *seq == request.seq => Known::Answered(answer.clone()),
            Some((seq, _)) if *seq > request.seq => Known::Superseded,
            _ => Known::New,
        }
    }

    /// Executes a write, unless it is known; gives what is known of it before, and the answer
    /// (`None` if it is superseded).
    pub fn apply(&mut self, request: &Request, bugs: &Bugs) -> (Known, Option<Answer>) {
        let known = self.known(request, bugs);
        let answer = match &known {
            Known::Superseded => None,
            Known::Answered(first) => Some(first.clone()),
            Known::New => {
                let answer = self.execute(&request.op);
                self.sessions.insert(request.client.clone(), (request.seq, answer.clone()));
                Some(answer)
            }
        };
        (known, answer)
    }

    fn execute(&mut self, op: &Op) -> Answer {
        match op {
            Op::Get { key } => Answer::Value(self.values.get(key).cloned()),
            Op::Put { key, value } => {
                self.values.insert(key.clone(), value.clone());
                Answer::Done
            }
            Op::Append { key, text } => {
                let value = self.values.entry(key.clone()).or_default();
                if value.len() + text.len() > MAX_VALUE {
                    return Answer::TooLarge;
                }
                value.push_str(text);
                Answer::Done
            }
            Op::Cas { key, expected, new } => {
                let found = self.values.get(key);
                if found != expected.as_ref() {
                    return Answer::NotSwapped(found.cloned());
                }
                self.values.insert(key.clone(), new.clone());
                Answer::Swapped
            }
            Op::Delete { key } => {
                self.values.remove(key);
                Answer::Done
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(seq: u64, op: Op) -> Request {
        Request { client: "c".into(), seq, op }
    }

    fn append(seq: u64, text: &str) -> Request {
        write(seq, Op::Append { key: "k".into(), text: text.into() })
    }

    fn answer(store: &mut Store, request: &Request) -> Option<Answer> {
        store.apply(request, &Bugs::none()).1
    }

    #[test]
    fn a_retry_gets_the_first_answer_and_changes_nothing() {
        let cas = |seq, expected: Option<&str>, new: &str| {
            write(seq, Op::Cas { key: "k".into(), expected: expected.map(Into::into), new: new.into() })
        };
        let mut store = Store::default();
        assert_eq!(answer(&mut store, &cas(1, None, "a")), Some(Answer::Swapped));
        assert_eq!(answer(&mut store, &cas(1, None, "a")), Some(Answer::Swapped));
        assert_eq!(answer(&mut store, &append(2, "b")), Some(Answer::Done));
        assert_eq!(answer(&mut store, &append(2, "b")), Some(Answer::Done));
        assert_eq!(store.get("k").unwrap(), "ab");
        assert_eq!(answer(&mut store, &cas(3, Some("a"), "z")), Some(Answer::NotSwapped(Some("ab".into()))));
    }

    #[test]
    fn a_write_the_client_gave_up_is_not_executed_after_a_later_one() {
        let mut store = Store::default();
        answer(&mut store, &append(2, "later"));
        assert_eq!(store.apply(&append(1, "earlier"), &Bugs::none()), (Known::Superseded, None));
        assert_eq!(store.get("k").unwrap(), "later");
    }

    #[test]
    fn the_planted_bug_applies_a_retry_again() {
        let bugs = Bugs::from_names(["retry-applied-twice"]).unwrap();
        let mut store = Store::default();
        store.apply(&append(1, "a"), &bugs);
        store.apply(&append(1, "a"), &bugs);
        assert_eq!(store.get("k").unwrap(), "aa");
    }

    #[test]
    fn an_append_beyond_the_limit_changes_nothing() {
        let mut store = Store::default();
        let put = Op::Put { key: "k".into(), value: "v".repeat(MAX_VALUE) };
        answer(&mut store, &write(1, put));
        assert_eq!(answer(&mut store, &append(2, "x")), Some(Answer::TooLarge));
        assert_eq!(store.get("k").unwrap().len(), MAX_VALUE);
        answer(&mut store, &write(3, Op::Delete { key: "k".into() }));
        assert_eq!(store.get("k"), None);
    }
}
