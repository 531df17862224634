//! Efficacy of `slow`: a node's computing takes virtual time and its tasks queue for one processor.

use squall_io::net::UdpSocket;
use squall_io::task::{spawn, yield_now};
use squall_io::time::{now, timeout};
use squall_sim::{Effects, NodeRule, POLL_COST};

use super::stage::{Stage, forever, ms, nodes, pass, say};

fn slow(stage: &mut Stage, factor: u32) -> squall_sim::NodeRuleId {
    stage.add_node_rule(NodeRule::Slow { factor }, &["n-1".into()])
}

/// Ten tasks of a node take thirty turns each, and beside them a client asks an echo for its answers.
fn check(factor: Option<u32>) -> (u64, Vec<u64>, Effects) {
    let mut stage = nodes(&[("n", 1), ("client", 1)]).begin();
    stage.start("n-1", async {
        let socket = UdpSocket::bind(("0.0.0.0", 9)).await?;
        drop(spawn(async move {
            loop {
                let (_, from) = socket.recv_from(&mut [0; 1]).await?;
                socket.send_to(b"!", from).await?;
            }
            #[expect(unreachable_code, reason = "gives the block its type")]
            std::io::Result::Ok(())
        }));
        pass(100).await;
        let start = now();
        let mut set = squall_io::task::JoinSet::new();
        for _ in 0..10 {
            set.spawn(async {
                for _ in 0..30 {
                    yield_now().await;
                }
            });
        }
        while set.join_next().await.is_some() {}
        say(start.elapsed().as_nanos());
        forever().await
    });
    stage.start("client-1", async {
        let socket = UdpSocket::bind(("0.0.0.0", 0)).await?;
        for _ in 0..20 {
            let asked = now();
            socket.send_to(b"?", ("n-1", 9)).await?;
            socket.recv_from(&mut [0; 1]).await?;
            say(asked.elapsed().as_nanos());
            // Never at the end of a turn.
            squall_io::time::sleep(std::time::Duration::from_micros(19_870)).await;
        }
        Ok(())
    });
    stage.run(50);
    let rule = factor.map(|factor| slow(&mut stage, factor));
    stage.run(2_000);
    let effects = rule.map(|rule| stage.remove_node_rule(rule)).unwrap_or_default();
    let read = |said: Vec<String>| -> Vec<u64> { said.iter().map(|text| text.parse().unwrap()).collect() };
    (read(stage.said("n-1"))[0], read(stage.said("client-1")), effects)
}

#[test]
fn turns_of_a_slow_node_take_time_and_queue() {
    let (work, asked, effects) = check(None);
    assert_eq!((work, effects.is_empty()), (0, true));
    assert_eq!(asked, [2_000_000; 20]);

    // 310 turns at least of 10 µs × 20 each.
    let (work, asked, effects) = check(Some(20));
    let turn = POLL_COST.0 * 20;
    assert!((310 * turn..360 * turn).contains(&work), "{work}");
    assert!(asked.iter().any(|wait| *wait > 2_000_000 + turn), "{asked:?}");
    // Alone, a request waits for nobody.
    assert_eq!((asked[0], asked[19]), (2_000_000, 2_000_000));
    assert!(effects.get("polls-delayed") > 300, "{effects:?}");

    let (slower, ..) = check(Some(200));
    assert!((9 * work..11 * work).contains(&slower), "{slower} {work}");
}

#[test]
fn each_task_has_its_turn_and_the_order_is_drawn() {
    let order = |seed: u64| {
        let mut stage = nodes(&[("n", 1)]).seed(seed).begin();
        slow(&mut stage, 100);
        stage.start("n-1", async {
            for number in 0..6 {
                drop(spawn(async move {
                    for _ in 0..3 {
                        say(number);
                        yield_now().await;
                    }
                }));
            }
            forever().await
        });
        stage.run(100);
        let notes = stage.notes();
        let times: Vec<u64> = notes.iter().map(|(_, at, _)| *at).collect();
        // One turn a millisecond; each task has three with a word and a last one.
        assert!(times.is_sorted_by(|a, b| a < b) && *times.last().unwrap() <= 24, "{times:?}");
        notes.into_iter().map(|(.., words)| words).collect::<Vec<_>>()
    };
    assert_ne!(order(1), order(2));
    for number in 0..6 {
        assert_eq!(order(1).iter().filter(|said| **said == number.to_string()).count(), 3);
    }
}

#[test]
fn when_it_ends_those_who_queue_go_on_at_once() {
    let mut stage = nodes(&[("n", 1)]).begin();
    stage.start("n-1", async {
        pass(10).await;
        for _ in 0..5 {
            drop(spawn(async { say("done") }));
        }
        forever().await
    });
    // A turn takes a second.
    let rule = slow(&mut stage, 100_000);
    stage.run(2_500);
    assert_eq!(stage.said("n-1").len(), 1);
    assert!(stage.remove_node_rule(rule).get("polls-delayed") >= 5);
    stage.run(2_501);
    let times: Vec<u64> = stage.notes().iter().map(|(_, at, _)| *at).collect();
    assert_eq!(times, [2_000, 2_500, 2_500, 2_500, 2_500]);
}

#[test]
fn the_greatest_factor_holds() {
    let mut stage = nodes(&[("n", 1)]).begin();
    let (least, greatest) = (slow(&mut stage, 100), slow(&mut stage, 1_000));
    stage.start("n-1", async {
        loop {
            say("turn");
            yield_now().await;
        }
    });
    stage.run(100);
    assert_eq!(stage.said("n-1").len(), 10);
    assert!(!stage.remove_node_rule(greatest).is_empty());
    stage.run(200);
    assert!((99..=101).contains(&(stage.said("n-1").len() - 10)));
    assert!(!stage.remove_node_rule(least).is_empty());
}

#[test]
fn a_slow_node_can_be_paused_killed_and_started() {
    let mut stage = nodes(&[("n", 1)]).begin();
    let software = || async {
        for number in 0..4 {
            drop(spawn(async move { say(number) }));
        }
        forever().await
    };
    slow(&mut stage, 1_000);
    stage.start("n-1", software());
    stage.run(15);
    assert_eq!(stage.said("n-1").len(), 1);
    stage.pause(&"n-1".into());
    stage.run(100);
    assert_eq!(stage.said("n-1").len(), 1);
    assert_eq!(stage.resume(&"n-1".into()).get("wakes-delayed"), 3);
    stage.run(115);
    assert_eq!(stage.said("n-1").len(), 3, "what was missed still takes its turns");
    stage.killed("n-1");
    stage.start("n-1", software());
    stage.run(145);
    assert_eq!(stage.said("n-1").len(), 5, "a new incarnation is as slow");
    stage.run(1_000);
    assert_eq!(stage.said("n-1").len(), 7);
}

#[test]
fn patience_runs_out_on_a_slow_node() {
    let run = |factor: Option<u32>| {
        let mut stage = nodes(&[("n", 1)]).begin();
        factor.map(|factor| slow(&mut stage, factor));
        stage.start("n-1", async {
            let work = async {
                for _ in 0..50 {
                    yield_now().await;
                }
            };
            say(timeout(ms(100), work).await.is_ok());
            Ok(())
        });
        stage.run(10_000);
        stage.said("n-1")
    };
    assert_eq!(
        (run(None), run(Some(10)), run(Some(1_000))),
        (vec!["true".to_owned()], vec!["true".to_owned()], vec!["false".to_owned()])
    );
}
