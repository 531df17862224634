//! What every contender runs, and how its time is taken: the one definition of the workloads.
//!
//! - echo: pairs of a server and a client; 64-byte frames to and fro over one stream, 1–5 ms latency.
//! - idle: the same, one exchange a second.
//! - gossip: each node sends three 100-byte datagrams to drawn peers every 100 ms, 1–5 ms latency.
//!
//! A contender is a program of its own, `contender WORKLOAD NODES SIMULATED_MS`: it builds its
//! simulation, runs it, and prints one line. So no contender meets another's features, statics or
//! heap. It does not decide how long to run: `main.rs` does.

use std::fmt;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Bytes of a frame.
pub const FRAME: usize = 64;
/// Bytes of a datagram.
pub const DATAGRAM: usize = 100;
/// Datagrams that a node sends at a time.
pub const FAN_OUT: u64 = 3;
/// Time between them.
pub const GOSSIP_EVERY: Duration = Duration::from_millis(100);
/// Time between the exchanges of `idle`.
pub const IDLE_EVERY: Duration = Duration::from_secs(1);
/// Least latency of a packet.
pub const LATENCY_MIN: Duration = Duration::from_millis(1);
/// Greatest latency of a packet.
pub const LATENCY_MAX: Duration = Duration::from_millis(5);
/// Where servers and gossips listen.
pub const PORT: u16 = 7000;

/// What is run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Workload {
    /// Frames to and fro, as fast as the latency allows.
    Echo,
    /// One exchange a second.
    Idle,
    /// Datagrams to drawn peers.
    Gossip,
}

impl Workload {
    /// The pause after an exchange of echo or idle.
    pub const fn pause(self) -> Option<Duration> {
        match self {
            Self::Idle => Some(IDLE_EVERY),
            Self::Echo | Self::Gossip => None,
        }
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Echo => "echo",
            Self::Idle => "idle",
            Self::Gossip => "gossip",
        })
    }
}

impl FromStr for Workload {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let all = [Self::Echo, Self::Idle, Self::Gossip];
        all.into_iter().find(|one| one.to_string() == text).ok_or_else(|| format!("no workload `{text}`"))
    }
}

/// One run: a workload, its nodes, and how much virtual time it lasts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Job {
    /// What.
    pub workload: Workload,
    /// Nodes in all; of echo and idle half are servers.
    pub nodes: u32,
    /// Virtual time.
    pub simulated: Duration,
}

impl Job {
    /// Pairs of a server and a client.
    pub const fn pairs(&self) -> u32 {
        self.nodes / 2
    }
}

/// What came of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Done {
    /// Frames or datagrams that arrived.
    pub messages: u64,
    /// Events the simulator executed, if it counts them.
    pub events: Option<u64>,
}

/// A run, measured.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Measured {
    /// What came of it.
    pub done: Done,
    /// Processor time of the whole process, the simulation's set-up and end included.
    pub cpu: Duration,
    /// Wall time of the same.
    pub wall: Duration,
}

impl Measured {
    /// As the line a contender prints.
    pub fn line(&self) -> String {
        let events = self.done.events.unwrap_or_default();
        format!("{} {events} {} {}", self.done.messages, self.cpu.as_nanos(), self.wall.as_nanos())
    }

    /// Reads that line.
    pub fn parse(line: &str) -> Option<Self> {
        let words: Vec<u64> = line.split_whitespace().map(str::parse).collect::<Result<_, _>>().ok()?;
        let &[messages, events, cpu, wall] = words.as_slice() else { return None };
        let done = Done { messages, events: (events > 0).then_some(events) };
        Some(Self { done, cpu: Duration::from_nanos(cpu), wall: Duration::from_nanos(wall) })
    }
}

/// A clock of the machine, asked in a way that no simulator intercepts.
fn clock(id: ClockId) -> Duration {
    let time = clock_gettime(id);
    let seconds = u64::try_from(time.tv_sec).expect("these clocks start at zero");
    Duration::new(seconds, u32::try_from(time.tv_nsec).expect("below a second"))
}

/// The exit code of a contender that has no such workload.
pub const UNABLE: u8 = 3;

/// The main function of a contender; `run` gives nothing for a workload that it cannot run.
pub fn contend(run: impl FnOnce(Job) -> Option<Done>) -> ExitCode {
    let Some(job) = job() else {
        eprintln!("usage: <echo|idle|gossip> NODES SIMULATED_MS");
        return ExitCode::from(2);
    };
    let (cpu, wall) = (clock(ClockId::ProcessCPUTime), clock(ClockId::Monotonic));
    let Some(done) = run(job) else { return ExitCode::from(UNABLE) };
    let cpu = clock(ClockId::ProcessCPUTime) - cpu;
    println!("{}", Measured { done, cpu, wall: clock(ClockId::Monotonic) - wall }.line());
    ExitCode::SUCCESS
}

fn job() -> Option<Job> {
    let mut args = std::env::args().skip(1);
    let workload = args.next()?.parse().ok()?;
    let nodes = args.next()?.parse().ok()?;
    let simulated = Duration::from_millis(args.next()?.parse().ok()?);
    args.next().is_none().then_some(Job { workload, nodes, simulated })
}

/// Peers drawn by a generator of the contest's own (SplitMix64, Steele et al., OOPSLA 2014): the same
/// for every contender, and none is charged for its own.
#[derive(Clone, Copy, Debug)]
pub struct Peers {
    state: u64,
    own: u32,
    nodes: u32,
}

impl Peers {
    /// Those of node `own` among `nodes`.
    pub fn of(own: u32, nodes: u32) -> Self {
        assert!(nodes > 1, "gossip needs somebody to talk to");
        Self { state: u64::from(own) << 32, own, nodes }
    }

    /// The next peer's index.
    pub fn next_peer(&mut self) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = (self.state ^ self.state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        let other = ((word ^ word >> 31) % u64::from(self.nodes - 1)) as u32;
        (if other < self.own { other } else { other + 1 }) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_comes_back() {
        let done = Done { messages: 7, events: Some(9) };
        let measured = Measured { done, cpu: Duration::from_nanos(3), wall: Duration::from_secs(2) };
        assert_eq!(Measured::parse(&measured.line()), Some(measured));
        assert_eq!(Measured::parse("1 2 3"), None);
    }

    #[test]
    fn a_node_draws_every_peer_but_itself() {
        let mut peers = Peers::of(2, 5);
        let mut seen = [0_u32; 5];
        (0..1_000).for_each(|_| seen[peers.next_peer()] += 1);
        assert_eq!(seen[2], 0);
        assert!([0, 1, 3, 4].iter().all(|&other| seen[other] > 150), "{seen:?}");
    }
}
