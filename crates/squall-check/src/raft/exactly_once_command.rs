//! `exactly-once-command` (R9): a client's command is executed once, however often the client sends
//! it (section 6.3).
//!
//! Members execute the same log, so that each of them executes it is right: at the same index and
//! with the same reply. Whether a repetition that was recognised is answered with the first reply is
//! judged by the answer.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use squall_history::vocab::raft::Event;
use squall_history::{Expect, Header, NodeName, Record};

use super::Group;
use super::members::{Members, Word};
use crate::{Findings, Invariant, Oracle};

/// Each (client, seq) is executed at one index, with one reply, and answered with that reply.
/// Exercised by every answer, and by every execution that was told of before.
#[derive(Clone, Debug)]
pub struct ExactlyOnceCommand {
    members: Members,
    /// By client and count: as it was executed first.
    executed: BTreeMap<String, BTreeMap<u64, Execution>>,
}

#[derive(Clone, Debug)]
struct Execution {
    index: u64,
    reply: u64,
    by: NodeName,
}

impl ExactlyOnceCommand {
    /// For this group.
    pub fn new(group: &Group) -> Self {
        Self { members: Members::new(group), executed: BTreeMap::new() }
    }

    fn known(&self, client: &str, seq: u64) -> Option<&Execution> {
        self.executed.get(client)?.get(&seq)
    }

    fn execute(
        &mut self,
        record: &Record,
        (client, seq): (&str, u64),
        now: Execution,
        findings: &mut Findings,
    ) {
        let Some(known) = self.known(client, seq) else {
            self.executed.entry(client.to_owned()).or_default().insert(seq, now);
            return;
        };
        findings.exercised();
        let message = if known.index != now.index {
            format!("command {seq} of {client} is executed at {} and again at {}", known.index, now.index)
        } else if known.reply != now.reply {
            format!("command {seq} of {client} gives another reply at {} than at {}", now.by, known.by)
        } else {
            return;
        };
        let evidence = json!({
            "client": client,
            "seq": seq,
            "expected": known.evidence(),
            "seen": now.evidence(),
        });
        let found = findings.violated(record.at, message).node(&known.by);
        if known.by != now.by {
            found.node(&now.by);
        }
        found.evidence(evidence);
    }

    fn answer(
        &self,
        record: &Record,
        who: &NodeName,
        (client, seq, reply): (&str, u64, u64),
        findings: &mut Findings,
    ) {
        findings.exercised();
        let known = self.known(client, seq);
        let message = match known {
            None => format!("{who} answers command {seq} of {client}, which nobody has executed"),
            Some(known) if known.reply != reply => {
                format!(
                    "{who} answers command {seq} of {client} with another reply than it was executed with"
                )
            }
            Some(_) => return,
        };
        let evidence = json!({
            "client": client,
            "seq": seq,
            "expected": known.map(Execution::evidence),
            "seen": { "reply": format!("{reply:016x}") },
        });
        findings.violated(record.at, message).node(who).evidence(evidence);
    }
}

impl Execution {
    fn evidence(&self) -> Value {
        json!({ "index": self.index, "reply": format!("{:016x}", self.reply), "by": self.by })
    }
}

impl Oracle for ExactlyOnceCommand {
    fn name(&self) -> &'static str {
        "exactly-once-command"
    }

    fn id(&self) -> Option<&'static str> {
        Some("R9")
    }

    fn needs(&self) -> &'static [&'static str] {
        &["vocab.raft"]
    }
}

impl Invariant for ExactlyOnceCommand {
    fn begin(&mut self, header: &Header, _expect: &Expect) {
        self.members.begin(header);
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        let Some((who, Word::Told(event))) = self.members.word(record) else { return };
        match event {
            Event::Executed { client, seq, index, reply } => {
                let now = Execution { index: *index, reply: *reply, by: who.clone() };
                self.execute(record, (client, *seq), now, findings);
            }
            Event::Replied { client, seq, reply } => {
                self.answer(record, who, (client, *seq, *reply), findings);
            }
            _ => {}
        }
    }
}
