//! Efficacy of `wipe`: what was durable is gone, unlike after every other stop.

use squall_history::NodeEvent;
use squall_io::fs;
use squall_sim::Effects;
use tokio::io::AsyncWriteExt;

use super::stage::{Stage, connect, forever, nodes, outcome, pass, say};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fault {
    Wipe,
    PowerLoss,
    Kill,
}

/// Writes and syncs two files and more, then tells at each start what is there.
async fn keeper() -> std::io::Result<()> {
    let listener = squall_io::net::TcpListener::bind(("0.0.0.0", 80)).await?;
    let mut names = fs::read_dir("").await?;
    names.sort_unstable();
    say(format!("{names:?}"));
    if names.is_empty() {
        fs::create_dir_all("d").await?;
        for (name, bytes) in [("a", 10), ("d/b", 1_000)] {
            let mut file = fs::File::create(name).await?;
            file.write_all(&vec![7; bytes]).await?;
            file.sync_all().await?;
        }
        fs::sync_dir("d").await?;
        fs::sync_dir("").await?;
    }
    let mut streams = Vec::new();
    loop {
        streams.push(listener.accept().await?);
    }
}

fn check(fault: Fault) -> (Stage, Effects) {
    let mut stage = nodes(&[("n", 1), ("peer", 1)]).begin();
    stage.start("n-1", keeper());
    stage.start("peer-1", async {
        pass(500).await;
        let stream = connect("n-1", 80, 100).await?;
        pass(1_000).await;
        drop(stream);
        say(outcome(&connect("n-1", 80, 100).await));
        forever().await
    });
    stage.run(1_000);
    let node = "n-1".into();
    let effects = match fault {
        Fault::Wipe => stage.wipe(&node),
        Fault::PowerLoss => stage.power_loss(&node),
        Fault::Kill => stage.kill(&node),
    };
    stage.start("n-1", keeper());
    stage.run(2_000);
    (stage, effects)
}

#[test]
fn a_wiped_node_comes_back_with_nothing() {
    let (stage, effects) = check(Fault::Wipe);
    assert_eq!(stage.said("n-1"), ["[]", "[]"]);
    assert_eq!((effects.get("files-lost"), effects.get("bytes-lost")), (2, 1_010));
    assert!(effects.get("tasks-dropped") > 0 && effects.get("connections-closed") > 0, "{effects:?}");
    let life = [NodeEvent::Started, NodeEvent::Killed, NodeEvent::Wiped, NodeEvent::Started];
    assert_eq!(stage.life("n-1"), life);
    assert_eq!(stage.said("peer-1"), ["ok"], "it serves again under its name");
    stage.end();
    for fault in [Fault::PowerLoss, Fault::Kill] {
        let (stage, effects) = check(fault);
        assert_eq!(stage.said("n-1"), ["[]", "[\"a\", \"d\"]"], "{fault:?}");
        assert_eq!((effects.get("files-lost"), effects.get("bytes-lost")), (0, 0));
    }
}

#[test]
fn an_empty_disk_has_nothing_to_lose_and_a_node_may_be_wiped_while_it_is_down() {
    let mut stage = nodes(&[("n", 1)]).begin();
    assert!(stage.wipe(&"n-1".into()).is_empty());
    stage.start("n-1", keeper());
    stage.run(100);
    stage.power_loss(&"n-1".into());
    assert_eq!(stage.wipe(&"n-1".into()).get("files-lost"), 2);
    assert!(stage.wipe(&"n-1".into()).is_empty(), "there is no more");
    stage.start("n-1", keeper());
    stage.run(200);
    assert_eq!(stage.said("n-1"), ["[]", "[]"]);
}

#[test]
fn it_is_told_that_nothing_is_held_for_certain_any_more() {
    let mut stage = nodes(&[("n", 1)]).begin();
    stage.tell_disks();
    stage.start("n-1", keeper());
    stage.run(100);
    let holds = |stage: &Stage| {
        let mut holds = std::collections::BTreeMap::new();
        for record in &stage.records {
            if let squall_history::Body::Disk(squall_history::DiskEvent::Holds { file, ranges }) =
                &record.body
            {
                holds.insert(file.clone(), ranges.clone());
            }
        }
        holds.retain(|_, ranges| !ranges.is_empty());
        holds.len()
    };
    assert_eq!(holds(&stage), 2);
    stage.wipe(&"n-1".into());
    stage.run(101);
    assert_eq!(holds(&stage), 0);
}
