//! Taking one thing away leaves everything else as it was: what makes shrinking work.

use std::collections::BTreeMap;

use squall_history::{Bandwidth, DnsTrouble, NetworkProfile, Ppm, Record, SimDuration, Topology};
use squall_io::fs;
use squall_io::net::UdpSocket;
use squall_io::task::spawn;
use squall_sim::{Checkpoint, Journaling, Rule};

use super::busy;
use super::stage::{Stage, before, forever, later, nodes, pass, say};

/// What is done to the busy cluster at 700 ms.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Kill,
    PowerLoss,
    Pause,
    Rule(Rule),
}

fn checkpoints(fault: Option<Fault>) -> Vec<Checkpoint> {
    let mut setup = busy::cluster();
    setup.journaling = Journaling::On;
    let mut stage = busy::begin(setup);
    // One that stays, in every run.
    stage.run(200);
    stage.rule("stays", Rule::Loss(Ppm::percent(5)), &[("client-1", "server-1")]);
    stage.run(700);
    match fault {
        Some(Fault::Kill) => drop(stage.killed("server-2")),
        Some(Fault::PowerLoss) => drop(stage.power_loss(&"server-2".into())),
        Some(Fault::Pause) => stage.pause(&"server-2".into()),
        Some(Fault::Rule(rule)) => drop(stage.rule("fault", rule, &[("client-1", "server-2")])),
        None => {}
    }
    stage.run(1_200);
    stage.end().checkpoints
}

#[test]
fn a_fault_taken_away_changes_nothing_before_its_moment() {
    let plain = checkpoints(None);
    let early = before(&plain, 700);
    assert!(early.len() > 1_000, "{}", early.len());
    let second = SimDuration::from_secs(1);
    let faults = [
        Fault::Kill,
        Fault::PowerLoss,
        Fault::Pause,
        Fault::Rule(Rule::Cut),
        Fault::Rule(Rule::Loss(Ppm::percent(50))),
        Fault::Rule(later(1_000, 1_000)),
        Fault::Rule(Rule::Duplicate(Ppm::ONE)),
        Fault::Rule(Rule::Reorder { chance: Ppm::ONE, delay: second }),
        Fault::Rule(Rule::Corrupt(Ppm::ONE)),
        Fault::Rule(Rule::Bandwidth(Bandwidth { bytes_per_second: 1_000, queue_bytes: 1_000 })),
        Fault::Rule(Rule::Hold),
        Fault::Rule(Rule::Refuse),
        Fault::Rule(Rule::Dns(DnsTrouble::Fail)),
    ];
    for fault in faults {
        let with = checkpoints(Some(fault));
        assert_eq!(before(&with, 700), early, "{fault:?}");
        assert_ne!(with.last(), plain.last(), "{fault:?} left no trace in the digest");
    }
}

#[test]
fn a_fault_that_meets_nothing_is_in_the_digest_all_the_same() {
    let digest = |fault: Option<Fault>| {
        let mut stage = nodes(&[("client", 1), ("server", 2)]).begin();
        stage.run(1);
        if let Some(Fault::Rule(rule)) = fault {
            stage.rule("fault", rule, &[("client-1", "server-2")]);
        }
        stage.run(2);
        stage.end().digest
    };
    let (cut, loss) = (Fault::Rule(Rule::Cut), Fault::Rule(Rule::Loss(Ppm::ONE)));
    let digests = [None, Some(cut), Some(loss)].map(digest);
    assert!(digests[0] != digests[1] && digests[1] != digests[2] && digests[0] != digests[2]);
}

/// How long each numbered datagram took from a to b, in nanoseconds, under a base loss and a rule.
fn latencies(loss: Ppm, rule: Option<Rule>) -> BTreeMap<u32, u64> {
    let network = NetworkProfile { loss, ..NetworkProfile::FLAKY };
    let network = NetworkProfile { duplicate: Ppm::ZERO, ..network };
    let mut stage = nodes(&[("a", 1), ("b", 1)]).network(network).begin();
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
        for number in 0..500_u32 {
            socket.send_to(&number.to_be_bytes(), ("b-1", 9)).await?;
            pass(1).await;
        }
        Ok(())
    });
    if let Some(rule) = rule {
        stage.rule("fault", rule, &[("a-1", "b-1")]);
    }
    stage.run(10_000);
    let arrivals = stage.records.iter().filter_map(|record| match &record.body {
        squall_history::Body::Custom(word) => {
            let number: u32 = word.name.parse().unwrap();
            Some((number, record.at.0 - u64::from(number) * 1_000_000))
        }
        _ => None,
    });
    arrivals.collect()
}

#[test]
fn loss_switched_off_leaves_the_latencies_of_the_same_packets() {
    let all = latencies(Ppm::ZERO, None);
    assert_eq!(all.len(), 500);
    let rule = Some(Rule::Loss(Ppm::percent(30)));
    for lossy in [latencies(Ppm::percent(30), None), latencies(Ppm::ZERO, rule)] {
        assert!((200..450).contains(&lossy.len()), "{}", lossy.len());
        assert!(lossy.iter().all(|(number, latency)| all[number] == *latency));
    }
    // A rule that does nothing is as good as none; one that does has draws of its own.
    let idle = later(0, 0);
    assert_eq!(latencies(Ppm::ZERO, Some(idle)), all);
    let shift = later(3, 0);
    let shifted = latencies(Ppm::ZERO, Some(shift));
    assert!(shifted.iter().all(|(number, latency)| all[number] + 3_000_000 == *latency));
}

