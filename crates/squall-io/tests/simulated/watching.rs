//! A window of events that is watched is told in full, and nothing changes by it.

use squall_sim::{Ended, Journaling, Told};

use super::busy;

/// Half a second of the busy cluster, with a kill in it.
fn run(window: Option<(u64, u64)>, journaling: Journaling) -> Ended {
    let mut setup = busy::cluster();
    setup.journaling = journaling;
    let mut stage = busy::begin(setup);
    if let Some((after, count)) = window {
        stage.watch(after, count);
    }
    stage.run(300);
    stage.killed("server-1");
    stage.run(500);
    stage.end()
}

#[test]
fn watching_changes_nothing_and_tells_each_event_of_the_window() {
    // A checkpoint for each event, to compare with.
    let plain = run(None, Journaling::On);
    assert_eq!(plain.watched, []);
    let (after, count) = (plain.events / 2, 100);
    let watched = run(Some((after, count)), Journaling::On);
    assert_eq!((watched.digest, watched.events), (plain.digest, plain.events));
    assert_eq!(watched.journal, plain.journal, "packets are told twice, not moved");
    let told: Vec<_> = watched.watched.iter().map(|event| (event.number, event.at, event.digest)).collect();
    let dense = plain.checkpoints.iter().map(|it| (it.event, it.at, it.digest));
    let dense: Vec<_> = dense.skip(after as usize).take(count as usize).collect();
    assert_eq!(told, dense);
    assert!(watched.watched.iter().all(|event| !event.what.is_empty()));
}

#[test]
fn a_window_tells_where_and_what() {
    let whole = run(Some((0, u64::MAX)), Journaling::Off);
    assert_eq!(whole.watched.len() as u64, whole.events + 1, "each event, and the end");
    let has = |test: &dyn Fn(&squall_sim::WatchedEvent) -> bool, what: &str| {
        assert!(whole.watched.iter().any(test), "nowhere: {what}");
    };
    let names = |event: &squall_sim::WatchedEvent| -> Vec<String> {
        event.nodes.iter().map(ToString::to_string).collect()
    };
    has(&|event| event.what == "poll" && event.place.is_none() && names(event).len() == 1, "a first task");
    has(&|event| event.place.as_ref().is_some_and(|place| place.contains("busy.rs")), "a spawned task");
    has(&|event| event.what.starts_with("Timer") && names(event).len() == 1, "whose timer it is");
    has(&|event| event.what.starts_with("Segment") && names(event).len() == 2, "both ends of a segment");
    has(&|event| event.what.starts_with("Datagram") && names(event).len() == 1, "whom a datagram is for");
    let told = |test: fn(&Told) -> bool| move |event: &squall_sim::WatchedEvent| event.told.iter().any(test);
    has(&told(|told| matches!(told, Told::Record(_))), "a record");
    has(&told(|told| matches!(told, Told::Packet(_))), "a packet");
    has(&told(|told| matches!(told, Told::Bytes { length: 4, start } if start.len() == 4)), "a written word");
    let end = whole.watched.last().unwrap();
    assert_eq!((end.what.as_str(), end.digest), ("end of the run", whole.digest));
}
