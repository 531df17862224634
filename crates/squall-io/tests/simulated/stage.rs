//! The stage of the tests: nodes that run async closures, a clock to drive, and what they said.

use std::fmt::Display;
use std::io;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use squall_history::vocab::Custom;
use squall_history::{
    Body, ClockChange, ClockProfile, DiskProfile, DiskTrouble, Identity, LatencyShape, NetworkProfile,
    NodeEvent, NodeName, Record, Seed, SimDuration, SimTime, Topology,
};
use squall_io::net::TcpStream;
use squall_sim::{
    Checkpoint, DiskRuleId, Ended, Journaling, NodeRule, NodeRuleId, Ran, Rule, RuleId, Sim, SimConfig,
    SimLimits,
};

/// What a stage is made from; every part has a default.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) topology: Topology,
    pub(crate) seed: u64,
    pub(crate) network: NetworkProfile,
    pub(crate) disk: DiskProfile,
    pub(crate) clock: ClockProfile,
    pub(crate) limits: SimLimits,
    pub(crate) journaling: Journaling,
}

/// So many nodes of each role, seed 1, links of exactly one millisecond.
pub(crate) fn nodes(roles: &[(&str, u32)]) -> Setup {
    Setup {
        topology: Topology::of_roles(roles),
        seed: 1,
        network: steady(1),
        disk: DiskProfile::default(),
        clock: ClockProfile::default(),
        limits: SimLimits::default(),
        journaling: Journaling::Off,
    }
}

/// Links of exactly so many milliseconds.
pub(crate) fn steady(latency_ms: u64) -> NetworkProfile {
    NetworkProfile { latency: SimDuration::from_millis(latency_ms), ..NetworkProfile::PERFECT }
}

/// Packets take so much longer, and a drawn time up to so much on top, all alike likely.
pub(crate) const fn later(latency_ms: u64, jitter_ms: u64) -> Rule {
    Rule::Latency {
        latency: SimDuration::from_millis(latency_ms),
        jitter: SimDuration::from_millis(jitter_ms),
        shape: LatencyShape::Uniform,
    }
}

impl Setup {
    pub(crate) fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    pub(crate) fn network(self, network: NetworkProfile) -> Self {
        Self { network, ..self }
    }

    /// Files that hold at most so many bytes together.
    pub(crate) fn capacity(self, bytes: u64) -> Self {
        Self { disk: DiskProfile { capacity: Some(bytes), ..self.disk }, ..self }
    }

    pub(crate) fn begin(self) -> Stage {
        let mut sim = Sim::new(&SimConfig {
            seed: Seed(self.seed),
            topology: &self.topology,
            network: self.network,
            disk: self.disk,
            limits: self.limits,
            journaling: self.journaling,
        });
        sim.set_clocks(&self.clock);
        Stage { sim, records: Vec::new(), failures: Failures::Fatal }
    }
}

/// What becomes of a node's panic or error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Failures {
    /// It fails the test.
    Fatal,
    /// It is a record like any other.
    Recorded,
}

/// A simulation with what its nodes have recorded so far.
#[derive(Debug)]
pub(crate) struct Stage {
    sim: Sim,
    pub(crate) records: Vec<Record>,
    failures: Failures,
}

impl Deref for Stage {
    type Target = Sim;
    fn deref(&self) -> &Sim {
        &self.sim
    }
}

impl DerefMut for Stage {
    fn deref_mut(&mut self) -> &mut Sim {
        &mut self.sim
    }
}

impl Stage {
    /// From now on a node may panic or return an error.
    pub(crate) fn tolerant(mut self) -> Self {
        self.failures = Failures::Recorded;
        self
    }

    /// Starts a node with this software.
    pub(crate) fn start(
        &mut self,
        node: &str,
        software: impl Future<Output = io::Result<()>> + Send + 'static,
    ) {
        let software = Box::pin(async move { software.await.map_err(|error| error.to_string()) });
        self.sim.start(&node.into(), software);
    }

    /// Runs to a time, in milliseconds, and says how that ended.
    pub(crate) fn run_to(&mut self, ms: u64) -> Ran {
        self.run_to_us(ms * 1_000)
    }

