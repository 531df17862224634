//! Efficacy of `pause`: the process stands still, its kernel goes on.

use squall_history::NodeEvent;
use squall_io::net::{TcpListener, UdpSocket};
use squall_io::task::spawn;
use squall_io::time::{now, timeout};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::stage::{connect, forever, ms, nodes, pass, say};

enum Fault {
    Pause,
}

#[derive(PartialEq, Eq, Debug)]
struct Observed {
    /// Longest wait for a reply, in milliseconds.
    longest: u64,
    /// Replies that came.
    replies: usize,
    /// A connection while the fault is on, and what could be written to it.
    dial: Vec<String>,
    wakes_delayed: bool,
}

fn check(fault: Option<Fault>) -> Observed {
    let mut stage = nodes(&[("s", 1), ("c", 2)]).begin();
    stage.start("s-1", async {
        let listener = TcpListener::bind(("0.0.0.0", 80)).await?;
        loop {
            let (mut stream, _) = listener.accept().await?;
            drop(spawn(async move {
                let mut byte = [0; 1];
                while stream.read_exact(&mut byte).await.is_ok() && stream.write_all(&byte).await.is_ok() {}
            }));
        }
    });
    stage.start("c-1", async {
        pass(10).await;
        let mut stream = connect("s-1", 80, 100).await?;
        loop {
            let asked = now();
            stream.write_all(b"x").await?;
            stream.read_exact(&mut [0; 1]).await?;
            say(asked.elapsed().as_millis());
            pass(10).await;
        }
    });
    stage.start("c-2", async {
        pass(1_200).await;
        let mut stream = connect("s-1", 80, 100).await?;
        let mut written = 0;
        while let Ok(count) = timeout(ms(100), stream.write(&[0; 1_000])).await {
            written += count?;
            if written >= 200_000 {
                break;
            }
            // Takes the replies, if there are any.
            while timeout(ms(3), stream.read(&mut [0; 1_000])).await.is_ok() {}
        }
        say(format!("wrote {written}"));
        Ok(())
    });
    stage.run(1_000);
    let mut wakes_delayed = false;
    match fault {
        Some(Fault::Pause) => {
            stage.pause(&"s-1".into());
            stage.run(2_000);
            assert_eq!(stage.life("s-1"), [NodeEvent::Started, NodeEvent::Paused]);
            wakes_delayed = stage.resume(&"s-1".into()).get("wakes-delayed") > 0;
        }
        None => stage.run(2_000),
    }
    stage.run(3_000);
    let waits: Vec<u64> = stage.said("c-1").iter().map(|wait| wait.parse().unwrap()).collect();
    Observed {
        longest: waits.iter().copied().max().unwrap(),
        replies: waits.len() / 10 * 10,
        dial: stage.said("c-2"),
        wakes_delayed,
    }
}

#[test]
fn a_paused_process_answers_nothing_while_its_kernel_accepts_and_buffers() {
    let paused = check(Some(Fault::Pause));
    assert!((980..1_000).contains(&paused.longest), "{paused:?}");
    assert!(paused.replies < 200 && paused.wakes_delayed, "{paused:?}");
    assert_eq!(paused.dial, ["wrote 65536"]);

    let untouched = check(None);
    let expected = Observed { longest: 2, replies: 240, dial: untouched.dial.clone(), wakes_delayed: false };
    assert_eq!(untouched, expected);
    assert_ne!(untouched.dial, ["wrote 65536"]);
}

#[test]
fn what_was_missed_comes_at_once_when_it_goes_on() {
    let mut stage = nodes(&[("n", 1), ("peer", 1)]).begin();
    stage.start("n-1", async {
        let socket = UdpSocket::bind(("0.0.0.0", 9)).await?;
        drop(spawn(async {
            pass(150).await;
            say("timer");
        }));
        loop {
            socket.recv_from(&mut [0; 1]).await?;
            say("datagram");
        }
    });
    stage.start("peer-1", async {
        let socket = UdpSocket::bind(("0.0.0.0", 0)).await?;
        for _ in 0..5 {
            pass(20).await;
            socket.send_to(b"x", ("n-1", 9)).await?;
        }
        Ok(())
    });
    stage.run(50);
    stage.pause(&"n-1".into());
    // Twice is once.
    stage.pause(&"n-1".into());
    stage.run(500);
    let before = stage.notes().len();
    assert_eq!(before, 2);
    assert!(!stage.resume(&"n-1".into()).is_empty());
    assert!(stage.resume(&"n-1".into()).is_empty());
    stage.run(600);
    let late: Vec<u64> = stage.notes().iter().skip(before).map(|(_, at, _)| *at).collect();
    assert_eq!(late, [500; 4]);
}

#[test]
fn a_paused_node_can_be_killed_and_starts_awake() {
    let mut stage = nodes(&[("n", 1)]).begin();
    let ticking = || async {
        loop {
            pass(10).await;
            say("tick");
        }
    };
    stage.start("n-1", ticking());
    stage.run(55);
    stage.pause(&"n-1".into());
    stage.run(100);
    assert!(stage.killed("n-1").get("tasks-dropped") > 0);
    stage.start("n-1", ticking());
    // The end of the pause comes for an incarnation that is gone.
    assert!(stage.resume(&"n-1".into()).is_empty());
    stage.run(155);
    assert_eq!(stage.said("n-1").len(), 10);
}

#[test]
fn a_pause_with_nothing_to_do_has_no_effect() {
    let mut stage = nodes(&[("n", 1)]).begin();
    stage.start("n-1", forever());
    stage.run(10);
    stage.pause(&"n-1".into());
    stage.run(20);
    assert!(stage.resume(&"n-1".into()).is_empty());
}

#[test]
fn a_task_that_was_ready_waits_for_the_pause_to_end() {
    let mut stage = nodes(&[("n", 1)]).begin();
    stage.start("n-1", async {
        say("begun");
        Ok(())
    });
    // Before it was polled even once.
    stage.pause(&"n-1".into());
    stage.run(100);
    assert_eq!(stage.said("n-1"), [""; 0]);
    assert_eq!(stage.resume(&"n-1".into()).get("wakes-delayed"), 1);
    stage.run(200);
    assert_eq!(stage.notes(), [("n-1".into(), 100, "begun".into())]);
}
