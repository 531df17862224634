//! Efficacy of faults of names, and the name that is every node's own.

use squall_history::{DnsTrouble, SimDuration};
use squall_io::net::{TcpListener, TcpStream, UdpSocket, lookup_host};
use squall_io::task::spawn;
use squall_io::time::now;
use squall_sim::Rule;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::stage::{connect, forever, nodes, outcome, pass, say};

/// Under a trouble from the start to `end_ms`: what two lookups of `s-1` came to and how long each took,
/// in milliseconds, then one of `s-2`; and what was counted under `effect`.
fn lookups(trouble: Option<DnsTrouble>, end_ms: u64, effect: &str) -> (Vec<String>, u64) {
    let mut stage = nodes(&[("s", 2), ("c", 1)]).begin();
    stage.start("c-1", async {
        for name in ["s-1", "s-1", "s-2"] {
            let asked = now();
            let found = lookup_host((name, 80)).await;
            say(format!("{} {}", outcome(&found), asked.elapsed().as_millis()));
        }
        Ok(())
    });
    let rule = trouble.map(|trouble| stage.rule("dns", Rule::Dns(trouble), &[("c-1", "s-1")]));
    stage.run(end_ms);
    let effects = rule.map(|rule| stage.remove_rule(rule)).unwrap_or_default();
    stage.run(60_000);
    (stage.said("c-1"), effects.get(effect))
}

#[test]
fn a_lookup_fails_as_for_a_name_that_nobody_has() {
    let expected = ["NotFound 0", "NotFound 0", "ok 0"].map(str::to_owned).to_vec();
    assert_eq!(lookups(Some(DnsTrouble::Fail), 1_000, "lookups-failed"), (expected, 2));
    assert_eq!(lookups(None, 1_000, "lookups-failed"), (vec!["ok 0".to_owned(); 3], 0));
}

#[test]
fn a_lookup_without_an_answer_gives_up_after_asking_twice() {
    let expected = ["TimedOut 10000", "TimedOut 10000", "ok 0"].map(str::to_owned).to_vec();
    assert_eq!(lookups(Some(DnsTrouble::TimeOut), 30_000, "lookups-unanswered"), (expected, 4));
    // The second question is answered if the trouble is over by then.
    let expected = ["ok 5000", "ok 0", "ok 0"].map(str::to_owned).to_vec();
    assert_eq!(lookups(Some(DnsTrouble::TimeOut), 3_000, "lookups-unanswered"), (expected, 1));
}

#[test]
fn a_slow_lookup_takes_a_drawn_time() {
    let (low, high) = (SimDuration::from_millis(100), SimDuration::from_millis(900));
    let slow = DnsTrouble::Slow { latency: (low, high) };
    let (said, delayed) = lookups(Some(slow), 30_000, "lookups-delayed");
    let took = |k: usize| said[k].strip_prefix("ok ").unwrap().parse::<u64>().unwrap();
    assert!((100..=900).contains(&took(0)) && (100..=900).contains(&took(1)), "{said:?}");
    assert_ne!(took(0), took(1));
    assert_eq!((said[2].as_str(), delayed), ("ok 0", 2));
}

#[test]
fn the_loopback_interface_is_the_node_itself_and_nobody_elses() {
    let mut stage = nodes(&[("n", 2)]).begin();
    stage.start("n-1", async {
        let listener = TcpListener::bind(("localhost", 80)).await?;
        say(listener.local_addr()?);
        drop(spawn(async {
            let mut stream = TcpStream::connect(("127.0.0.1", 80)).await.unwrap();
            stream.write_all(b"to myself").await.unwrap();
        }));
        let (mut stream, peer) = listener.accept().await?;
        let mut words = String::new();
        stream.read_to_string(&mut words).await?;
        say(format!("{words} {} {}", peer.ip(), stream.local_addr()?.ip()));
        // Its own address is another one than that of the loopback interface.
        say(outcome(&TcpStream::connect(("n-1", 80)).await));
        forever().await
    });
    stage.start("n-2", async {
        pass(10).await;
        say(outcome(&connect("n-1", 80, 100).await));
        say(outcome(&TcpStream::connect("localhost:80").await));
        Ok(())
    });
    stage.run(1_000);
    assert_eq!(stage.said("n-1"), ["127.0.0.1:80", "to myself 127.0.0.1 127.0.0.1", "ConnectionRefused"]);
    assert_eq!(stage.said("n-2"), ["ConnectionRefused", "ConnectionRefused"]);
}

#[test]
fn datagrams_over_the_loopback_interface_stay_inside() {
    let mut stage = nodes(&[("n", 2)]).begin();
    stage.start("n-1", async {
        let inner = UdpSocket::bind(("127.0.0.1", 9)).await?;
        let outer = UdpSocket::bind(("0.0.0.0", 10)).await?;
        outer.send_to(b"in", ("127.0.0.1", 9)).await?;
        let (_, from) = inner.recv_from(&mut [0; 8]).await?;
        say(from);
        inner.send_to(b"back", from).await?;
        let (_, from) = outer.recv_from(&mut [0; 8]).await?;
        say(from);
        say(outcome(&inner.send_to(b"out", ("n-2", 9)).await));
        // What another sends to the node's own address is not for this socket.
        say(squall_io::time::timeout(super::stage::ms(500), inner.recv_from(&mut [0; 8])).await.is_err());
        Ok(())
    });
    stage.start("n-2", async {
        pass(10).await;
        UdpSocket::bind(("0.0.0.0", 9)).await?.send_to(b"hello", ("n-1", 9)).await?;
        Ok(())
    });
    stage.run(2_000);
    assert_eq!(stage.said("n-1"), ["127.0.0.1:10", "127.0.0.1:9", "InvalidInput", "true"]);
}
