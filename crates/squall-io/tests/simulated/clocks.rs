//! Efficacy of `clock`: each change by what the node reads and by when its timers fire, beside a node
//! whose clock is right.

use squall_history::{ClockChange, ClockDrift, ClockOffset, ClockProfile, SimDuration};
use squall_io::time::{interval, now, sleep, sleep_until, timeout, wall_clock};
use squall_sim::Effects;

use super::stage::{Setup, Stage, forever, ms, nodes, pass, say};

/// What a clock of a node shows at a time, in nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Shown {
    /// True time.
    at_ms: u64,
    /// Since the first reading.
    mono_ns: u64,
    /// Against the clock of a node that is right.
    wall_off_ns: i64,
}

/// Two nodes say what their clocks show, by a datagram's true time: every 100 ms from 100 ms on.
fn begin(setup: Setup) -> Stage {
    let mut stage = setup.begin();
    for node in ["n-1", "right-1"] {
        stage.start(node, async {
            let socket = squall_io::net::UdpSocket::bind(("0.0.0.0", 9)).await?;
            loop {
                socket.recv_from(&mut [0; 1]).await?;
                let wall = wall_clock();
                say(format!("{} {}", now().as_nanos(), (wall.earliest_ns + wall.latest_ns) / 2));
            }
        });
    }
    stage.start("time-1", async {
        let socket = squall_io::net::UdpSocket::bind(("0.0.0.0", 0)).await?;
        loop {
            pass(100).await;
            socket.send_to(b"?", ("n-1", 9)).await?;
            socket.send_to(b"?", ("right-1", 9)).await?;
        }
    });
    stage
}

fn three() -> Setup {
    nodes(&[("n", 1), ("right", 1), ("time", 1)]).network(super::stage::steady(0))
}

fn shown(stage: &Stage) -> Vec<Shown> {
    let of = |node: &str| -> Vec<(u64, u64, u64)> {
        let notes = stage.notes().into_iter().filter(|(who, ..)| who == node);
        let read = |text: &str| text.parse::<u64>().unwrap();
        notes
            .map(|(_, at, words)| {
                let (mono, wall) = words.split_once(' ').unwrap();
                (at, read(mono), read(wall))
            })
            .collect()
    };
    let pairs = of("n-1").into_iter().zip(of("right-1"));
    let shown = pairs.map(|((at_ms, mono, wall), (at, right_mono, right_wall))| {
        assert_eq!((at, right_mono), (at_ms, at_ms * 1_000_000), "the other clock is right");
        Shown { at_ms, mono_ns: mono, wall_off_ns: wall.wrapping_sub(right_wall) as i64 }
    });
    shown.collect()
}

fn offset(ms: i64) -> Option<ClockOffset> {
    Some(ClockOffset(ms * 1_000_000))
}

fn drift(ppm: i32) -> Option<ClockDrift> {
    ClockDrift::new(ppm)
}

/// The change is in force from 250 ms to 750 ms; what was shown till 1 s, and what the change did.
fn check(change: ClockChange) -> (Vec<Shown>, Effects) {
    let mut stage = begin(three());
    stage.run(250);
    let rule = stage.clock("n-1", change);
    stage.run(750);
    let effects = stage.remove_node_rule(rule);
    stage.run(1_050);
    (shown(&stage), effects)
}

fn walls(shown: &[Shown]) -> Vec<(u64, i64)> {
    shown.iter().map(|shown| (shown.at_ms, shown.wall_off_ns / 1_000)).collect()
}

fn true_mono(shown: &[Shown]) -> bool {
    shown.iter().all(|shown| shown.mono_ns == shown.at_ms * 1_000_000)
}

#[test]
fn a_change_of_nothing_is_nothing() {
    let (shown, effects) = check(ClockChange::default());
    assert!(true_mono(&shown) && shown.len() == 10);
    assert!(walls(&shown).iter().all(|(_, off)| *off == 0) && effects.is_empty(), "{effects:?}");
}

#[test]
fn a_skewed_wall_clock_is_off_while_it_lasts() {
    let (shown, effects) = check(ClockChange { skew: offset(-30), ..ClockChange::default() });
    let expected: Vec<(u64, i64)> =
        (1..=10).map(|k| (k * 100, if (3..=7).contains(&k) { -30_000 } else { 0 })).collect();
    assert_eq!(walls(&shown), expected);
    assert!(true_mono(&shown));
    assert_eq!((effects.get("readings-skewed"), effects.get("timers-shifted")), (5, 0));
}

#[test]
fn a_jump_stays() {
    for jump in [5_000, -5_000] {
        let (shown, effects) = check(ClockChange { jump: offset(jump), ..ClockChange::default() });
        let expected: Vec<(u64, i64)> =
            (1..=10).map(|k| (k * 100, if k >= 3 { jump * 1_000 } else { 0 })).collect();
        assert_eq!(walls(&shown), expected);
        assert!(true_mono(&shown));
        assert_eq!(effects.get("readings-skewed"), 5);
    }
}

