//! Efficacy of `partition`: cuts in both directions or one, for datagrams, streams and connects.

use std::sync::Arc;

use squall_io::net::{TcpListener, UdpSocket};
use squall_io::task::spawn;
use squall_sim::{Effects, Rule};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::stage::{Stage, connect, nodes, pass, say};
use super::traffic::{dialling, filling};

/// What was said, with the milliseconds.
pub(crate) type Notes = Vec<(u64, String)>;

/// Directed links that are cut from 1 s to 2 s.
pub(crate) type Cut = Option<&'static [(&'static str, &'static str)]>;

pub(crate) const BOTH: Cut = Some(&[("a-1", "b-1"), ("b-1", "a-1")]);
pub(crate) const THERE: Cut = Some(&[("a-1", "b-1")]);
pub(crate) const BACK: Cut = Some(&[("b-1", "a-1")]);

/// Runs to the end of the cut and on to `end_ms`.
pub(crate) fn cut(stage: &mut Stage, cut: Cut, end_ms: u64) -> Effects {
    stage.run(1_000);
    let rule = cut.map(|links| stage.rule("partition", Rule::Cut, links));
    stage.run(2_000);
    let effects = rule.map(|rule| stage.remove_rule(rule)).unwrap_or_default();
    stage.run(end_ms);
    effects
}

/// Datagrams that a and b sent during the cut and that came: from a, from b; and those dropped.
fn datagrams(fault: Cut) -> (usize, usize, u64) {
    let mut stage = nodes(&[("a", 1), ("b", 1)]).begin();
    for (node, peer) in [("a-1", "b-1"), ("b-1", "a-1")] {
        stage.start(node, async move {
            let socket = Arc::new(UdpSocket::bind(("0.0.0.0", 9)).await?);
            let receiver = socket.clone();
            drop(spawn(async move {
                while receiver.recv_from(&mut [0; 1]).await.is_ok() {
                    say("heard");
                }
            }));
            // At 5 ms past each tenth, so that none is under way when the cut begins or ends.
            pass(5).await;
            for _ in 0..300 {
                socket.send_to(b"x", (peer, 9)).await?;
                pass(10).await;
            }
            Ok(())
        });
    }
    let effects = cut(&mut stage, fault, 5_000);
    let during = |node: &str| {
        let notes = stage.notes().into_iter();
        notes.filter(|(who, at, _)| who == node && (1_000..2_000).contains(at)).count()
    };
    (during("b-1"), during("a-1"), effects.get("packets-dropped"))
}

#[test]
fn datagrams_obey_each_direction_of_a_cut() {
    assert_eq!(datagrams(None), (100, 100, 0));
    assert_eq!(datagrams(BOTH), (0, 0, 200));
    assert_eq!(datagrams(THERE), (0, 100, 100));
    assert_eq!(datagrams(BACK), (100, 0, 100));
}

/// A connection that is tried during the cut, and one that outlasts it: its request is repeated after a
/// second.
fn dials(fault: Cut) -> Vec<String> {
    let mut stage = dialling();
    cut(&mut stage, fault, 10_000);
    stage.said("a-1")
}

#[test]
fn connects_obey_each_direction_of_a_cut() {
    assert_eq!(dials(None), ["ok", "ok", "1204"]);
    for fault in [BOTH, THERE, BACK] {
        assert_eq!(dials(fault), ["TimedOut", "ok", "2502"], "{fault:?}");
    }
}

/// a sends numbers to b, b sends them back; when each came.
fn numbers(fault: Cut) -> (Notes, Notes, u64) {
    let mut stage = nodes(&[("a", 1), ("b", 1)]).begin();
    stage.start("b-1", async {
        let (mut stream, _) = TcpListener::bind(("0.0.0.0", 80)).await?.accept().await?;
        loop {
            let number = stream.read_u32().await?;
            say(number);
            stream.write_u32(number).await?;
        }
    });
    stage.start("a-1", async {
        pass(1).await;
        let stream = connect("b-1", 80, 100).await?;
        let (mut read, mut write) = stream.into_split();
        drop(spawn(async move {
            for number in 0..300 {
                write.write_u32(number).await.unwrap();
                pass(10).await;
            }
            std::future::pending::<()>().await;
        }));
        loop {
            say(read.read_u32().await?);
        }
    });
    let effects = cut(&mut stage, fault, 60_000);
    let of = |node: &str| {
        let notes = stage.notes().into_iter().filter(|(who, ..)| who == node);
        notes.map(|(_, at, words)| (at, words)).collect::<Vec<_>>()
    };
    (of("b-1"), of("a-1"), effects.get("packets-dropped"))
}

fn longest_silence(notes: &[(u64, String)]) -> u64 {
    notes.windows(2).map(|pair| pair[1].0 - pair[0].0).max().unwrap()
}

#[test]
fn streams_stop_at_a_cut_and_lose_nothing_when_it_heals() {
    let all: Vec<String> = (0..300).map(|number| number.to_string()).collect();
    for fault in [None, BOTH, THERE, BACK] {
        let (there, back, dropped) = numbers(fault);
        for notes in [&there, &back] {
            let words: Vec<String> = notes.iter().map(|(_, words)| words.clone()).collect();
            assert_eq!(words, all, "{fault:?}: something was lost or doubled");
        }
        assert_eq!(dropped > 0, fault.is_some());
        // The way there is silent if it is cut, the way back if any is.
        let silent = |notes: &[(u64, String)]| longest_silence(notes) > 900;
        assert_eq!(silent(&there), fault == BOTH || fault == THERE, "{fault:?}");
        assert_eq!(silent(&back), fault.is_some(), "{fault:?}");
    }
}

#[test]
fn a_cut_stops_acknowledgements_so_that_the_window_fills() {
    let check = |fault: Cut| {
        let mut stage = filling();
        cut(&mut stage, fault, 10_000);
        (stage.said("a-1"), stage.said("b-1"))
    };
    // Only the way back is cut: the bytes arrive, the news of it does not.
    assert_eq!(check(BACK), (vec!["65536".into()], vec!["200000".into()]));
    assert_eq!(check(None), (vec!["200000".into()], vec!["200000".into()]));
}
