//! Histories of a Raft group as short text, and the verdict of one of its invariants.
//!
//! One record a line: `MILLISECONDS WHO WHAT…`. The members are `m-1` to `m-3` (or more), election
//! time-outs last 100 ms at most, and files lie in `ctl`. An entry is `INDEX.TERM`; `#HASH` gives it
//! another hash, `<TERM` another term before it, `=STATE` another state after it.
//! - `m-1 leader 2`, `spoke 2` (`sent-append`), `down 2`, `vote 2 m-1`, `hard 2`, `hard 2 m-1`,
//!   `commit 7`, `match 2 m-3 7`;
//! - `m-1 log 1.1 2.1` writes entries to file `wal`, entry i at byte 10 i, 10 bytes long; `cut 1`;
//! - `m-1 apply 1.1` is `applied-entry`, `applied 1.1` the shorter word; `exec c 1 4 77` executes
//!   command 1 of c at index 4 with reply 77, `reply c 1 77`;
//! - `m-1 snap 5.1`, `install 5.1` (file `snap-5`, 100 bytes), `restore 5.1`,
//!   `recovered TERM VOTE|- SNAPSHOT|- INDEX`;
//! - `m-1 holds wal 10-30 50-60` is the simulator's word: what is durable of `ctl/wal`;
//! - `m-1 started|killed|power-lost|paused|resumed|exited|panicked`;
//! - `fault p cut m-1|m-2,m-3` in both directions, `>` and `<` in one; `fault p slow m-1|m-2`;
//!   `fault p shape`; `fault p disk=TROUBLE m-1` (as in `support`); `fault p ended`.

use squall_check::{Group, Judge, Verdict, raft_invariants};
use squall_history::vocab::raft::{Event, LoggedEntry, Snapshot};
use squall_history::*;

/// What one invariant found: its violations, as `time message`, and how often it was exercised.
pub(crate) struct Found {
    pub(crate) violations: Vec<String>,
    pub(crate) exercised: u64,
    pub(crate) verdict: Verdict,
}

/// The verdict of one invariant on a history of three members, that ends after a second.
pub(crate) fn judged(invariant: &str, text: &str) -> Found {
    judged_of(3, invariant, text)
}

/// As [`judged`], of so many members.
pub(crate) fn judged_of(members: u32, invariant: &str, text: &str) -> Found {
    judged_on(NetworkProfile::LAN, members, invariant, text)
}

/// As [`judged_of`], on another network.
pub(crate) fn judged_on(network: NetworkProfile, members: u32, invariant: &str, text: &str) -> Found {
    judged_over(network, &[], members, invariant, text)
}

/// As [`judged_on`], with links of their own.
pub(crate) fn judged_over(
    network: NetworkProfile,
    links: &[LinkProfile],
    members: u32,
    invariant: &str,
    text: &str,
) -> Found {
    let group = Group {
        role: "m".to_owned(),
        directory: "ctl".to_owned(),
        election_timeout_max: SimDuration::from_millis(100),
    };
    let capabilities = ["vocab.raft", "truth.disk", "truth.fault", "truth.node"];
    let header = Header {
        topology: Topology::of_roles(&[("m", members), ("x", 1)]),
        network,
        links: links.to_vec(),
        duration: SimDuration::from_secs(10),
        capabilities: capabilities.map(str::to_owned).to_vec(),
        ..crate::support::header(10)
    };
    let mut invariants = raft_invariants(group);
    invariants.retain(|oracle| oracle.name() == invariant);
    assert_eq!(invariants.len(), 1, "there is one `{invariant}`");
    let mut judge = Judge::new(&header, &Expect::default(), invariants, Vec::new());
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let history = History { header, records: lines.map(record).collect() };
    for record in &history.records {
        let _ = judge.observe(record);
    }
    let verdict = judge.finish(&history);
    let own = verdict.violations.iter().filter(|violation| violation.oracle == invariant);
    let violations = own.map(|violation| format!("{} {}", violation.at, violation.message)).collect();
    Found { violations, exercised: verdict.exercised.get(invariant).copied().unwrap_or(0), verdict }
}

/// Checks what an invariant finds, and how often it was exercised.
#[track_caller]
pub(crate) fn check(invariant: &str, text: &str, exercised: u64, violations: &[&str]) {
    let found = judged(invariant, text);
    assert_eq!(found.violations, violations, "{text}");
    assert_eq!(found.exercised, exercised, "{text}");
    for violation in &found.verdict.violations {
        assert!(!violation.nodes.is_empty() && violation.evidence.is_object(), "{violation:?}");
        assert!(!violation.evidence["seen"].is_null(), "{violation:?}");
    }
}

fn record(line: &str) -> Record {
    let words: Vec<&str> = line.split_whitespace().collect();
    let at = SimTime(number(words[0]) * 1_000_000);
    if words[1] == "fault" {
        return Record { at, node: None, boot: None, body: Body::Fault(fault(words[2], &words[3..])) };
    }
    let rest = &words[3..];
    let body = life(words[2]).map(Body::Node).unwrap_or_else(|| match words[2] {
        "holds" => Body::Disk(DiskEvent::Holds {
            file: format!("ctl/{}", rest[0]),
            ranges: rest[1..].iter().map(|range| pair(range, '-')).map(|(from, to)| from..to).collect(),
        }),
        word => Body::Raft(told(word, rest)),
    });
    Record { at, node: Some(words[1].into()), boot: Some(Boot(1)), body }
}

