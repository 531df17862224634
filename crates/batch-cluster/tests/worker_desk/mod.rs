//! A controller that does what a test tells it: grants every lease, settles every commit, hands out
//! the attempts that the test orders. It decides nothing, so a test sees the worker alone.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, mpsc};
use std::time::Duration;

use batch_cluster::codec::{frame, read_frame};
use batch_cluster::job::{AttemptId, Epoch, JobId, Manifest, Source, Stage, TaskId};
use batch_cluster::protocol::{FromWorker, Input, Settlement, ToWorker, Work};
use squall_io::net::{OwnedReadHalf, OwnedWriteHalf, TcpListener, TcpStream};
use squall_io::{select, task, time};
use tokio::io::AsyncWriteExt;

/// The one that speaks for the group, and one that only knows who does.
pub(crate) const CONTROLLERS: [&str; 2] = ["controller-1", "controller-2"];
pub(crate) const LEADER: usize = 1;
const TERM: u64 = 1;

/// Where a test and the controller meet.
#[derive(Clone)]
pub(crate) struct Desk(Arc<Mutex<Inner>>);

struct Inner {
    lease: Duration,
    epochs: u64,
    /// Each worker's lease, and the number of its newest line.
    workers: BTreeMap<String, (Option<Epoch>, u64)>,
    lines: u64,
    said: VecDeque<(String, ToWorker)>,
    heard: mpsc::Sender<(String, FromWorker)>,
}

impl Desk {
    /// A desk that grants leases so long, and what the controller hears at it: who says what.
    pub(crate) fn new(lease: Duration) -> (Self, mpsc::Receiver<(String, FromWorker)>) {
        let (heard, all) = mpsc::channel();
        let (workers, said) = (BTreeMap::new(), VecDeque::new());
        let inner = Inner { lease, epochs: 0, workers, lines: 0, said, heard };
        (Self(Arc::new(Mutex::new(inner))), all)
    }

    /// Has a worker begin an attempt, under its present lease.
    pub(crate) fn launch(&self, worker: &str, attempt: u64, work: Work) {
        let epoch = self.lock().workers[worker].0.expect("it has registered");
        self.say(worker, ToWorker::Launch { term: TERM, attempt: AttemptId(attempt), epoch, work });
    }

    /// Has a worker stop some attempts and forget the outputs of others.
    pub(crate) fn heard(&self, worker: &str, stop: &[u64], forget: &[u64]) {
        let epoch = self.lock().workers[worker].0.expect("it has registered");
        let [stop, forget] = [stop, forget].map(|ids| ids.iter().copied().map(AttemptId).collect());
        self.say(worker, ToWorker::Heard { term: TERM, epoch, seq: 0, stop, forget });
    }

    fn say(&self, worker: &str, message: ToWorker) {
        self.lock().said.push_back((worker.to_owned(), message));
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("nobody panics at the desk")
    }

    /// The software of the controller that leads.
    pub(crate) async fn lead(self, port: u16) -> io::Result<()> {
        let listener = TcpListener::bind(("0.0.0.0", port)).await?;
        loop {
            let (stream, _) = listener.accept().await?;
            let desk = self.clone();
            task::spawn(async move { desk.serve(stream).await });
        }
    }

    async fn serve(self, stream: TcpStream) -> io::Result<()> {
        let (mut read, write) = stream.into_split();
        let first: FromWorker = read_frame(&mut read).await?;
        let (FromWorker::Register { node, .. } | FromWorker::Heartbeat { node, .. }) = &first else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        let node = node.clone();
        let number = {
            let mut inner = self.lock();
            inner.lines += 1;
            let number = inner.lines;
            inner.workers.entry(node.clone()).or_default().1 = number;
            inner.said.retain(|(worker, _)| *worker != node);
            number
        };
        self.answer(&node, first);
        select! {
            ended = self.listen(read, &node) => ended,
            ended = self.speak(write, &node, number) => ended,
        }
    }

    async fn listen(&self, mut read: OwnedReadHalf, node: &str) -> io::Result<()> {
        loop {
            let word = read_frame(&mut read).await?;
            self.answer(node, word);
        }
    }

    async fn speak(&self, mut write: OwnedWriteHalf, node: &str, number: u64) -> io::Result<()> {
        while self.lock().workers[node].1 == number {
            let (of_node, others) = self.lock().said.drain(..).partition(|(worker, _)| worker == node);
            self.lock().said = others;
            let of_node: VecDeque<(String, ToWorker)> = of_node;
            for (_, message) in of_node {
                write.write_all(&frame(&message)).await?;
            }
            time::sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    }

    fn answer(&self, node: &str, word: FromWorker) {
        let term = TERM;
        let told = (node.to_owned(), word.clone());
        self.say(
            node,
            match word {
                FromWorker::Register { incarnation, .. } => {
                    let mut inner = self.lock();
                    inner.epochs += 1;
                    let epoch = Epoch(inner.epochs);
                    inner.workers.entry(node.to_owned()).or_default().0 = Some(epoch);
                    ToWorker::Registered { term, incarnation, epoch, lease: inner.lease }
                }
                FromWorker::Heartbeat { epoch, seq, .. } => {
                    ToWorker::Heard { term, epoch, seq, stop: Vec::new(), forget: Vec::new() }
                }
                FromWorker::Commit { attempt, .. } => {
                    ToWorker::Settled { term, attempt, ruling: Settlement::Committed }
                }
                FromWorker::Failed { attempt, .. } => {
                    ToWorker::Settled { term, attempt, ruling: Settlement::Refused }
                }
            },
        );
        // Last: who hears of a registration may launch at once, under the lease that it gave. Nobody may
        // be listening any more.
        self.lock().heard.send(told).ok();
    }
}

/// The software of the controller that does not lead.
pub(crate) async fn follow(port: u16) -> io::Result<()> {
    let listener = TcpListener::bind(("0.0.0.0", port)).await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        task::spawn(async move {
            read_frame::<FromWorker>(&mut stream).await?;
            stream.write_all(&frame(&ToWorker::NotLeader { leader: Some(LEADER) })).await
        });
    }
}

/// The map of split `number`.
pub(crate) fn map(source: &Source, (number, splits): (u32, u32), partitions: u32) -> Work {
    let task = TaskId { job: JobId(1), stage: Stage::Map, number };
    Work::Map { task, source: source.clone(), splits, partitions }
}

/// The reduce of a partition of maps: each an attempt, the worker that did it and what it made.
pub(crate) fn reduce(partition: u32, maps: &[(u64, &str, Manifest)]) -> Work {
    let task = TaskId { job: JobId(1), stage: Stage::Reduce, number: partition };
    let inputs = maps.iter().enumerate().map(|(map, (attempt, node, manifest))| {
        let Manifest::Map { segments, .. } = manifest else { panic!("not a map's: {manifest:?}") };
        let segment = segments[partition as usize];
        Input { map: map as u32, attempt: AttemptId(*attempt), node: (*node).to_owned(), segment }
    });
    Work::Reduce { task, inputs: inputs.collect() }
}

/// The counts in the parts of a result.
pub(crate) fn counts(parts: &[Manifest]) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for part in parts {
        let Manifest::Reduce { part, .. } = part else { panic!("not a reduce's: {part:?}") };
        for line in std::str::from_utf8(part).expect("a part is text").lines() {
            let (word, count) = line.split_once(' ').expect("two columns");
            let count = count.parse().expect("a number");
            assert_eq!(counts.insert(word.to_owned(), count), None, "a word is in one part only");
        }
    }
    counts
}