#[test]
fn a_frozen_wall_clock_catches_up_at_once_and_the_monotonic_one_goes_on() {
    let (shown, effects) = check(ClockChange { freeze: true, ..ClockChange::default() });
    let stands = |k: u64| if (3..=7).contains(&k) { 250_000 - k as i64 * 100_000 } else { 0 };
    let expected: Vec<(u64, i64)> = (1..=10).map(|k| (k * 100, stands(k))).collect();
    assert_eq!(walls(&shown), expected);
    assert!(true_mono(&shown));
    assert_eq!(effects.get("readings-skewed"), 5);
}

#[test]
fn a_drifting_clock_gains_and_is_put_right_but_for_the_monotonic_one() {
    for ppm in [100_000, -100_000] {
        let (shown, effects) = check(ClockChange { drift: drift(ppm), ..ClockChange::default() });
        let gained = |k: u64| i64::from(ppm) * (k.clamp(2, 7) as i64 * 100 - 250).max(0) / 1_000;
        let walls_expected: Vec<(u64, i64)> =
            (1..=10).map(|k| (k * 100, if k <= 7 { gained(k) } else { 0 })).collect();
        assert_eq!(walls(&shown), walls_expected);
        // Half a second at a tenth more or less: 50 ms, for ever.
        let last = shown.last().unwrap();
        assert_eq!(last.mono_ns as i64 - 1_000_000_000, i64::from(ppm) * 500);
        assert!(effects.get("readings-skewed") == 10, "both clocks, five times: {effects:?}");
    }
}

#[test]
fn timers_follow_the_nodes_own_clock() {
    // A sleep pending when the clock changes its speed, one begun under it, and one that outlasts it.
    let run = |ppm: i32| {
        let mut stage = nodes(&[("n", 1)]).begin();
        stage.start("n-1", async {
            let early = squall_io::task::spawn(async {
                pass(1_000).await;
                say("early");
            });
            let long = squall_io::task::spawn(async {
                pass(5_000).await;
                say("long");
            });
            let mut ticks = interval(ms(500));
            for _ in 0..6 {
                ticks.tick().await;
                say("tick");
            }
            assert!(timeout(ms(100), forever()).await.is_err());
            say("late");
            early.await.unwrap();
            long.await.unwrap();
            Ok(())
        });
        stage.run(500);
        let rule = stage.clock("n-1", ClockChange { drift: drift(ppm), ..ClockChange::default() });
        stage.run(2_500);
        let effects = stage.remove_node_rule(rule);
        stage.run(9_000);
        let times = |word: &str| -> Vec<u64> {
            stage.notes().into_iter().filter(|(_, _, said)| said == word).map(|(_, at, _)| at).collect()
        };
        (times("tick"), times("early"), times("late"), times("long"), effects.get("timers-shifted"))
    };
    let (ticks, early, late, long, shifted) = run(0);
    assert_eq!(
        (ticks, early, late, long),
        (vec![0, 500, 1_000, 1_500, 2_000, 2_500], vec![1_000], vec![2_600], vec![5_000])
    );
    assert_eq!(shifted, 0, "a drift of nothing shifts nothing");

    // A quarter faster from 500 to 2,500: 2,000 ms show 2,500.
    let (ticks, early, late, long, shifted) = run(250_000);
    assert_eq!(ticks, [0, 500, 900, 1_300, 1_700, 2_100]);
    assert_eq!((early, late, long), (vec![900], vec![2_180], vec![4_500]));
    assert!(shifted >= 6, "{shifted}");

    // Half as fast: 2,000 ms show 1,000.
    let (ticks, early, late, long, _) = run(-500_000);
    assert_eq!(ticks, [0, 500, 1_500, 2_500, 3_000, 3_500]);
    assert_eq!((early, late, long), (vec![1_500], vec![3_600], vec![6_000]));
}

#[test]
fn what_the_machine_does_takes_its_time_whatever_the_clock_shows() {
    let run = |ppm: i32| {
        let mut stage = nodes(&[("n", 1), ("peer", 1)]).begin();
        stage.clock("n-1", ClockChange { drift: drift(ppm), ..ClockChange::default() });
        stage.start("n-1", async {
            squall_io::fs::write("f", b"x").await?;
            say("written");
            let socket = squall_io::net::UdpSocket::bind(("0.0.0.0", 9)).await?;
            socket.recv_from(&mut [0; 1]).await?;
            say("heard");
            Ok(())
        });
        stage.start("peer-1", async {
            pass(50).await;
            squall_io::net::UdpSocket::bind(("0.0.0.0", 0)).await?.send_to(b"x", ("n-1", 9)).await?;
            Ok(())
        });
        stage.run(1_000);
        stage.records.iter().map(|record| record.at).collect::<Vec<_>>()
    };
    assert_eq!(run(400_000), run(-400_000));
}

