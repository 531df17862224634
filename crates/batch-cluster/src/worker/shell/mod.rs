//! A worker on real or simulated ground: the core with a line, files, tasks and time.
//!
//! One task owns the core and never waits for anything but the next event: the line, the attempts,
//! the removal of files and those who fetch have tasks of their own. It decides nothing.

mod attempt;
mod fetch;
mod line;
mod serve;
mod store;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use squall_io::net::TcpListener;
use squall_io::task::JoinHandle;
use squall_io::{observe, rand, select, task, time};
use squall_wire::Alarm;
use tokio::sync::mpsc;

use crate::job::{AttemptId, Incarnation, Manifest};
use crate::protocol::{FromWorker, ToWorker};
use crate::raft::core::Moment;
use crate::state::Failure;

use super::WorkerConfig;
use super::core::{Event, Output, Worker};

use attempt::Attempt;
use line::{Line, Word};
use store::Store;

/// News that may wait for the core; who brings more stands still.
const NEWS_LIMIT: usize = 1_024;
/// The pause before a line is tried; it doubles up to [`MAX_PAUSE`] until a leader speaks, and a
/// random part of it is waited, at least half.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
/// Short against a lease: a new leader is found while the lease still holds.
const MAX_PAUSE: Duration = Duration::from_millis(400);
/// Waited when there is nothing to wait for.
const LONG: Duration = Duration::from_secs(3_600);

/// What the other tasks tell the one that owns the core.
enum News {
    Line { number: line::Number, word: Word },
    Worked { attempt: AttemptId, count: u64 },
    Finished { attempt: AttemptId, result: Result<Manifest, Failure> },
    DiskFailed(io::Error),
}

/// Runs a worker, for ever.
///
/// # Errors
/// If the configuration cannot work, the port is taken or the disk fails. A worker whose disk failed
/// must not go on: it no longer knows what is durable.
pub async fn run(config: WorkerConfig) -> io::Result<()> {
    let settings = config.settings(Incarnation(rand::bits()))?;
    let (store, kept) = Store::open(&config.directory).await?;
    let listener = TcpListener::bind(("0.0.0.0", config.shuffle_port)).await?;
    let (news, inbox) = mpsc::channel(NEWS_LIMIT);
    let server = task::spawn(serve::run(listener, store.clone(), config.chunk, news.clone()));
    let shell = Shell {
        core: Worker::new(settings, kept),
        controller: rand::below(config.controllers.len() as u64) as usize,
        config: Arc::new(config),
        store,
        news,
        inbox,
        lines: 0,
        line: None,
        pause: FIRST_PAUSE,
        attempts: BTreeMap::new(),
        server,
    };
    shell.run().await
}

struct Shell {
    core: Worker,
    config: Arc<WorkerConfig>,
    store: Store,
    /// Handed to every task.
    news: mpsc::Sender<News>,
    inbox: mpsc::Receiver<News>,
    /// The controller tried last, by place.
    controller: usize,
    /// Lines ever tried: the number of the present one.
    lines: line::Number,
    line: Option<(JoinHandle<()>, mpsc::UnboundedSender<FromWorker>)>,
    /// Before the next line is tried.
    pause: Duration,
    attempts: BTreeMap<AttemptId, JoinHandle<()>>,
    server: JoinHandle<()>,
}

impl Shell {
    async fn run(mut self) -> io::Result<()> {
        self.step(now(), Event::Disconnected);
        let mut alarm = Alarm::new();
        loop {
            let wait = self.core.wake_at().map_or(LONG, |at| at.since(now()));
            let news = select! {
                news = self.inbox.recv() => Some(news.expect("the shell holds a sender")),
                () = alarm.until(time::now() + wait) => None,
            };
            let event = match news {
                None => Event::Tick,
                Some(News::Line { number, .. }) if number != self.lines => continue,
                Some(News::Line { word: Word::Up, .. }) => Event::Connected,
                Some(News::Line { word: Word::Down, .. }) => Event::Disconnected,
                Some(News::Line { word: Word::Message(message), .. }) => {
                    if !matches!(message, ToWorker::NotLeader { .. }) {
                        self.pause = FIRST_PAUSE;
                    }
                    Event::Message(message)
                }
                Some(News::Worked { attempt, count }) => Event::Worked { attempt, count },
                Some(News::Finished { attempt, result }) => {
                    self.attempts.remove(&attempt);
                    Event::Finished { attempt, result }
                }
                Some(News::DiskFailed(error)) => return Err(error),
            };
            // Read after the event has come.
            self.step(now(), event);
        }
    }

    fn step(&mut self, now: Moment, event: Event) {
        for output in self.core.step(now, event) {
            match output {
                Output::Say(word) => {
                    if let Some((_, words)) = &self.line {
                        // It fails only if the line is down, and then its last word is on its way.
                        words.send(word).ok();
                    }
                }
                Output::Connect { leader } => self.connect(leader),
                Output::Begin { attempt, work, .. } => {
                    let (config, store, news) = (self.config.clone(), self.store.clone(), self.news.clone());
                    let running = Attempt { id: attempt, config, store, news };
                    self.attempts.insert(attempt, task::spawn(running.run(work)));
                }
                Output::Stop { attempt } | Output::Forget { attempt } => self.remove(attempt),
                Output::Observe(event) => observe(event),
            }
        }
    }

    fn connect(&mut self, leader: Option<usize>) {
        let controllers = &self.config.controllers;
        let next = (self.controller + 1) % controllers.len();
        self.controller = leader.filter(|leader| *leader < controllers.len()).unwrap_or(next);
        if let Some((line, _)) = self.line.take() {
            line.abort();
        }
        self.lines += 1;
        let (say, words) = mpsc::unbounded_channel();
        let line = Line {
            number: self.lines,
            to: (controllers[self.controller].clone(), self.config.worker_port),
            pause: rand::between(self.pause / 2, self.pause),
            words,
            news: self.news.clone(),
        };
        self.line = Some((task::spawn(line.run()), say));
        self.pause = (self.pause * 2).min(MAX_PAUSE);
    }

    /// Ends an attempt, if it still runs, and removes what it has written.
    fn remove(&mut self, attempt: AttemptId) {
        let running = self.attempts.remove(&attempt);
        let (store, news) = (self.store.clone(), self.news.clone());
        task::spawn(async move {
            if let Some(running) = running {
                running.abort();
                // Before it is gone it may still write.
                running.await.ok();
            }
            if let Err(error) = store.remove(attempt).await {
                news.send(News::DiskFailed(error)).await.ok();
            }
        });
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        self.server.abort();
        self.line.iter().for_each(|(line, _)| line.abort());
        self.attempts.values().for_each(JoinHandle::abort);
    }
}

fn now() -> Moment {
    Moment(time::now().as_nanos())
}