/// The records of the busy cluster's own nodes, with others before, between and behind them that
/// keep to themselves.
fn records_beside(strangers: &[(&'static str, u32)]) -> Vec<Record> {
    let mut topology = Topology::default();
    for &(role, count) in strangers {
        topology.nodes.extend(Topology::of_roles(&[(role, count)]).nodes);
    }
    let mut setup = busy::cluster();
    topology.nodes.append(&mut setup.topology.nodes);
    // A fourth server that never speaks, in a role that others have.
    if !strangers.is_empty() {
        topology.nodes.extend(Topology::of_roles(&[("server", 4)]).nodes.split_off(3));
    }
    setup.topology = topology;
    let mut stage = setup.begin();
    for name in strangers_of(strangers) {
        stage.start(&name, recluse());
    }
    busy::start(&mut stage);
    drive(&mut stage);
    let own = |record: &Record| record.node.as_ref().is_some_and(|node| !is_stranger(node.as_str()));
    stage.records.iter().filter(|record| own(record)).cloned().collect()
}

fn strangers_of(strangers: &[(&'static str, u32)]) -> Vec<String> {
    let named = strangers.iter().flat_map(|&(role, count)| (1..=count).map(move |k| format!("{role}-{k}")));
    named.chain((!strangers.is_empty()).then(|| "server-4".to_owned())).collect()
}

fn is_stranger(name: &str) -> bool {
    name.starts_with("aloof") || name.starts_with("recluse") || name == "server-4"
}

/// Busy with itself: tasks, timers, files, draws, its own streams; never a word to another.
async fn recluse() -> std::io::Result<()> {
    loop {
        for span in 0..5 {
            drop(spawn(async move {
                pass(span).await;
                fs::write("own", &[1; 100]).await.unwrap();
                squall_io::rand::bits();
            }));
        }
        let listener = squall_io::net::TcpListener::bind(("0.0.0.0", 80)).await?;
        let _near = squall_io::net::TcpStream::connect(("0.0.0.0", 80)).await?;
        listener.accept().await?;
        pass(3).await;
    }
}

fn drive(stage: &mut Stage) {
    stage.run(300);
    stage.killed("client-1");
    stage.run(400);
    stage.killed("server-1");
    stage.start("client-1", busy::client());
    stage.run(600);
    stage.start("server-1", busy::server("server-1"));
    stage.power_loss(&"server-2".into());
    stage.run(700);
    stage.start("server-2", busy::server("server-2"));
    stage.run(1_500);
}

#[test]
fn nodes_that_never_spoke_shift_nobody() {
    let alone = records_beside(&[]);
    assert!(alone.len() > 500, "{}", alone.len());
    for strangers in [&[("aloof", 1)][..], &[("aloof", 7), ("recluse", 3)]] {
        let beside = records_beside(strangers);
        let differs = alone.iter().zip(&beside).find(|(left, right)| left != right);
        assert_eq!((differs, beside.len()), (None, alone.len()), "{strangers:?}");
    }
}

#[test]
fn what_a_client_left_open_is_told_in_the_order_it_was_begun() {
    // Destructors of a killed node run by the order of its own tasks, whatever slots they are in.
    struct Open(u64);
    impl Drop for Open {
        fn drop(&mut self) {
            squall_io::observe(squall_history::Op {
                id: squall_history::OpId(self.0),
                process: squall_history::ProcessId(0),
                phase: squall_history::Phase::Info,
                f: "left".into(),
                key: None,
                value: serde_json::Value::Null,
            });
        }
    }
    let mut stage = nodes(&[("n", 2)]).begin();
    stage.start("n-2", async {
        // Leaves holes among the slots, to be filled from the last to the first.
        for _ in 0..20 {
            drop(spawn(pass(1)));
        }
        forever().await
    });
    stage.run(10);
    stage.start("n-1", async {
        for number in 0..10 {
            drop(spawn(async move {
                let _open = Open(number);
                forever().await.unwrap();
            }));
        }
        forever().await
    });
    stage.run(20);
    stage.killed("n-1");
    stage.run(30);
    let left: Vec<u64> = stage
        .records
        .iter()
        .filter_map(|record| match &record.body {
            squall_history::Body::Op(op) => Some(op.id.0),
            _ => None,
        })
        .collect();
    assert_eq!(left, (0..10).collect::<Vec<_>>());
}

#[test]
fn entropy_of_an_incarnation_does_not_depend_on_the_one_before() {
    let second_boot = |draws: usize| {
        let mut stage = nodes(&[("n", 1)]).begin();
        stage.start("n-1", async move {
            squall_sim::entropy(&mut vec![0; 8 * draws]);
            forever().await
        });
        stage.run(1);
        stage.killed("n-1");
        stage.start("n-1", async {
            let mut bytes = [0; 16];
            squall_sim::entropy(&mut bytes);
            say(format!("{bytes:?}"));
            Ok(())
        });
        stage.run(2);
        stage.said("n-1")
    };
    assert_eq!(second_boot(0), second_boot(100));
    assert_ne!(second_boot(0), [format!("{:?}", [0; 16])]);
}
