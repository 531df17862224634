//! What a cut does to packets that are under way when it begins, and to the answers it takes: after
//! it has healed nobody waits for ever.

use squall_io::net::{TcpListener, UdpSocket};
use squall_io::task::spawn;
use squall_sim::Rule;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::partitions::{BACK, Cut, Notes, THERE, cut};
use super::stage::{Stage, connect, forever, nodes, outcome, pass, say, steady};

/// What was said, with the milliseconds.
fn words(stage: &Stage) -> Notes {
    stage.notes().into_iter().map(|(_, at, words)| (at, words)).collect()
}

#[test]
fn a_cut_takes_packets_that_are_under_way() {
    let check = |fault: Cut| {
        let mut stage = nodes(&[("a", 1), ("b", 1)]).network(steady(100)).begin();
        stage.start("b-1", async {
            let socket = UdpSocket::bind(("0.0.0.0", 9)).await?;
            drop(spawn(async move {
                while socket.recv_from(&mut [0; 1]).await.is_ok() {
                    say("datagram");
                }
            }));
            let (mut stream, _) = TcpListener::bind(("0.0.0.0", 80)).await?.accept().await?;
            stream.read_exact(&mut [0; 1]).await?;
            say("byte");
            Ok(())
        });
        stage.start("a-1", async {
            let socket = UdpSocket::bind(("0.0.0.0", 9)).await?;
            let mut stream = connect("b-1", 80, 500).await?;
            pass(750).await;
            // At 950 ms: due at 1,050, when the cut is 50 ms old.
            socket.send_to(b"x", ("b-1", 9)).await?;
            stream.write_all(b"x").await?;
            forever().await
        });
        let effects = cut(&mut stage, fault, 10_000);
        let notes: Notes = stage.notes().into_iter().map(|(_, at, words)| (at, words)).collect();
        (notes, effects.get("packets-dropped") > 0)
    };
    let (notes, dropped) = check(THERE);
    // The byte comes again by its timer, the datagram never.
    assert!(matches!(&notes[..], [(at, byte)] if *at > 2_000 && byte == "byte") && dropped, "{notes:?}");
    let (notes, dropped) = check(None);
    let mut words: Vec<&str> = notes.iter().map(|(_, words)| words.as_str()).collect();
    words.sort_unstable();
    assert_eq!((words, dropped), (vec!["byte", "datagram"], false));
    assert!(notes.iter().all(|(at, _)| *at == 1_050));
}

#[test]
fn a_request_under_way_is_taken_too() {
    let dialled = |fault: Cut| {
        let mut stage = nodes(&[("a", 1), ("b", 1)]).network(steady(100)).begin();
        stage.start("b-1", async {
            let _listener = TcpListener::bind(("0.0.0.0", 80)).await?;
            forever().await
        });
        stage.start("a-1", async {
            pass(950).await;
            connect("b-1", 80, 60_000).await?;
            say("connected");
            Ok(())
        });
        cut(&mut stage, fault, 10_000);
        words(&stage)
    };
    assert_eq!(dialled(None), [(1_150, "connected".into())]);
    // Asked at 950 and 1,950, both in vain; again at 3,950.
    assert_eq!(dialled(THERE), [(4_150, "connected".into())]);
    // The first answer meets the cut, the second one comes after it.
    assert_eq!(dialled(BACK), [(2_150, "connected".into())]);
}

#[test]
fn what_follows_a_lost_segment_waits_for_it() {
    let arrivals = |cut_for_ms: Option<u64>| {
        let mut stage = nodes(&[("a", 1), ("b", 1)]).network(steady(100)).begin();
        stage.start("b-1", async {
            let (mut stream, _) = TcpListener::bind(("0.0.0.0", 80)).await?.accept().await?;
            while let Ok(byte) = stream.read_u8().await {
                say(byte);
            }
            Ok(())
        });
        stage.start("a-1", async {
            let mut stream = connect("b-1", 80, 500).await?;
            pass(705).await;
            stream.write_u8(1).await?;
            pass(45).await;
            stream.write_u8(2).await?;
            forever().await
        });
        stage.run(1_000);
        if let Some(span) = cut_for_ms {
            let rule = stage.rule("blink", Rule::Cut, &[("a-1", "b-1")]);
            stage.run(1_000 + span);
            stage.remove_rule(rule);
        }
        stage.run(10_000);
        words(&stage)
    };
    assert_eq!(arrivals(None), [(1_005, "1".into()), (1_050, "2".into())]);
    // The first is due within the cut, the second after it; both come with the retransmission.
    assert_eq!(arrivals(Some(20)), [(1_305, "1".into()), (1_305, "2".into())]);
}

#[test]
fn the_end_of_a_handshake_is_sent_again() {
    // The client waits for the server to speak first; the server, for the client's first segment.
    let greeted = |fault: Option<Rule>| {
        let mut stage = nodes(&[("a", 1), ("b", 1)]).network(steady(100)).begin();
        stage.start("b-1", async {
            let (mut stream, _) = TcpListener::bind(("0.0.0.0", 80)).await?.accept().await?;
            stream.write_all(b"hello").await
        });
        stage.start("a-1", async {
            let mut hello = String::new();
            connect("b-1", 80, 500).await?.read_to_string(&mut hello).await?;
            say(hello);
            Ok(())
        });
        stage.run(250);
        let rule = fault.map(|rule| stage.rule("cut", rule, &[("a-1", "b-1")]));
        stage.run(400);
        rule.map(|rule| stage.remove_rule(rule));
        stage.run(10_000);
        words(&stage)
    };
    assert_eq!(greeted(None), [(400, "hello".into())]);
    assert_eq!(greeted(Some(Rule::Cut)), [(700, "hello".into())]);
}

