//! Efficacy of `stop`: software hears the word, ends well in its time of grace, and is killed after it.

use squall_history::NodeEvent;
use squall_io::net::TcpListener;
use squall_io::select;
use squall_io::stop::token;
use squall_io::task::spawn;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::stage::{Stage, connect, forever, nodes, pass, say};

/// A server that says goodbye to whoever is connected when it is asked to stop, after some time; and a
/// client that tells what it reads.
fn begin(goodbye_ms: u64) -> Stage {
    let mut stage = nodes(&[("s", 1), ("c", 1)]).begin();
    stage.start("s-1", server(goodbye_ms));
    stage.start("c-1", async {
        pass(10).await;
        let mut stream = connect("s-1", 80, 100).await?;
        let mut heard = String::new();
        let ended = stream.read_to_string(&mut heard).await;
        say(format!("{heard:?} {}", super::stage::outcome(&ended)));
        say(super::stage::outcome(&connect("s-1", 80, 100).await));
        Ok(())
    });
    stage
}

async fn server(goodbye_ms: u64) -> std::io::Result<()> {
    let listener = TcpListener::bind(("0.0.0.0", 80)).await?;
    drop(spawn(async {
        loop {
            pass(100).await;
            say("tick");
        }
    }));
    let (mut stream, _) = listener.accept().await?;
    let stop = token();
    say(stop.is_stopping());
    stop.stopped().await;
    say(stop.is_stopping());
    pass(goodbye_ms).await;
    stream.write_all(b"bye").await?;
    Ok(())
}

/// Asked at one second, killed after half a second of grace.
fn check(goodbye_ms: u64) -> (Stage, squall_sim::Effects) {
    let mut stage = begin(goodbye_ms);
    stage.run(1_000);
    let mut effects = stage.ask_to_stop(&"s-1".into());
    stage.run(1_500);
    effects.merge(&stage.killed("s-1"));
    stage.run(2_000);
    (stage, effects)
}

fn ticks(stage: &Stage) -> usize {
    stage.said("s-1").iter().filter(|said| *said == "tick").count()
}

#[test]
fn who_listens_ends_in_the_time_of_grace() {
    let (stage, effects) = check(250);
    assert_eq!(stage.said("c-1"), ["\"bye\" ok", "ConnectionRefused"]);
    let life = [NodeEvent::Started, NodeEvent::Stopping, NodeEvent::Exited { error: None }];
    assert_eq!(stage.life("s-1"), life);
    // With the root goes everything else: nothing ticks while grace goes on.
    assert_eq!(ticks(&stage), 12);
    assert!(!stage.is_up(&"s-1".into()));
    assert_eq!(
        (effects.get("waits-ended"), effects.get("ended-in-grace"), effects.get("tasks-dropped")),
        (1, 1, 1)
    );
    assert_eq!(effects.get("killed-after-grace"), 0);
    let said: Vec<String> = stage.said("s-1").into_iter().filter(|said| said != "tick").collect();
    assert_eq!(said, ["false", "true"]);
}

#[test]
fn who_takes_too_long_is_killed() {
    let (stage, effects) = check(800);
    assert_eq!(stage.said("c-1"), ["\"\" ok", "ConnectionRefused"]);
    assert_eq!(stage.life("s-1"), [NodeEvent::Started, NodeEvent::Stopping, NodeEvent::Killed]);
    assert_eq!((effects.get("ended-in-grace"), effects.get("killed-after-grace")), (0, 1));
    assert_eq!(ticks(&stage), 14);
}

#[test]
fn a_kill_without_a_word_lets_nobody_say_goodbye() {
    let mut stage = begin(250);
    stage.run(1_000);
    let effects = stage.killed("s-1");
    stage.run(2_000);
    assert_eq!(stage.said("c-1")[0], "\"\" ok");
    assert_eq!((effects.get("ended-in-grace"), effects.get("killed-after-grace")), (0, 0));
}

#[test]
fn who_does_not_listen_goes_on_until_it_is_killed() {
    let mut stage = nodes(&[("n", 1)]).begin();
    let deaf = || async {
        loop {
            pass(100).await;
            say("tick");
        }
    };
    stage.start("n-1", deaf());
    stage.run(250);
    assert!(stage.ask_to_stop(&"n-1".into()).is_empty());
    // Twice is once.
    assert!(stage.ask_to_stop(&"n-1".into()).is_empty());
    stage.run(550);
    assert_eq!(stage.said("n-1").len(), 5);
    assert_eq!(stage.killed("n-1").get("killed-after-grace"), 1);
    stage.start("n-1", deaf());
    stage.run(800);
    assert_eq!(stage.killed("n-1").get("killed-after-grace"), 0, "the next incarnation was not asked");
    stage.run(801);
    let life =
        [NodeEvent::Started, NodeEvent::Stopping, NodeEvent::Killed, NodeEvent::Started, NodeEvent::Killed];
    assert_eq!(stage.life("n-1"), life);
}

#[test]
fn a_new_incarnation_is_not_stopping_and_may_be_asked_again() {
    let mut stage = nodes(&[("n", 1)]).begin();
    let polite = || async {
        say(token().is_stopping());
        // Whoever stopped waiting is not waited for.
        select! {
            () = token().stopped() => say("too early"),
            () = pass(10) => {}
        }
        token().stopped().await;
        say("bye");
        Ok(())
    };
    stage.start("n-1", polite());
    stage.run(100);
    assert_eq!(stage.ask_to_stop(&"n-1".into()).get("waits-ended"), 1);
    stage.run(200);
    stage.start("n-1", polite());
    stage.run(300);
    assert_eq!(stage.said("n-1"), ["false", "bye", "false"]);
    stage.ask_to_stop(&"n-1".into());
    stage.run(400);
    assert_eq!(stage.said("n-1"), ["false", "bye", "false", "bye"]);
    // A node that is down hears nothing.
    assert!(stage.ask_to_stop(&"n-1".into()).is_empty());
}

#[test]
fn software_that_returns_unasked_leaves_its_tasks_running() {
    let mut stage = nodes(&[("n", 1)]).begin();
    stage.start("n-1", async {
        drop(spawn(async {
            pass(100).await;
            say("still here");
            forever().await
        }));
        Ok(())
    });
    stage.run(200);
    assert_eq!(stage.said("n-1"), ["still here"]);
    assert!(stage.is_up(&"n-1".into()));
}
