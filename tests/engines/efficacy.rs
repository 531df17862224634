//! Every fault that the engine says it can inject bites on it; and every check of that can fail.
//!
//! The same eyes as for the native engine (`tests/efficacy.rs`), and the same words of theirs; what is asked of
//! them is coarser, since timers and latencies of other simulators are.

use squall::capability::{Ability, EngineSpec};
use squall::history::Action;

use super::ENGINE;
use super::efficacy::row::{Row, faults, instant, row};
use super::efficacy::words::{
    datagrams, echoes, is_back, loose, missing, said, said_like, silent, stored, synced,
};
use super::efficacy::{Seen, watch_on};

const ROWS: &[Row] = &[
    row("kill", "kill: eye-1", |seen| is_back(seen) && silent(seen) && !lost_what_was_loose(seen)),
    row("power-loss", "power-loss: eye-1", |seen| is_back(seen) && silent(seen) && lost_what_was_loose(seen)),
    row("stop", "stop: { target: eye-1, grace: 100ms }", |seen| said(seen, "asked to stop") && is_back(seen)),
    row("pause", "pause: eye-1", |seen| silent(seen) && !is_back(seen)),
    instant("wipe", "wipe: eye-1", |seen| said(seen, "found 0 synced, 0 loose") && is_back(seen)),
    row("buggify", "buggify: { target: eye-1, enable: 100%, fire: 100% }", |seen| said(seen, "took a turn")),
    row("hook", "hook: { target: eye-1, point: eyes/*, crash: kill, restart: 50ms }", is_back),
    instant("core", "core: smallest", |seen| missing(seen) > 49 || echoes(seen) == 0),
    row("partition", "partition: { from: eye-1, to: eye-2 }", |seen| missing(seen) >= 40),
    row("latency", "latency: { from: eye-1, latency: 100ms }", |seen| {
        missing(seen) == 0 && echoes(seen) < 12
    }),
    row("loss", "loss: { loss: 40% }", |seen| (5..60).contains(&missing(seen))),
    row("hold", "hold: { from: eye-1, to: eye-2, direction: both }", |seen| {
        missing(seen) == 0 && datagrams(seen, 1_030, 1_970) == 0
    }),
    row("dns", "dns: { from: eye-1, to: eye-2, fault: fail }", |seen| said(seen, "lookup failed in 0 ms")),
    row("disk error", "disk: { target: eye-1, fault: error, ops: [write] }", |seen| {
        said_like(seen, "store ")
    }),
    row("disk full", "disk: { target: eye-1, fault: full }", |seen| said(seen, "store StorageFull")),
    row("disk slow", "disk: { target: eye-1, fault: slow, latency: 40ms }", |seen| stored(seen).1 >= 80),
    row("disk stall", "disk: { target: eye-1, fault: stall }", stands_still),
    Row {
        besides: Some("{ at: 1800ms, for: 100ms, power-loss: eye-1 }"),
        ..row("disk lying-sync", "disk: { target: eye-1, fault: lying-sync }", |seen| synced(seen) < 22)
    },
    instant("disk corrupt", "disk: { target: eye-1, fault: corrupt, sectors: 8 }", |seen| {
        said(seen, "record spoilt")
    }),
    row("disk misdirected", "disk: { target: eye-1, fault: misdirected, percent: 100% }", |seen| {
        said(seen, "record spoilt")
    }),
];

/// Whether the last start found fewer loose records than had been written by then.
fn lost_what_was_loose(seen: &[Seen]) -> bool {
    let written = seen.iter().filter(|one| one.boot == 1 && one.words.starts_with("stored ")).count();
    loose(seen) + 3 < written
}

/// Whether nothing was stored for most of the second of the fault.
fn stands_still(seen: &[Seen]) -> bool {
    !seen.iter().any(|one| one.words.starts_with("stored ") && (1_150..1_950).contains(&one.ms))
}

fn engine() -> &'static EngineSpec {
    EngineSpec::named(ENGINE).expect("it is in the table")
}

/// The rows that this engine can.
fn rows() -> impl Iterator<Item = &'static Row> {
    let can = |row: &&Row| engine().lacks(row.kind.split(' ').next().unwrap_or_default()).is_none();
    ROWS.iter().filter(can)
}

#[test]
fn every_fault_bites() {
    let idle = rows().filter(|row| !(row.bites)(&watch_on(ENGINE, &faults(row)))).map(|row| row.kind);
    let idle: Vec<&str> = idle.collect();
    assert!(idle.is_empty(), "on {ENGINE} these do nothing: {idle:?}");
}

#[test]
fn no_check_passes_without_its_fault() {
    for row in rows() {
        let without = watch_on(ENGINE, &row.besides.map(str::to_owned).into_iter().collect::<Vec<_>>());
        squall::neutralise(Some(row.kind));
        let neutral = watch_on(ENGINE, &faults(row));
        squall::neutralise(None);
        assert!(!(row.bites)(&neutral), "the check of `{}` passes though the fault does nothing", row.kind);
        assert!(!(row.bites)(&without), "the check of `{}` passes without the fault", row.kind);
        assert!(neutral == without, "`{}` is not neutral under its switch", row.kind);
    }
}

#[test]
fn every_fault_that_the_engine_can_inject_has_a_row() {
    for keyword in Action::KEYWORDS {
        let has_row = ROWS.iter().any(|row| row.kind.split(' ').next() == Some(keyword));
        let can = !matches!(engine().ability(keyword), Ability::No(_));
        assert!(has_row || !can, "`{keyword}` has no efficacy check on {ENGINE}");
    }
}
