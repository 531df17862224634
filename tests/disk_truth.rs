//! What the disks hold is told if an oracle of the run asks for it, and telling changes nothing.

mod library;

use library::{planned, recorded};
use squall::Plan;
use squall::history::{Body, Record};

/// Five seconds of the batch cluster, in which the leader loses power, judged by these invariants.
fn plan(invariants: &str) -> Plan {
    let text = format!(
        "
system: {{ name: batch }}
workload: {{ jobs: 2, records: 100 }}
duration: 5s
faults: [{{ at: 2s, for: 500ms, power-loss: leader }}]
expect: {{ invariants: {invariants} }}
"
    );
    planned(&text, 7)
}

fn is_of_disk(record: &Record) -> bool {
    matches!(record.body, Body::Disk(_))
}

#[test]
fn disks_are_told_of_to_those_who_need_it() {
    let all = recorded(&plan("all"));
    let one = recorded(&plan("[election-safety]"));
    let by_id = recorded(&plan("[R7]"));
    assert!(all.reply.result.exercised["durability-at-commit"] > 0, "{:?}", all.reply.result.exercised);
    assert!(one.reply.result.exercised["election-safety"] > 0, "{:?}", one.reply.result.exercised);
    let (disks, others): (Vec<Record>, Vec<Record>) = all.records.into_iter().partition(is_of_disk);
    assert!(disks.len() > 50, "{} records of disks", disks.len());
    assert!(disks.iter().all(|record| record.node.is_some() && record.boot.is_some()));
    assert_eq!(one.records.iter().filter(|record| is_of_disk(record)).count(), 0);
    assert_eq!(by_id.records.iter().filter(|record| is_of_disk(record)).count(), disks.len());
    // The same run, told or not.
    assert_eq!(others, one.records);
    assert_eq!(all.reply.result.digest, one.reply.result.digest);
    assert_eq!(all.reply.result.events, one.reply.result.events);
}
