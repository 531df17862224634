//! Efficacy of `latency`, `loss`, `duplicate` and `reorder`.

use std::collections::BTreeSet;

use squall_history::{Ppm, SimDuration};
use squall_io::net::{TcpListener, UdpSocket};
use squall_io::time::now;
use squall_sim::Rule;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::stage::{connect, forever, later, nodes, pass, pattern, say};

const THERE: (&str, &str) = ("a-1", "b-1");

/// Datagrams from a to b, numbered, one each millisecond: which came, in order of arrival; what the
/// fault did, counted under `effect`; and the longest time one took, in milliseconds.
fn datagrams(fault: Option<Rule>, count: u32, effect: &str) -> (Vec<u32>, u64, u64) {
    let mut stage = nodes(&[("a", 1), ("b", 1)]).begin();
    stage.start("b-1", async {
        let socket = UdpSocket::bind(("0.0.0.0", 9)).await?;
        loop {
            let mut word = [0; 4];
            socket.recv_from(&mut word).await?;
            say(u32::from_be_bytes(word));
        }
    });
    stage.start("a-1", async move {
        let socket = UdpSocket::bind(("0.0.0.0", 9)).await?;
        for number in 0..count {
            socket.send_to(&number.to_be_bytes(), ("b-1", 9)).await?;
            pass(1).await;
        }
        Ok(())
    });
    let rule = fault.map(|rule| stage.rule("fault", rule, &[THERE]));
    stage.run(u64::from(count) + 10_000);
    let effects = rule.map(|rule| stage.remove_rule(rule)).unwrap_or_default();
    let came = stage.notes().into_iter().map(|(_, at, number)| (at, number.parse::<u32>().unwrap()));
    let came: Vec<(u64, u32)> = came.collect();
    let slowest = came.iter().map(|(at, number)| at - u64::from(*number)).max().unwrap();
    (came.into_iter().map(|(_, number)| number).collect(), effects.get(effect), slowest)
}

fn distinct(numbers: &[u32]) -> BTreeSet<u32> {
    numbers.iter().copied().collect()
}

#[test]
fn latency_delays_datagrams() {
    let rule = later(30, 20);
    let (came, delayed, slowest) = datagrams(Some(rule), 1_000, "packets-delayed");
    assert_eq!((distinct(&came).len(), delayed), (1_000, 1_000));
    assert!((49..=51).contains(&slowest), "{slowest}");
    let (came, delayed, slowest) = datagrams(None, 1_000, "packets-delayed");
    assert_eq!((came.len(), delayed, slowest), (1_000, 0, 1));
}

#[test]
fn loss_drops_datagrams_at_its_rate() {
    let (came, dropped, _) = datagrams(Some(Rule::Loss(Ppm::percent(20))), 5_000, "packets-dropped");
    // 1,000 of 5,000; five standard deviations are 141.
    assert!(dropped.abs_diff(1_000) < 142, "{dropped}");
    assert_eq!((came.len(), came.is_sorted()), (5_000 - usize::try_from(dropped).unwrap(), true));
    let (came, dropped, _) = datagrams(None, 5_000, "packets-dropped");
    assert_eq!((came.len(), dropped), (5_000, 0));
}

#[test]
fn duplicate_doubles_datagrams_at_its_rate() {
    let (came, copies, _) = datagrams(Some(Rule::Duplicate(Ppm::percent(10))), 5_000, "packets-duplicated");
    // 500 of 5,000; five standard deviations are 106.
    assert!(copies.abs_diff(500) < 107, "{copies}");
    assert_eq!((came.len(), distinct(&came).len()), (5_000 + usize::try_from(copies).unwrap(), 5_000));
    let (came, copies, _) = datagrams(None, 5_000, "packets-duplicated");
    assert_eq!((came.len(), copies), (5_000, 0));
}

#[test]
fn reorder_lets_datagrams_overtake() {
    let rule = Rule::Reorder { chance: Ppm::percent(10), delay: SimDuration::from_millis(20) };
    let (came, held, slowest) = datagrams(Some(rule), 5_000, "packets-held-back");
    assert!(held.abs_diff(500) < 107 && slowest <= 21, "{held} {slowest}");
    assert_eq!(distinct(&came).len(), 5_000);
    let overtaken = came.windows(2).filter(|pair| pair[0] > pair[1]).count();
    assert!(overtaken > 100, "{overtaken}");
    let (came, held, _) = datagrams(None, 5_000, "packets-held-back");
    assert_eq!((came.is_sorted(), held), (true, 0));
}

