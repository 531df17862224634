//! Histories as short text, so that a case is a few lines.
//!
//! One record a line: `MILLISECONDS WHO WHAT…`.
//! - `5 client-1 put:x 1` invokes `put` on key `x` with argument 1 (`write 1` without a key; a
//!   value is JSON, without spaces); `9 client-1 ok 1`, `fail`, `info` completes the client's
//!   latest operation. After `info` the client goes on under a new process.
//! - `3 server-1 started|killed|paused|resumed|power-lost|exited|exited ERROR|panicked MESSAGE`
//! - `2 fault kill#1 applied|beyond|ended|vetoed` kills server-1; `2 fault d=full applied` is about its disk
//! - `4 server-1 leader 2` is `became-leader` in term 2, `4 server-1 custom word` a word of
//!   vocabulary `test`, `4 server-1 broken name` and `reached name` are assertions.

use std::collections::BTreeMap;

use serde_json::Value;
use squall_check::{Budget, Checker, Findings, Invariant, Verdict, judge_history};
use squall_history::vocab::{Custom, raft};
use squall_history::*;

/// A header of two servers and two clients, and of this many seconds.
pub(crate) fn header(seconds: u64) -> Header {
    Header {
        format: HISTORY_FORMAT,
        sim_format: SIM_FORMAT,
        scenario: "case".to_owned(),
        seed: Seed(1),
        engine: "native".to_owned(),
        system: "none".to_owned(),
        config: Value::Null,
        bugs: Vec::new(),
        topology: Topology::of_roles(&[("server", 2), ("client", 2)]),
        network: squall_history::NetworkProfile::LAN,
        links: Vec::new(),
        duration: SimDuration::from_secs(seconds),
        capabilities: vec!["vocab.raft".to_owned()],
        client_roles: vec!["client".to_owned()],
    }
}

/// The history of `seconds` that `text` tells.
pub(crate) fn history(seconds: u64, text: &str) -> History {
    let mut writer = Writer::default();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let records = lines.map(|line| writer.record(line)).collect();
    History { header: header(seconds), records }
}

/// A judgement with nothing but the harness's own oracles.
pub(crate) fn judged(expect: &Expect, history: &History) -> Verdict {
    judge_history(history, expect, Vec::new(), Vec::new())
}

/// The verdict of one checker alone.
pub(crate) fn checked(checker: Box<dyn Checker>, history: &History, budget: Budget) -> Verdict {
    let mut judge = squall_check::Judge::new(
        &history.header,
        &Expect::default(),
        Vec::<Box<dyn Invariant>>::new(),
        vec![checker],
    )
    .with_budget(budget);
    for record in &history.records {
        let _ = judge.observe(record);
    }
    judge.finish(history)
}

/// What was violated, as `oracle at message`.
pub(crate) fn violations(verdict: &Verdict) -> Vec<String> {
    let line = |violation: &squall_check::Violation| {
        format!("{} {} {}", violation.oracle, violation.at, violation.message)
    };
    verdict.violations.iter().map(line).collect()
}

/// A duration as scenarios write it.
pub(crate) fn span(text: &str) -> SimDuration {
    text.parse().unwrap()
}

/// An oracle that says whatever its function says.
pub(crate) struct Says {
    pub(crate) name: &'static str,
    pub(crate) id: Option<&'static str>,
    pub(crate) needs: &'static [&'static str],
    pub(crate) scope: squall_check::Scope,
    pub(crate) at_record: fn(&Record, &mut Findings),
    pub(crate) at_end: fn(SimTime, &mut Findings),
}

impl Says {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            id: None,
            needs: &[],
            scope: squall_check::Scope::Prefix,
            at_record: |_, _| {},
            at_end: |_, _| {},
        }
    }
}

impl squall_check::Oracle for Says {
    fn name(&self) -> &'static str {
        self.name
    }

    fn id(&self) -> Option<&'static str> {
        self.id
    }

    fn needs(&self) -> &'static [&'static str] {
        self.needs
    }
}

impl Invariant for Says {
    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        (self.at_record)(record, findings);
    }

    fn end(&mut self, at: SimTime, findings: &mut Findings) {
        (self.at_end)(at, findings);
    }
}

impl Checker for Says {
    fn scope(&self) -> squall_check::Scope {
        self.scope
    }

    fn check(&self, history: &History, _budget: &mut Budget, findings: &mut Findings) {
        history.records.iter().for_each(|record| (self.at_record)(record, findings));
    }
}

#[derive(Default)]
struct Writer {
    ops: u64,
    processes: u64,
    /// Each client's process, and its operation in flight.
    clients: BTreeMap<String, (ProcessId, Option<Op>)>,
}