fn life(word: &str) -> Option<NodeEvent> {
    Some(match word {
        "started" => NodeEvent::Started,
        "killed" => NodeEvent::Killed,
        "power-lost" => NodeEvent::PowerLost,
        "paused" => NodeEvent::Paused,
        "resumed" => NodeEvent::Resumed,
        "exited" => NodeEvent::Exited { error: None },
        _ => return None,
    })
}

fn told(word: &str, rest: &[&str]) -> Event {
    let first = || number(rest[0]);
    match word {
        "leader" => Event::BecameLeader { term: first() },
        "spoke" => Event::SentAppend { term: first() },
        "down" => Event::SteppedDown { term: first() },
        "vote" => Event::Voted { term: first(), candidate: rest[1].into() },
        "hard" => Event::HardState { term: first(), vote: rest.get(1).map(|vote| (*vote).into()) },
        "commit" => Event::Committed { index: first() },
        "match" => Event::Matched { term: first(), peer: rest[1].into(), index: number(rest[2]) },
        "log" => Event::Logged { file: "wal".to_owned(), entries: logged(rest) },
        "cut" => Event::Truncated { index: first() },
        "exec" => Event::Executed {
            client: rest[0].to_owned(),
            seq: number(rest[1]),
            index: number(rest[2]),
            reply: number(rest[3]),
        },
        "reply" => {
            Event::Replied { client: rest[0].to_owned(), seq: number(rest[1]), reply: number(rest[2]) }
        }
        "snap" => Event::SnapshotTaken(snapshot(rest[0])),
        "install" => Event::SnapshotInstalled(snapshot(rest[0])),
        "recovered" => Event::Recovered {
            term: first(),
            vote: (rest[1] != "-").then(|| rest[1].into()),
            snapshot: (rest[2] != "-").then(|| snapshot(rest[2])),
            index: number(rest[3]),
        },
        _ => {
            let Entry { index, term, hash, state, .. } = entry(rest[0]);
            match word {
                "applied" => Event::Applied { index, term },
                "apply" => Event::AppliedEntry { index, term, hash, state },
                "restore" => Event::SnapshotRestored { index, term, state },
                _ => panic!("no word {word}"),
            }
        }
    }
}

struct Entry {
    index: u64,
    term: u64,
    hash: u64,
    state: u64,
    before: Option<u64>,
}

fn entry(text: &str) -> Entry {
    let after = |mark: char| {
        let (_, rest) = text.split_once(mark)?;
        Some(number(rest.split(['#', '<', '=']).next().unwrap()))
    };
    let (index, term) = pair(text.split(['#', '<', '=']).next().unwrap(), '.');
    let hash = after('#').unwrap_or(100 * index + term);
    Entry { index, term, hash, state: after('=').unwrap_or(7_000 + index), before: after('<') }
}

/// Each has the term of the one before it on the line as its previous term; the first has its own.
fn logged(texts: &[&str]) -> Vec<LoggedEntry> {
    let entries: Vec<Entry> = texts.iter().map(|text| entry(text)).collect();
    let before = |place: usize| if place == 0 { entries[0].term } else { entries[place - 1].term };
    let logged = entries.iter().enumerate().map(|(place, entry)| LoggedEntry {
        index: entry.index,
        term: entry.term,
        previous_term: entry.before.unwrap_or_else(|| before(place)),
        hash: entry.hash,
        offset: 10 * entry.index,
        length: 10,
    });
    logged.collect()
}

fn snapshot(text: &str) -> Snapshot {
    let Entry { index, term, state, .. } = entry(text);
    Snapshot { index, term, state, file: format!("snap-{index}"), length: 100 }
}

fn fault(id: &str, words: &[&str]) -> FaultEvent {
    let id = FaultId(id.into());
    let zero = SimDuration::ZERO;
    let action = match words[0] {
        "ended" => return FaultEvent::Ended { id },
        "cut" => Action::Partition(Partition::Cuts(words[1..].iter().map(|text| link(text)).collect())),
        "slow" => {
            let (shape, correlation) = (LatencyShape::Uniform, Ppm::ZERO);
            let trouble = LinkTrouble::Latency { latency: zero, jitter: zero, shape, correlation };
            Action::Link(LinkFault { link: link(words[1]), trouble })
        }
        "shape" => Action::Partition(Partition::Shape(PartitionShape::Bridge)),
        "kill" => Action::Kill(nodes(words[1])),
        word if word.starts_with("disk=") => {
            let trouble = crate::support::disk_trouble(&word["disk=".len()..]);
            Action::Disk(DiskFault { target: nodes(words[1]), path: None, trouble })
        }
        word => panic!("no fault {word}"),
    };
    FaultEvent::Applied { id, action, beyond_budget: false }
}

fn link(text: &str) -> LinkSelector {
    let marks = [('|', Direction::Both), ('>', Direction::To), ('<', Direction::From)];
    let (mark, direction) = marks.into_iter().find(|(mark, _)| text.contains(*mark)).unwrap();
    let (from, to) = text.split_once(mark).unwrap();
    LinkSelector { from: nodes(from), to: Some(nodes(to)), direction }
}

fn nodes(text: &str) -> Selector {
    Selector::Nodes(text.split(',').map(NodeName::from).collect())
}

fn pair(text: &str, mark: char) -> (u64, u64) {
    let (one, other) = text.split_once(mark).unwrap();
    (number(one), number(other))
}

fn number(text: &str) -> u64 {
    text.parse().unwrap()
}
