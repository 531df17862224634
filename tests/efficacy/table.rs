//! The fault table: a row for each kind of fault, with what must be seen of it.
//!
//! Faults begin at 1 s; those that last end at 2 s. Each check is about the thing itself (a datagram that
//! did not come, a record that reads otherwise), never about what the simulator counts.

use crate::efficacy::Seen;
use crate::efficacy::row::{Row, instant, row};
use crate::efficacy::words::{
    datagrams, echoes, is_back, loose, missing, numbers, said, said_like, silent, stored, synced,
};

/// With a loss of power at 1.8 s for 100 ms, without which what is on the medium is never looked at.
const fn before_power_loss(kind: &'static str, fault: &'static str, bites: fn(&[Seen]) -> bool) -> Row {
    let besides = Some("{ at: 1800ms, for: 100ms, power-loss: eye-1 }");
    Row { kind, fault, lasts: Some("1s"), besides, bites }
}

pub(crate) const TABLE: &[Row] = &[
    // Nodes.
    row("kill", "kill: eye-1", |seen| is_back(seen) && silent(seen) && loose(seen) == 19),
    row("power-loss", "power-loss: eye-1", |seen| is_back(seen) && silent(seen) && loose(seen) < 19),
    row("stop", "stop: { target: eye-1, grace: 100ms }", |seen| said(seen, "asked to stop") && is_back(seen)),
    row("pause", "pause: eye-1", |seen| silent(seen) && !is_back(seen)),
    row("slow", "slow: { target: eye-1, factor: 2000 }", |seen| late(seen) > 0),
    instant("wipe", "wipe: eye-1", |seen| said(seen, "found 0 synced, 0 loose") && is_back(seen)),
    row("clock", "clock: { target: eye-1, skew: -700ms }", |seen| said(seen, "late 0 ms, wall off -700 ms")),
    row("buggify", "buggify: { target: eye-1, enable: 100%, fire: 100% }", |seen| said(seen, "took a turn")),
    row("hook", "hook: { target: eye-1, point: eyes/*, crash: kill, restart: 50ms }", is_back),
    instant("core", "core: smallest", |seen| missing(seen) > 49 || echoes(seen) == 0),
    // Links.
    row("partition", "partition: { from: eye-1, to: eye-2 }", |seen| missing(seen) >= 49),
    row("latency", "latency: { from: eye-1, latency: 100ms }", |seen| {
        missing(seen) == 0 && echoes(seen) < 8 && said(seen, "dial unanswered")
    }),
    row("loss", "loss: { loss: 40% }", |seen| (5..45).contains(&missing(seen))),
    row("duplicate", "duplicate: { duplicate: 50% }", |seen| doubled(seen) > 5 && missing(seen) == 0),
    row("reorder", "reorder: { reorder: 30%, delay: 100ms }", |seen| {
        inversions(seen) > 3 && missing(seen) == 0
    }),
    row("corrupt", "corrupt: { corrupt: 40% }", |seen| said(seen, "datagram spoilt")),
    row("bandwidth", "bandwidth: { rate: 6KiB/s, queue: 4KiB }", |seen| missing(seen) > 5),
    row("hold", "hold: { from: eye-1, to: eye-2 }", |seen| {
        missing(seen) == 0 && datagrams(seen, 1_010, 1_990) == 0
    }),
    instant("reset", "reset: { from: eye-1, to: eye-2 }", |seen| said(seen, "stream ConnectionReset")),
    row("refuse", "refuse: { from: eye-1, to: eye-2 }", |seen| said(seen, "dial ConnectionRefused")),
    row("dns", "dns: { from: eye-1, to: eye-2, fault: fail }", |seen| said(seen, "lookup failed in 0 ms")),
    // Disks.
    row("disk error", "disk: { target: eye-1, fault: error, ops: [write] }", |seen| {
        said_like(seen, "store ")
    }),
    row("disk full", "disk: { target: eye-1, fault: full }", |seen| said(seen, "store StorageFull")),
    row("disk slow", "disk: { target: eye-1, fault: slow, latency: 20ms }", |seen| stored(seen).1 >= 40),
    row("disk throttle", "disk: { target: eye-1, fault: slow, rate: 20KiB/s }", |seen| stored(seen).1 >= 20),
    row("disk stall", "disk: { target: eye-1, fault: stall }", |seen| stored(seen).1 >= 900),
    before_power_loss("disk lying-sync", "disk: { target: eye-1, fault: lying-sync }", |seen| {
        synced(seen) < 30
    }),
    instant("disk corrupt", "disk: { target: eye-1, fault: corrupt, sectors: 8 }", |seen| {
        said(seen, "record spoilt")
    }),
    row("disk misdirected", "disk: { target: eye-1, fault: misdirected, percent: 100% }", |seen| {
        said(seen, "record spoilt")
    }),
    // Kills while each operation takes its time, so that some of them meet a write under way: a kill by
    // itself tears nothing.
    Row {
        kind: "disk torn-write",
        fault: "disk: { target: eye-1, fault: torn-write, percent: 100% }",
        lasts: Some("2s"),
        besides: Some(
            "{ at: 1s, for: 2s, disk: { target: eye-1, fault: slow, latency: 30ms } }, \
             { every: 230ms, between: [1100ms, 2900ms], for: 1ms, kill: eye-1 }",
        ),
        bites: |seen| said_like(seen, "torn"),
    },
];

fn doubled(seen: &[Seen]) -> usize {
    let mut came = numbers(seen);
    let all = came.len();
    came.sort_unstable();
    came.dedup();
    all - came.len()
}

fn inversions(seen: &[Seen]) -> usize {
    numbers(seen).windows(2).filter(|pair| pair[0] > pair[1]).count()
}

/// The latest tick.
fn late(seen: &[Seen]) -> u64 {
    let late = seen.iter().filter_map(|one| one.words.strip_prefix("late ")?.split(' ').next()?.parse().ok());
    late.max().unwrap_or(0)
}