    /// Runs to a time, in microseconds, and says how that ended.
    pub(crate) fn run_to_us(&mut self, us: u64) -> Ran {
        loop {
            let ran = self.sim.run_until(SimTime(us * 1_000));
            let new = self.sim.take_records();
            for record in &new {
                let failed = matches!(
                    record.body,
                    Body::Node(NodeEvent::Panicked { .. } | NodeEvent::Exited { error: Some(_) })
                );
                assert!(!failed || self.failures == Failures::Recorded, "{record:?}");
            }
            self.records.extend(new);
            if ran != Ran::Recorded {
                return ran;
            }
        }
    }

    /// Runs to a time, which must be reached.
    pub(crate) fn run(&mut self, ms: u64) {
        assert_eq!(self.run_to(ms), Ran::Reached);
    }

    /// Kills a node and gives the effects.
    pub(crate) fn killed(&mut self, node: &str) -> squall_sim::Effects {
        self.sim.kill(&node.into())
    }

    /// Lays a rule on directed links.
    pub(crate) fn rule(&mut self, name: &str, rule: Rule, links: &[(&str, &str)]) -> RuleId {
        let links: Vec<(NodeName, NodeName)> =
            links.iter().map(|&(from, to)| (from.into(), to.into())).collect();
        self.sim.add_rule(Identity::of(name), rule, &links)
    }

    /// Lays a fault on a node's disk: on what `path` covers, or on all.
    pub(crate) fn disk_rule(
        &mut self,
        name: &str,
        trouble: &DiskTrouble,
        path: Option<&str>,
        node: &str,
    ) -> DiskRuleId {
        self.sim.add_disk_rule(Identity::of(name), trouble, path, &[node.into()])
    }

    /// Makes a node's clocks wrong.
    pub(crate) fn clock(&mut self, node: &str, change: ClockChange) -> NodeRuleId {
        self.sim.add_node_rule(NodeRule::Clock(change), &[node.into()])
    }

    /// What the nodes said: node, milliseconds, words.
    pub(crate) fn notes(&self) -> Vec<(String, u64, String)> {
        let notes = self.records.iter().filter_map(|record| match (&record.body, &record.node) {
            (Body::Custom(word), Some(node)) => {
                Some((node.to_string(), record.at.0 / 1_000_000, word.name.to_string()))
            }
            _ => None,
        });
        notes.collect()
    }

    /// What one node said.
    pub(crate) fn said(&self, node: &str) -> Vec<String> {
        self.notes().into_iter().filter(|(who, ..)| who == node).map(|(.., words)| words).collect()
    }

    /// The events of a node's life.
    pub(crate) fn life(&self, node: &str) -> Vec<NodeEvent> {
        let of_node = self.records.iter().filter(|record| record.node == Some(node.into()));
        let life = of_node.filter_map(|record| match &record.body {
            Body::Node(event) => Some(event.clone()),
            _ => None,
        });
        life.collect()
    }

    /// Ends it.
    pub(crate) fn end(self) -> Ended {
        self.sim.end()
    }
}

/// The checkpoints before a time, in milliseconds.
pub(crate) fn before(checkpoints: &[Checkpoint], ms: u64) -> Vec<Checkpoint> {
    checkpoints.iter().copied().take_while(|checkpoint| checkpoint.at.0 < ms * 1_000_000).collect()
}

/// Records some words of the calling node.
pub(crate) fn say(words: impl Display) {
    squall_io::observe(Custom::new("test", &words.to_string()));
}

/// How an operation ended, in a word.
pub(crate) fn outcome<T>(result: &io::Result<T>) -> String {
    match result {
        Ok(_) => "ok".to_owned(),
        Err(error) => format!("{:?}", error.kind()),
    }
}

pub(crate) const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Waits so long.
pub(crate) async fn pass(span_ms: u64) {
    squall_io::time::sleep(ms(span_ms)).await;
}

/// Never ends.
pub(crate) async fn forever() -> io::Result<()> {
    std::future::pending().await
}

/// Connects to a port of a node, giving up after a time.
pub(crate) async fn connect(node: &str, port: u16, patience_ms: u64) -> io::Result<TcpStream> {
    squall_io::time::timeout(ms(patience_ms), TcpStream::connect((node, port))).await?
}

/// `count` bytes that tell their own place.
pub(crate) fn pattern(from: usize, count: usize) -> Vec<u8> {
    (from..from + count).map(|place| (place as u32).wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect()
}
