//! How a node's software ends by itself: it returns, it fails, it panics; and what goes on.

use squall_history::NodeEvent;
use squall_io::task::spawn;

use super::stage::{Stage, forever, nodes, pass, say};

fn run(program: impl Future<Output = std::io::Result<()>> + Send + 'static) -> Stage {
    let mut stage = nodes(&[("n", 2)]).begin().tolerant();
    stage.start("n-1", program);
    stage.start("n-2", async {
        pass(500).await;
        say("still here");
        Ok(())
    });
    stage.run(1_000);
    assert_eq!(stage.said("n-2"), ["still here"]);
    stage
}

/// The panic of a node's life, as (message, file of the location).
fn panicked(stage: &Stage) -> (String, String) {
    let panics: Vec<(String, String)> = stage
        .life("n-1")
        .into_iter()
        .filter_map(|event| match event {
            NodeEvent::Panicked { message, location } => Some((message, location)),
            _ => None,
        })
        .collect();
    assert_eq!(panics.len(), 1, "{panics:?}");
    panics[0].clone()
}

#[test]
fn a_return_is_recorded_with_its_error() {
    let stage = run(async { Err(std::io::Error::other("gave up")) });
    let exited = NodeEvent::Exited { error: Some("gave up".into()) };
    assert_eq!(stage.life("n-1"), [NodeEvent::Started, exited]);
}

#[test]
fn tasks_go_on_when_the_root_has_returned() {
    let stage = run(async {
        drop(spawn(async {
            pass(10).await;
            say("later");
        }));
        Ok(())
    });
    assert_eq!(stage.said("n-1"), ["later"]);
}

#[test]
fn a_panic_is_recorded_with_its_place_and_the_run_goes_on() {
    let line = line!() + 2;
    let stage = run(async {
        panic!("number {}", 7);
    });
    let (message, location) = panicked(&stage);
    assert_eq!(message, "number 7");
    assert!(location.ends_with(&format!("exits.rs:{line}:9")), "{location}");
}

#[test]
fn a_panic_in_a_spawned_task_is_the_nodes_too() {
    let stage = run(async {
        drop(spawn(async {
            pass(5).await;
            panic!("in a task");
        }));
        forever().await
    });
    assert_eq!(panicked(&stage).0, "in a task");
}

#[test]
fn a_panic_passed_on_keeps_its_own_message() {
    // The hook hears of the caught panic only: its message must not be taken for the other's.
    let stage = run(async {
        std::panic::catch_unwind(|| panic!("caught")).unwrap_err();
        std::panic::resume_unwind(Box::new("passed on"));
    });
    assert_eq!(panicked(&stage), ("passed on".into(), "(unknown)".into()));
}

#[test]
fn a_panic_with_any_payload_is_told() {
    let stage = run(async { std::panic::panic_any(5_u8) });
    assert_eq!(panicked(&stage).0, "(no message)");
}

#[test]
fn bare_tokio_calls_name_their_replacement() {
    for call in [0, 1, 2] {
        let stage = run(async move {
            match call {
                0 => drop(tokio::spawn(async {})),
                1 => tokio::time::sleep(std::time::Duration::from_secs(1)).await,
                _ => drop(tokio::net::TcpListener::bind("127.0.0.1:0").await),
            }
            Ok(())
        });
        let (message, _) = panicked(&stage);
        for word in ["Tokio 1.x runtime", "squall_io::task::spawn", "squall_io::time"] {
            assert!(message.contains(word), "call {call}: {message}");
        }
    }
}

#[test]
fn a_tokio_channel_is_welcome() {
    let stage = run(async {
        let (send, mut receive) = tokio::sync::mpsc::channel(1);
        drop(spawn(async move {
            // More than tokio's budget of a poll, which no runtime refills here.
            for number in 0..1_000 {
                send.send(number).await.unwrap();
            }
        }));
        let mut sum = 0;
        while let Some(number) = receive.recv().await {
            sum += number;
        }
        say(sum);
        Ok(())
    });
    assert_eq!(stage.said("n-1"), ["499500"]);
}
