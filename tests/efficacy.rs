//! Every fault bites, from YAML to what the software under it sees; and every check of that can fail.
//!
//! Two nodes of the system `eyes` send, connect, look up, write, read and tell the time, and say what
//! they see. A row of the table lays one fault on them; its check asks what they saw. Under the no-op
//! switch of the simulator the same check must fail, and must see exactly what is seen without a fault.

#[path = "efficacy/mod.rs"]
mod efficacy;
#[path = "efficacy/table.rs"]
mod table;

use std::collections::BTreeSet;

use efficacy::row::faults;
use efficacy::{Seen, watch_on};
use squall::history::Action;
use table::TABLE;

fn watch(faults: &[String]) -> Vec<Seen> {
    watch_on("native", faults)
}

#[test]
fn every_fault_bites() {
    let idle = TABLE.iter().filter(|row| !(row.bites)(&watch(&faults(row)))).map(|row| row.kind);
    let idle: Vec<&str> = idle.collect();
    assert!(idle.is_empty(), "these do nothing: {idle:?}");
}

#[test]
fn no_check_passes_without_its_fault() {
    for row in TABLE {
        let without = watch(&row.besides.map(str::to_owned).into_iter().collect::<Vec<_>>());
        squall::neutralise(Some(row.kind));
        let neutral = watch(&faults(row));
        squall::neutralise(None);
        assert!(!(row.bites)(&neutral), "the check of `{}` passes though the fault does nothing", row.kind);
        assert!(!(row.bites)(&without), "the check of `{}` passes without the fault", row.kind);
        let differs = neutral.iter().zip(&without).find(|(one, other)| one != other);
        assert!(differs.is_none(), "`{}` is not neutral under its switch: {differs:?}", row.kind);
        assert_eq!(neutral.len(), without.len(), "`{}` is not neutral under its switch", row.kind);
    }
}

#[test]
fn every_fault_of_the_schema_is_in_the_table() {
    let kinds: BTreeSet<&str> = TABLE.iter().map(|row| row.kind).collect();
    for keyword in Action::KEYWORDS.iter().filter(|keyword| **keyword != "disk") {
        assert!(kinds.contains(keyword), "`{keyword}` has no efficacy check");
    }
    for word in squall::history::DiskTrouble::KINDS {
        assert!(kinds.contains(format!("disk {word}").as_str()), "`disk {word}` has no efficacy check");
    }
    assert_eq!(kinds.len(), TABLE.len(), "a fault is in the table twice");
}