#[test]
fn a_writer_whose_reset_was_taken_under_way_is_told_after_the_cut() {
    // The server closes just before a window's worth of bytes reaches it; its reset meets the cut.
    let told = |fault: Cut| {
        let mut stage = nodes(&[("a", 1), ("b", 1)]).network(steady(100)).begin();
        stage.start("b-1", async {
            let (stream, _) = TcpListener::bind(("0.0.0.0", 80)).await?.accept().await?;
            pass(550).await;
            drop(stream);
            forever().await
        });
        stage.start("a-1", async {
            let mut stream = connect("b-1", 80, 500).await?;
            pass(670).await;
            say(outcome(&stream.write_all(&[0; 70_000]).await));
            forever().await
        });
        cut(&mut stage, fault, 100_000);
        words(&stage)
    };
    assert_eq!(told(None), [(1_070, "BrokenPipe".into())]);
    let late = told(BACK);
    assert!(matches!(&late[..], [(at, end)] if *at > 2_000 && end == "BrokenPipe"), "{late:?}");
}

/// A server that keeps what it accepts and reads nothing.
async fn hoard() -> std::io::Result<()> {
    let listener = TcpListener::bind(("0.0.0.0", 80)).await?;
    let mut streams = Vec::new();
    loop {
        streams.push(listener.accept().await?);
    }
}

enum Moment {
    Cut,
    Reboot,
    Heal,
}

/// The server's machine reboots at `reboot_ms`; the client writes once, at `write_ms`, and reads.
/// How and when that ended; the way back may be cut.
fn rebooted(fault: Cut, latency_ms: u64, write_ms: u64, reboot_ms: u64) -> Notes {
    let mut stage = nodes(&[("a", 1), ("b", 1)]).network(steady(latency_ms)).begin();
    stage.start("b-1", hoard());
    stage.start("a-1", async move {
        pass(1).await;
        let mut stream = connect("b-1", 80, 500).await?;
        pass(write_ms - squall_io::time::now().as_nanos() / 1_000_000).await;
        stream.write_all(b"unread").await?;
        say(outcome(&stream.read(&mut [0; 1]).await));
        forever().await
    });
    let mut moments = [(1_000, Moment::Cut), (2_000, Moment::Heal), (reboot_ms, Moment::Reboot)];
    moments.sort_by_key(|(at, _)| *at);
    let mut rule = None;
    for (at, moment) in moments {
        stage.run(at);
        match moment {
            Moment::Cut => rule = fault.map(|links| stage.rule("cut", Rule::Cut, links)),
            Moment::Heal => drop(rule.take().map(|rule| stage.remove_rule(rule))),
            Moment::Reboot => {
                stage.power_loss(&"b-1".into());
                stage.start("b-1", hoard());
            }
        }
    }
    stage.run(100_000);
    words(&stage)
}

#[test]
fn a_reset_under_way_is_taken_and_asked_for_again() {
    assert_eq!(rebooted(None, 100, 870, 500), [(1_070, "ConnectionReset".into())]);
    let cut = rebooted(BACK, 100, 870, 500);
    assert!(matches!(&cut[..], [(at, end)] if *at > 2_000 && end == "ConnectionReset"), "{cut:?}");
}

#[test]
fn a_sender_whose_acknowledgement_was_taken_asks_again_after_the_cut() {
    let cut = rebooted(BACK, 1, 1_200, 1_500);
    assert!(matches!(&cut[..], [(at, end)] if *at > 2_000 && end == "ConnectionReset"), "{cut:?}");
    // One that was acknowledged before the machine died waits for ever, as in TCP.
    assert_eq!(rebooted(None, 1, 1_200, 1_500), []);
}

/// The server drops the stream at `drop_ms`, the client writes at `write_ms` and reads; both while the
/// way back may be cut, so that the reset is lost. How the client's read ended, and when.
fn reset_into_a_cut(fault: Cut, drop_ms: u64, write_ms: u64) -> Notes {
    let mut stage = nodes(&[("a", 1), ("b", 1)]).begin();
    stage.start("b-1", async move {
        let (stream, _) = TcpListener::bind(("0.0.0.0", 80)).await?.accept().await?;
        pass(drop_ms - 4).await;
        drop(stream);
        forever().await
    });
    stage.start("a-1", async move {
        pass(1).await;
        let mut stream = connect("b-1", 80, 100).await?;
        pass(write_ms - 3).await;
        stream.write_all(b"unread").await?;
        let ended = stream.read(&mut [0; 1]).await;
        say(outcome(&ended));
        forever().await
    });
    cut(&mut stage, fault, 100_000);
    words(&stage)
}

#[test]
fn a_reset_that_a_cut_took_is_asked_for_again() {
    // Dropped with the data unread, and dropped before the data came.
    for (drop_ms, write_ms) in [(1_500, 1_200), (1_200, 1_500)] {
        let without = reset_into_a_cut(None, drop_ms, write_ms);
        assert!(matches!(&without[..], [(at, _)] if *at < 1_510), "{without:?}");
        let with = reset_into_a_cut(BACK, drop_ms, write_ms);
        assert!(matches!(&with[..], [(at, end)] if *at > 2_000 && end == "ConnectionReset"), "{with:?}");
    }
}
