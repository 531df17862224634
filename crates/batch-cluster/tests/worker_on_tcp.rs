//! Workers on real sockets and real files: a real text is counted.

mod worker_desk;

use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender};
use std::time::Duration;

use batch_cluster::job::{AttemptId, Manifest, Source, Tally};
use batch_cluster::protocol::FromWorker;
use batch_cluster::wordcount::{generated, reference_of_text};
use batch_cluster::worker::{WorkerConfig, run};
use squall_io::real::{Hosts, RealNode, start};

use worker_desk::{CONTROLLERS, Desk, LEADER, counts, follow, map, reduce};

const WORKERS: [&str; 2] = ["worker-1", "worker-2"];

struct Cluster<'a> {
    hosts: Hosts,
    root: &'a Path,
    ports: [u16; 2],
    desk: Desk,
    heard: Receiver<(String, FromWorker)>,
    _controllers: Vec<RealNode>,
}

impl<'a> Cluster<'a> {
    fn start(root: &'a Path) -> Self {
        let hosts = Hosts::on_loopback(CONTROLLERS.into_iter().chain(WORKERS));
        let ports = [free_port(), free_port()];
        // Longer than a busy machine stands still: no test here waits for it to run out.
        let (desk, heard) = Desk::new(Duration::from_secs(300));
        let controllers = CONTROLLERS.iter().enumerate().map(|(place, name)| {
            let (desk, port) = (desk.clone(), ports[0]);
            let software = move || {
                Box::pin(
                    async move { if place == LEADER { desk.lead(port).await } else { follow(port).await } },
                )
            };
            start(&hosts, name, &root.join(name), software).expect("a node starts")
        });
        let _controllers = controllers.collect();
        Self { hosts, root, ports, desk, heard, _controllers }
    }

    fn boot(&self, worker: &str) -> RealNode {
        self.boot_watched(worker, std::sync::mpsc::channel().0)
    }

    /// Tells the error with which the worker ends, if it does.
    fn boot_watched(&self, worker: &str, ended: Sender<io::Error>) -> RealNode {
        let [worker_port, shuffle_port] = self.ports;
        let config = WorkerConfig {
            worker_port,
            shuffle_port,
            ..WorkerConfig::new(worker, &CONTROLLERS.map(String::from)).slower(2)
        };
        let software = move || {
            Box::pin(async move {
                let error = run(config).await.expect_err("it runs for ever");
                ended.send(error).ok();
                Ok(())
            })
        };
        start(&self.hosts, worker, &self.root.join(worker), software).expect("a node starts")
    }

    /// The next thing heard that `pick` takes.
    fn hear<T>(&self, pick: impl Fn(&str, FromWorker) -> Option<T>) -> T {
        loop {
            let heard = self.heard.recv_timeout(Duration::from_secs(60));
            let (worker, word) = heard.expect("a worker is heard several times a second");
            if let Some(found) = pick(&worker, word) {
                return found;
            }
        }
    }

    /// Waits until a worker registers; gives what its disk kept.
    fn registered(&self, worker: &str) -> Vec<AttemptId> {
        self.hear(|from, word| match word {
            FromWorker::Register { kept, .. } if from == worker => Some(kept),
            _ => None,
        })
    }

    /// Waits until an attempt is done.
    fn committed(&self, id: u64) -> Manifest {
        self.hear(|_, word| match word {
            FromWorker::Commit { attempt, manifest, .. } if attempt.0 == id => Some(manifest),
            FromWorker::Failed { failure, .. } => panic!("{failure:?}"),
            _ => None,
        })
    }
}

/// A port for one test: tests run side by side on the same loopback addresses.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.77.0.1:0").expect("loopback");
    listener.local_addr().expect("it is bound").port()
}

#[test]
fn a_real_text_is_counted_and_outputs_outlive_their_worker() {
    let root = tempfile::tempdir().unwrap();
    let cluster = Cluster::start(root.path());
    let text: Vec<_> = (0..3_000).map(|number| generated(11, number)).collect();
    let text = text.join("\n");
    for worker in WORKERS {
        let input = root.path().join(worker).join("input");
        std::fs::create_dir_all(&input).unwrap();
        std::fs::write(input.join("text"), &text).unwrap();
    }
    let first = cluster.boot(WORKERS[0]);
    assert_eq!(cluster.registered(WORKERS[0]), []);
    let second = cluster.boot(WORKERS[1]);
    assert_eq!(cluster.registered(WORKERS[1]), []);
    let source = Source::File { name: "text".to_owned(), bytes: text.len() as u64 };
    let mut maps = Vec::new();
    let mut read = Tally::default();
    for number in 0..3 {
        let (attempt, worker) = (100 + u64::from(number), WORKERS[number as usize % 2]);
        cluster.desk.launch(worker, attempt, map(&source, (number, 3), 2));
        let manifest = cluster.committed(attempt);
        let Manifest::Map { input, .. } = &manifest else { unreachable!() };
        read.merge(*input);
        maps.push((attempt, worker, manifest));
    }
    // The one with two of the three outputs dies and comes back with them.
    first.kill();
    let first = cluster.boot(WORKERS[0]);
    assert_eq!(cluster.registered(WORKERS[0]), [AttemptId(100), AttemptId(102)]);
    let (mut parts, mut written) = (Vec::new(), Tally::default());
    for partition in 0..2 {
        let attempt = 200 + u64::from(partition);
        cluster.desk.launch(WORKERS[partition as usize], attempt, reduce(partition, &maps));
        let part = cluster.committed(attempt);
        let Manifest::Reduce { output, .. } = &part else { unreachable!() };
        written.merge(*output);
        parts.push(part);
    }
    assert_eq!(counts(&parts), reference_of_text(text.as_bytes()));
    assert_eq!(written, read);
    // An output that nobody needs any more leaves the disk; the heartbeat tells when.
    cluster.desk.heard(WORKERS[0], &[], &[100]);
    cluster.hear(|from, word| match word {
        FromWorker::Heartbeat { outputs, .. } if from == WORKERS[0] && outputs == [AttemptId(102)] => {
            Some(())
        }
        _ => None,
    });
    [first, second].into_iter().for_each(RealNode::kill);
}

#[test]
fn a_worker_whose_disk_fails_does_not_go_on() {
    let root = tempfile::tempdir().unwrap();
    let cluster = Cluster::start(root.path());
    let (tell, ended) = std::sync::mpsc::channel();
    let worker = cluster.boot_watched(WORKERS[0], tell);
    assert_eq!(cluster.registered(WORKERS[0]), []);
    std::fs::remove_dir_all(root.path().join(WORKERS[0]).join("wrk")).unwrap();
    let source = Source::Generated { seed: 1, records: 10 };
    cluster.desk.launch(WORKERS[0], 100, map(&source, (0, 1), 1));
    let error = ended.recv_timeout(Duration::from_secs(60)).unwrap();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    worker.kill();
    let said = |(_, word): (String, FromWorker)| {
        matches!(word, FromWorker::Commit { .. } | FromWorker::Failed { .. })
    };
    assert!(!cluster.heard.try_iter().any(said));
}