impl Writer {
    fn record(&mut self, line: &str) -> Record {
        let words: Vec<&str> = line.split_whitespace().collect();
        let at = SimTime(words[0].parse::<u64>().unwrap() * 1_000_000);
        let who = words[1];
        let rest = words[3..].join(" ");
        if who == "fault" {
            return Record { at, node: None, boot: None, body: fault(words[2], &rest) };
        }
        let body = node_event(words[2], &rest).unwrap_or_else(|| self.op(who, words[2], &rest));
        Record { at, node: Some(who.into()), boot: Some(Boot(1)), body }
    }

    fn op(&mut self, client: &str, word: &str, value: &str) -> Body {
        let value = if value.is_empty() { Value::Null } else { serde_json::from_str(value).unwrap() };
        let phase = match word {
            "ok" => Phase::Ok,
            "fail" => Phase::Fail,
            "info" => Phase::Info,
            _ => return self.invoke(client, word, value),
        };
        let (_, op) = self.clients.get_mut(client).unwrap();
        let op = op.take().unwrap();
        if phase == Phase::Info {
            self.clients.remove(client);
        }
        Body::Op(Op { phase, value, ..op })
    }

    fn invoke(&mut self, client: &str, word: &str, value: Value) -> Body {
        let (f, key) = word.split_once(':').map_or((word, None), |(f, key)| (f, Some(key.into())));
        let processes = &mut self.processes;
        let (process, in_flight) = self.clients.entry(client.to_owned()).or_insert_with(|| {
            *processes += 1;
            (ProcessId(*processes), None)
        });
        self.ops += 1;
        let op = Op { id: OpId(self.ops), process: *process, phase: Phase::Invoke, f: f.into(), key, value };
        *in_flight = Some(op.clone());
        Body::Op(op)
    }
}

fn fault(id: &str, word: &str) -> Body {
    // `ID`, or `ID=disk-fault` for one of server-1's disk.
    let (id, trouble) = id.split_once('=').map_or((id, None), |(id, trouble)| (id, Some(trouble)));
    let id = FaultId(id.into());
    let target = Selector::Nodes(vec!["server-1".into()]);
    let action = match trouble {
        None => Action::Kill(target),
        Some(word) => Action::Disk(DiskFault { target, path: None, trouble: disk_trouble(word) }),
    };
    Body::Fault(match word {
        "applied" => FaultEvent::Applied { id, action, beyond_budget: false },
        "beyond" => FaultEvent::Applied { id, action, beyond_budget: true },
        "ended" => FaultEvent::Ended { id },
        "vetoed" => FaultEvent::Vetoed { id, why: "no quorum".to_owned() },
        _ => panic!("no fault event {word}"),
    })
}

/// A disk fault by its word.
pub(crate) fn disk_trouble(word: &str) -> DiskTrouble {
    let (percent, zero) = (Ppm::percent(100), SimDuration::ZERO);
    match word {
        "error" => DiskTrouble::Error { percent, ops: vec![DiskOp::Sync] },
        "full" => DiskTrouble::Full,
        "slow" => DiskTrouble::Slow { latency: (zero, zero) },
        "stall" => DiskTrouble::Stall,
        "lying-sync" => DiskTrouble::LyingSync,
        "corrupt" => DiskTrouble::Corrupt(Rot::Percent(percent)),
        "throttled" => DiskTrouble::Throttle { rate: 1 },
        "torn-write" => DiskTrouble::TornWrite { percent },
        "misdirected" => DiskTrouble::Misdirected { percent },
        _ => panic!("no disk fault {word}"),
    }
}

fn node_event(word: &str, rest: &str) -> Option<Body> {
    let text = || rest.to_owned();
    Some(Body::Node(match word {
        "started" => NodeEvent::Started,
        "killed" => NodeEvent::Killed,
        "power-lost" => NodeEvent::PowerLost,
        "paused" => NodeEvent::Paused,
        "resumed" => NodeEvent::Resumed,
        "exited" => NodeEvent::Exited { error: (!rest.is_empty()).then(text) },
        "panicked" => NodeEvent::Panicked { message: text(), location: "src/node.rs:3:5".to_owned() },
        "leader" => return Some(Body::Raft(raft::Event::BecameLeader { term: rest.parse().unwrap() })),
        "reached" => return Some(Body::Assert(Assertion::Reached { name: text() })),
        "broken" => {
            let (name, details) = (text(), "7 of 6".to_owned());
            return Some(Body::Assert(Assertion::Broken { name, place: "log:9".to_owned(), details }));
        }
        "custom" => return Some(Body::Custom(Custom::new("test", rest))),
        _ => return None,
    }))
}
