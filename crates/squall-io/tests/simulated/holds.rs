//! Efficacy of `hold`: what is sent waits, and comes in order when it ends.

use squall_io::net::{TcpListener, UdpSocket};
use squall_sim::{Effects, Rule};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::stage::{Stage, connect, pass, say};
use super::traffic::{BACK, THERE, dialling, filling, pair};

type Links = &'static [(&'static str, &'static str)];

/// Holds these links from 1 s to 2 s, then runs on.
fn hold(stage: &mut Stage, links: Links) -> Effects {
    stage.run(1_000);
    let rule = (!links.is_empty()).then(|| stage.rule("hold", Rule::Hold, links));
    stage.run(2_000);
    let effects = rule.map(|rule| stage.remove_rule(rule)).unwrap_or_default();
    stage.run(20_000);
    effects
}

/// One datagram each 10 ms for 3 s: numbers in order of arrival, how many arrived in the second of the
/// hold, how many by its end and 10 ms more, and what it counted.
fn datagrams(links: Links) -> (Vec<u32>, usize, usize, u64) {
    let mut stage = pair().begin();
    stage.start("b-1", async {
        let socket = UdpSocket::bind(("0.0.0.0", 9)).await?;
        loop {
            let mut word = [0; 4];
            socket.recv_from(&mut word).await?;
            say(u32::from_be_bytes(word));
        }
    });
    stage.start("a-1", async {
        let socket = UdpSocket::bind(("0.0.0.0", 9)).await?;
        pass(5).await;
        for number in 0..300_u32 {
            socket.send_to(&number.to_be_bytes(), ("b-1", 9)).await?;
            pass(10).await;
        }
        Ok(())
    });
    let effects = hold(&mut stage, links);
    let notes = stage.notes();
    let by = |from, to| notes.iter().filter(|(_, at, _)| (from..to).contains(at)).count();
    let numbers = notes.iter().map(|(.., number)| number.parse().unwrap()).collect();
    (numbers, by(1_000, 2_000), by(2_000, 2_005), effects.get("packets-held"))
}

#[test]
fn held_datagrams_come_in_order_when_the_hold_ends() {
    let all: Vec<u32> = (0..300).collect();
    assert_eq!(datagrams(&[]), (all.clone(), 100, 0, 0));
    assert_eq!(datagrams(&[THERE]), (all.clone(), 0, 100, 100));
    assert_eq!(datagrams(&[BACK]), (all, 100, 0, 0));
}

/// A number each 10 ms over a stream: the numbers, and the longest silence.
fn numbers(links: Links) -> (Vec<String>, u64, u64) {
    let mut stage = pair().begin();
    stage.start("b-1", async {
        let (mut stream, _) = TcpListener::bind(("0.0.0.0", 80)).await?.accept().await?;
        loop {
            say(stream.read_u32().await?);
        }
    });
    stage.start("a-1", async {
        pass(1).await;
        let mut stream = connect("b-1", 80, 100).await?;
        for number in 0..300 {
            stream.write_u32(number).await?;
            pass(10).await;
        }
        std::future::pending().await
    });
    let effects = hold(&mut stage, links);
    let notes = stage.notes();
    let silence = notes.windows(2).map(|pair| pair[1].1 - pair[0].1).max().unwrap();
    (notes.into_iter().map(|(.., words)| words).collect(), silence, effects.get("packets-held"))
}

#[test]
fn a_held_stream_stands_still_and_goes_on_at_once() {
    let all: Vec<String> = (0..300).map(|number| number.to_string()).collect();
    for (links, is_silent) in [(&[] as Links, false), (&[THERE], true), (&[BACK], false)] {
        let (words, silence, held) = numbers(links);
        assert_eq!(words, all, "{links:?}");
        // Nothing is lost, so no timer has to pass after the hold.
        assert_eq!((990..1_015).contains(&silence), is_silent, "{links:?}: {silence}");
        assert_eq!(held > 90, is_silent, "{links:?}: {held}");
    }
}

#[test]
fn a_connect_waits_for_the_hold_and_not_for_a_timer() {
    let dial = |links| {
        let mut stage = dialling();
        hold(&mut stage, links);
        stage.said("a-1")
    };
    assert_eq!(dial(&[]), ["ok", "ok", "1204"]);
    assert_eq!(dial(&[THERE]), ["TimedOut", "ok", "2002"]);
    assert_eq!(dial(&[BACK]), ["TimedOut", "ok", "2001"]);
}

#[test]
fn a_hold_keeps_acknowledgements_so_that_the_window_fills() {
    let written = |links| {
        let mut stage = filling();
        hold(&mut stage, links);
        (stage.said("a-1"), stage.said("b-1"))
    };
    assert_eq!(written(&[BACK]), (vec!["65536".into()], vec!["200000".into()]));
    assert_eq!(written(&[]), (vec!["200000".into()], vec!["200000".into()]));
}

#[test]
fn of_two_holds_the_last_to_end_releases() {
    let mut stage = pair().begin();
    stage.start("b-1", async {
        let socket = UdpSocket::bind(("0.0.0.0", 9)).await?;
        socket.recv_from(&mut [0; 1]).await?;
        say("came");
        Ok(())
    });
    stage.start("a-1", async {
        pass(100).await;
        UdpSocket::bind(("0.0.0.0", 9)).await?.send_to(b"x", ("b-1", 9)).await?;
        Ok(())
    });
    let one = stage.rule("one", Rule::Hold, &[THERE]);
    let two = stage.rule("two", Rule::Hold, &[THERE]);
    stage.run(1_000);
    stage.remove_rule(one);
    stage.run(2_000);
    assert_eq!(stage.said("b-1"), [""; 0]);
    stage.remove_rule(two);
    stage.run(2_010);
    assert_eq!(stage.said("b-1"), ["came"]);
}