#[test]
fn changes_add_up_and_each_ends_by_itself() {
    let mut stage = begin(three());
    let one = stage.clock("n-1", ClockChange { skew: offset(10), ..ClockChange::default() });
    stage.run(150);
    let two =
        stage.clock("n-1", ClockChange { skew: offset(5), drift: drift(1_000), ..ClockChange::default() });
    stage.run(250);
    stage.remove_node_rule(one);
    stage.run(350);
    let frozen = stage.clock("n-1", ClockChange { freeze: true, ..ClockChange::default() });
    stage.run(450);
    stage.remove_node_rule(two);
    stage.remove_node_rule(frozen);
    stage.run(550);
    // 350 ms show 200 µs of drift and 5 ms of skew.
    let frozen_at = 350_000 + 5_000 + 200 - 400_000;
    assert_eq!(
        walls(&shown(&stage)),
        [(100, 10_000), (200, 15_050), (300, 5_150), (400, frozen_at), (500, 0)]
    );
}

#[test]
fn base_clocks_are_drawn_for_each_node_and_keep_within_what_the_profile_says() {
    let profile = ClockProfile {
        drift: (ClockDrift::new(-200).unwrap(), ClockDrift::new(200).unwrap()),
        skew: (ClockOffset(-20_000_000), ClockOffset(20_000_000)),
        uncertainty: SimDuration::from_millis(30),
    };
    let run = |roles: &[(&str, u32)], seed: u64| {
        let mut stage = Setup { clock: profile, ..nodes(roles) }.seed(seed).begin();
        for node in ["n-1", "n-2", "n-3"] {
            stage.start(node, async {
                // The true time of the reading is in the record.
                sleep(ms(10_000)).await;
                let wall = wall_clock();
                say(format!("{} {}", wall.earliest_ns, wall.latest_ns - wall.earliest_ns));
                Ok(())
            });
        }
        stage.run(11_000);
        let records = stage.records.iter().filter_map(|record| match &record.body {
            squall_history::Body::Custom(word) => Some((record.at.0, word.name.to_string())),
            _ => None,
        });
        let mut read: Vec<(u64, i64)> = records
            .map(|(at, words)| {
                let (earliest, width) = words.split_once(' ').unwrap();
                assert_eq!(width, "60000000");
                let reading = earliest.parse::<u64>().unwrap() + 30_000_000 - 1_767_225_600_000_000_000;
                (at, reading as i64 - at as i64)
            })
            .collect();
        read.sort_unstable();
        read
    };
    let read = run(&[("n", 3)], 1);
    for (at, off) in &read {
        // The timer is the node's: 10 s by a clock that is at most 200 ppm off.
        assert!(at.abs_diff(10_000_000_000) <= 2_001_000, "{at}");
        assert!(off.unsigned_abs() <= profile.furthest_after(SimDuration(*at)).0, "{off}");
    }
    let differ = |k: usize| read.iter().any(|other| other.0 != read[k].0 && other.1 != read[k].1);
    assert!((0..3).all(differ), "{read:?}");
    assert!(read.iter().any(|(_, off)| off.unsigned_abs() > 1_000_000), "{read:?}");
    assert_eq!(run(&[("n", 3), ("other", 4)], 1), read, "another node changes nobody's clock");
    assert_ne!(run(&[("n", 3)], 2), read);
}

#[test]
fn clocks_that_nobody_touched_cost_nothing_in_the_digest() {
    let run = |clock: ClockProfile| {
        let mut stage = begin(Setup { clock, ..three() });
        stage.run(1_000);
        stage.end().digest
    };
    let told = ClockProfile { uncertainty: SimDuration::from_millis(7), ..ClockProfile::default() };
    // The nodes never tell the width of the interval.
    assert_eq!(run(ClockProfile::default()), run(told));
    let skewed = ClockProfile { skew: (ClockOffset(1), ClockOffset(1)), ..told };
    assert_ne!(run(ClockProfile::default()), run(skewed));
}

#[test]
fn a_clock_outlives_its_nodes_incarnations() {
    let mut stage = nodes(&[("n", 1)]).begin();
    let tell = || async {
        say(now().as_nanos() / 1_000_000);
        sleep_until(now() + ms(100)).await;
        say(now().as_nanos() / 1_000_000);
        Ok(())
    };
    stage.clock("n-1", ClockChange { drift: drift(500_000), ..ClockChange::default() });
    stage.start("n-1", tell());
    stage.run(1_000);
    stage.killed("n-1");
    stage.start("n-1", tell());
    stage.run(2_000);
    let notes: Vec<(u64, String)> = stage.notes().into_iter().map(|(_, at, words)| (at, words)).collect();
    let at = |at: u64, words: &str| (at, words.to_owned());
    assert_eq!(notes, [at(0, "0"), at(66, "100"), at(1_000, "1500"), at(1_066, "1600")]);
}
