//! A controller: a member of the group with the overseer beside it, and the line to the workers.
//!
//! One task owns the overseer and never waits for anything but the next event: workers' connections
//! and the one proposal under way have tasks of their own. It decides nothing.

mod line;
mod proposer;

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use squall_io::net::TcpListener;
use squall_io::task::JoinSet;
use squall_io::{select, time};
use squall_wire::Alarm;
use tokio::sync::mpsc;

use crate::Bugs;
use crate::overseer::{Event, LineId, Output, Overseer, Settings};
use crate::protocol::WORKER_PORT;
use crate::raft::core::Moment;
use crate::raft::{Handle, Member, MemberConfig};
use crate::state::Cluster;

use line::Line;
use proposer::Proposer;

/// Events that may wait for the overseer; connections stand still beyond it.
const EVENT_LIMIT: usize = 1_024;

/// What a controller has to know.
#[derive(Clone, Debug)]
pub struct ControllerConfig {
    /// Its membership in the group; the planted bugs that are on are these.
    pub member: MemberConfig,
    /// The port on which it listens for workers.
    pub worker_port: u16,
    /// How long a worker's lease lasts.
    pub lease: Duration,
    /// How far clocks may run apart, in parts per million.
    pub drift_ppm: u32,
    /// How long after a lease its worker is taken for dead.
    pub margin: Duration,
    /// How long an attempt may make no progress.
    pub no_progress: Duration,
    /// How often the leader looks after what no event tells it of.
    pub tick: Duration,
}

impl ControllerConfig {
    /// A controller with the defaults: leases of 2 s (ten heartbeats), clocks within 2 %, dead
    /// 200 ms after that, 5 s without progress, a look every 100 ms.
    pub fn new(name: &str, controllers: &[String]) -> Self {
        Self {
            member: MemberConfig::new(name, controllers),
            worker_port: WORKER_PORT,
            lease: Duration::from_secs(2),
            drift_ppm: 20_000,
            margin: Duration::from_millis(200),
            no_progress: Duration::from_secs(5),
            tick: Duration::from_millis(100),
        }
    }

    /// The same, slower by a factor: for machines and networks that stall now and then.
    #[must_use]
    pub fn slower(mut self, factor: u32) -> Self {
        self.member = self.member.slower(factor);
        for span in [&mut self.lease, &mut self.margin, &mut self.no_progress] {
            *span *= factor;
        }
        self
    }

    /// With these planted bugs.
    #[must_use]
    pub fn with_bugs(mut self, bugs: Bugs) -> Self {
        self.member.bugs = bugs;
        self
    }

    fn settings(&self) -> Settings {
        Settings {
            name: self.member.name.clone(),
            lease: self.lease,
            drift_ppm: self.drift_ppm,
            margin: self.margin,
            no_progress: self.no_progress,
            tick: self.tick,
            bugs: self.member.bugs.clone(),
        }
    }
}

/// What the other tasks tell the one that owns the overseer.
enum News {
    /// A worker's connection opened.
    Opened(LineId, Line),
    /// Something for the overseer.
    Event(Event),
}

/// Runs a controller, for ever.
///
/// # Errors
/// If the configuration cannot work, a port is taken, or the member ends: see [`Member::run`].
pub async fn run(config: ControllerConfig) -> io::Result<()> {
    let cluster = Cluster::new(config.member.bugs.clone());
    let member = Member::open(config.member.clone(), cluster.clone()).await?;
    let handle = member.handle();
    let listener = TcpListener::bind(("0.0.0.0", config.worker_port)).await?;
    let (news, inbox) = mpsc::channel(EVENT_LIMIT);
    // Aborted when this returns.
    let mut tasks = JoinSet::new();
    tasks.spawn(line::listen(listener, config.lease * 5, news.clone()));
    let proposer = Proposer::new(&config.member.name, handle.clone(), news);
    let desk = Desk { overseer: Overseer::new(config.settings()), cluster, lines: BTreeMap::new(), proposer };
    select! {
        ended = member.run() => ended,
        ended = desk.run(handle, inbox) => ended,
    }
}

/// The overseer with what it decides about.
struct Desk {
    overseer: Overseer,
    cluster: Cluster,
    lines: BTreeMap<LineId, Line>,
    proposer: Proposer,
}

impl Desk {
    async fn run(mut self, mut handle: Handle, mut inbox: mpsc::Receiver<News>) -> io::Result<()> {
        let mut alarm = Alarm::new();
        loop {
            let wait = self.overseer.wake_at().since(now());
            let event = select! {
                news = inbox.recv() => match news.expect("the listener holds a sender") {
                    News::Opened(id, line) => {
                        self.lines.insert(id, line);
                        continue;
                    }
                    News::Event(event) => event,
                },
                status = handle.changed() => Event::Status(status?),
                () = alarm.until(time::now() + wait) => Event::Tick,
            };
            if let Event::Closed { line } = &event {
                self.lines.remove(line);
            }
            self.step(event);
            // Not even a flood of messages keeps the clock from being looked at.
            if self.overseer.wake_at() <= now() {
                self.step(Event::Tick);
            }
        }
    }

    fn step(&mut self, event: Event) {
        let overseer = &mut self.overseer;
        let outputs = self.cluster.read(|state| overseer.step(now(), state, event));
        for output in outputs {
            match output {
                Output::Propose(decisions) => self.proposer.propose(decisions),
                Output::Say { line, what } => {
                    // A line that is gone, or whose worker takes nothing, is closed: the worker
                    // says all of it again on its next one.
                    if self.lines.get(&line).is_some_and(|open| !open.say(what)) {
                        self.lines.remove(&line);
                    }
                }
                Output::Close { line } => _ = self.lines.remove(&line),
            }
        }
    }
}

fn now() -> Moment {
    Moment(time::now().as_nanos())
}
