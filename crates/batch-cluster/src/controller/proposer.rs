//! Puts decisions into the log, one proposal at a time, and tells what became of them.

use squall_io::{assert, rand, task};
use tokio::sync::mpsc;

use crate::codec::{decode, encode};
use crate::overseer::Event;
use crate::raft::Handle;
use crate::raft::message::Command as Named;
use crate::raft::service::{Reply, Request};
use crate::state::{Command, Decision, Ruling};

use super::News;

/// Proposes on behalf of one incarnation of a controller.
pub(super) struct Proposer {
    /// As a client of the group: no other incarnation has the name.
    client: String,
    seq: u64,
    handle: Handle,
    news: mpsc::Sender<News>,
}

impl Proposer {
    pub(super) fn new(name: &str, handle: Handle, news: mpsc::Sender<News>) -> Self {
        Self { client: format!("{name}.{:016x}", rand::bits()), seq: 0, handle, news }
    }

    /// Proposes; the answer comes as [`Event::Decided`] or [`Event::Undecided`].
    pub(super) fn propose(&mut self, decisions: Vec<Decision>) {
        self.seq += 1;
        let asked = decisions.len();
        let command = encode(&Command::Decide(decisions));
        let command = Named { client: self.client.clone(), seq: self.seq, command };
        let (handle, news) = (self.handle.clone(), self.news.clone());
        task::spawn(async move {
            let event = match handle.request(Request::Command(command)).await {
                Ok(Reply::Done { answer }) => match decode::<Vec<Ruling>>(&answer) {
                    Ok(rulings) => {
                        let ruled = rulings.len();
                        assert::always!(
                            ruled == asked,
                            "controller/each-decision-is-ruled",
                            "{ruled} of {asked}"
                        );
                        Event::Decided(rulings)
                    }
                    Err(_) => Event::Undecided,
                },
                Ok(_) | Err(_) => Event::Undecided,
            };
            assert::sometimes!(matches!(event, Event::Undecided), "controller/proposal-undecided");
            // It fails only if the controller has ended.
            news.send(News::Event(event)).await.ok();
        });
    }
}