#[derive(Debug)]
struct Streamed {
    /// Whether exactly what was written came.
    exact: bool,
    took_ms: u64,
    effect: u64,
}

/// A stream of 200 KiB in chunks of 1 KiB, one each millisecond.
fn stream(fault: Option<Rule>, effect: &str) -> Streamed {
    const BYTES: usize = 200 << 10;
    let mut stage = nodes(&[("a", 1), ("b", 1)]).begin();
    stage.start("b-1", async {
        let (mut stream, _) = TcpListener::bind(("0.0.0.0", 80)).await?.accept().await?;
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await?;
        say(format!("{} {}", all == pattern(0, BYTES), now().as_nanos() / 1_000_000));
        forever().await
    });
    stage.start("a-1", async {
        pass(1).await;
        let mut stream = connect("b-1", 80, 60_000).await?;
        for chunk in pattern(0, BYTES).chunks(1 << 10) {
            stream.write_all(chunk).await?;
            pass(1).await;
        }
        Ok(())
    });
    let rule = fault.map(|rule| stage.rule("fault", rule, &[THERE]));
    stage.run(3_600_000);
    let effects = rule.map(|rule| stage.remove_rule(rule)).unwrap_or_default();
    let said = stage.said("b-1");
    let [said] = &said[..] else { panic!("the stream hangs: {said:?}") };
    let (exact, took) = said.split_once(' ').unwrap();
    Streamed { exact: exact == "true", took_ms: took.parse().unwrap(), effect: effects.get(effect) }
}

#[test]
fn loss_slows_a_stream_and_never_breaks_it() {
    let without = stream(None, "packets-dropped");
    assert!(without.exact && without.effect == 0 && without.took_ms < 210, "{without:?}");
    let one = stream(Some(Rule::Loss(Ppm::percent(1))), "packets-dropped");
    assert!(one.exact && one.effect > 0 && one.took_ms > without.took_ms, "{one:?}");
    let thirty = stream(Some(Rule::Loss(Ppm::percent(30))), "packets-dropped");
    assert!(thirty.exact && thirty.effect > one.effect && thirty.took_ms > 2 * one.took_ms, "{thirty:?}");
}

#[test]
fn latency_and_reorder_slow_a_stream_in_order() {
    let without = stream(None, "packets-delayed");
    let rule = later(100, 100);
    let late = stream(Some(rule), "packets-delayed");
    assert!(late.exact && late.effect > 200 && late.took_ms >= without.took_ms + 100, "{late:?}");
    let rule = Rule::Reorder { chance: Ppm::percent(50), delay: SimDuration::from_millis(50) };
    let held = stream(Some(rule), "packets-held-back");
    assert!(held.exact && held.effect > 50 && held.took_ms > without.took_ms, "{held:?}");
}

#[test]
fn a_stream_discards_duplicates_and_the_fault_counts_none() {
    let doubled = stream(Some(Rule::Duplicate(Ppm::ONE)), "packets-duplicated");
    let without = stream(None, "packets-duplicated");
    assert!(doubled.exact && doubled.effect == 0 && doubled.took_ms == without.took_ms, "{doubled:?}");
}

#[test]
fn a_fault_on_a_link_that_is_cut_has_no_effect() {
    let effects = |fault: Option<Rule>| {
        let mut stage = nodes(&[("a", 1), ("b", 1)]).begin();
        stage.start("a-1", async {
            let socket = UdpSocket::bind(("0.0.0.0", 9)).await?;
            for _ in 0..50 {
                socket.send_to(b"x", ("b-1", 9)).await?;
                pass(1).await;
            }
            Ok(())
        });
        let rule = later(5, 0);
        let slow = stage.rule("slow", rule, &[THERE]);
        let cut = fault.map(|rule| stage.rule("cut", rule, &[THERE]));
        stage.run(100);
        let dropped = cut.map_or(0, |cut| stage.remove_rule(cut).get("packets-dropped"));
        (stage.remove_rule(slow).get("packets-delayed"), dropped)
    };
    assert_eq!(effects(Some(Rule::Cut)), (0, 50));
    assert_eq!(effects(None), (50, 0));
}
