//! The group on the simulated ground, disk included: members are killed and lose power while a
//! client writes; what was acknowledged is there, once, in order.

use std::sync::mpsc;

use batch_cluster::Error;
use batch_cluster::codec::hash;
use batch_cluster::raft::{Client, ClientConfig, Member, MemberConfig, StateMachine};
use squall_history::vocab::raft;
use squall_history::{
    Body, DiskProfile, NetworkProfile, NodeEvent, NodeName, Record, Seed, SimDuration, SimTime, Topology,
};
use squall_sim::{Journaling, Ran, Sim, SimConfig, SimLimits};

const MEMBERS: [&str; 3] = ["controller-1", "controller-2", "controller-3"];
const CLIENT: &str = "client-1";
const MS: u64 = 1_000_000;

/// A list of words.
#[derive(Default)]
struct Words(String);

impl StateMachine for Words {
    fn apply(&mut self, _: u64, _: u64, command: &[u8]) -> Vec<u8> {
        self.0 += &String::from_utf8_lossy(command);
        Vec::new()
    }

    fn query(&self, _: &[u8]) -> Vec<u8> {
        self.0.clone().into_bytes()
    }

    fn snapshot(&self) -> Vec<u8> {
        self.0.clone().into_bytes()
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), Error> {
        self.0 = String::from_utf8_lossy(state).into_owned();
        Ok(())
    }

    fn digest(&self) -> u64 {
        hash(&[self.0.as_bytes()])
    }
}

async fn member(name: &'static str) -> Result<(), String> {
    let config = MemberConfig { snapshot_every: 20, ..MemberConfig::new(name, &MEMBERS.map(String::from)) };
    let run = async { Member::open(config, Words::default()).await?.run().await };
    run.await.map_err(|error| error.to_string())
}

/// Appends words for ever; after each, tells the whole list.
async fn client(lists: mpsc::Sender<(String, String)>) -> Result<(), String> {
    let mut client = Client::new(ClientConfig::new(CLIENT, &MEMBERS.map(String::from)));
    for count in 0.. {
        let word = format!("{count},");
        let told = |error: Error| error.to_string();
        client.command(word.clone().into_bytes()).await.map_err(told)?;
        let list = client.query(Vec::new()).await.map_err(told)?;
        lists.send((word, String::from_utf8_lossy(&list).into_owned())).ok();
    }
    Ok(())
}

struct Stage {
    sim: Sim,
    records: Vec<Record>,
}

impl Stage {
    fn new(seed: u64) -> Self {
        let latency = SimDuration::from_millis(2);
        let sim = Sim::new(&SimConfig {
            seed: Seed(seed),
            topology: &Topology::of_roles(&[("controller", 3), ("client", 1)]),
            network: NetworkProfile { latency, ..NetworkProfile::PERFECT },
            disk: DiskProfile::default(),
            limits: SimLimits::default(),
            journaling: Journaling::Off,
        });
        Self { sim, records: Vec::new() }
    }

    fn start(&mut self, place: usize) {
        self.sim.start(&MEMBERS[place].into(), Box::pin(member(MEMBERS[place])));
    }

    fn run_to(&mut self, ms: u64) {
        while match self.sim.run_until(SimTime(ms * MS)) {
            Ran::Reached => false,
            Ran::Recorded => true,
            other => panic!("{other:?}"),
        } {
            self.records.extend(self.sim.take_records());
        }
        self.records.extend(self.sim.take_records());
    }

    /// Nobody panicked, nobody refused to start.
    fn check(&self) {
        let failed = |record: &&Record| {
            matches!(record.body, Body::Node(NodeEvent::Panicked { .. } | NodeEvent::Exited { .. }))
        };
        assert_eq!(self.records.iter().find(failed), None);
    }

    fn count(&self, of: impl Fn(&raft::Event) -> bool) -> usize {
        self.records.iter().filter(|record| matches!(&record.body, Body::Raft(event) if of(event))).count()
    }
}

/// One fault after the other, by turns a kill, a loss of power and a loss of all power; then calm.
fn run(seed: u64) -> Stage {
    let mut stage = Stage::new(seed);
    (0..3).for_each(|place| stage.start(place));
    let (tell, lists) = mpsc::channel();
    stage.sim.start(&CLIENT.into(), Box::pin(client(tell)));
    for round in 0..12 {
        stage.run_to(1_500 + 1_000 * round + seed % 7 * 13);
        let struck: Vec<usize> =
            if round % 4 == 3 { vec![0, 1, 2] } else { vec![(seed + round) as usize % 3] };
        for place in &struck {
            let name = NodeName::from(MEMBERS[*place]);
            if round % 2 == 0 {
                stage.sim.kill(&name);
            } else {
                stage.sim.power_loss(&name);
            }
        }
        stage.run_to(1_700 + 1_000 * round + seed % 7 * 13);
        struck.into_iter().for_each(|place| stage.start(place));
    }
    stage.run_to(18_000);
    stage.check();
    let mut expected = String::new();
    for (word, list) in lists.try_iter() {
        expected += &word;
        assert_eq!(list, expected, "seed {seed}");
    }
    let words = expected.matches(',').count();
    assert!(words > 200, "seed {seed}: {words} words");
    stage
}

#[test]
fn what_was_acknowledged_is_there_once_and_in_order() {
    let (mut leaders, mut snapshots, mut recovered) = (0, 0, 0);
    for seed in 0..10 {
        let stage = run(seed);
        leaders += stage.count(|event| matches!(event, raft::Event::BecameLeader { .. }));
        snapshots += stage.count(|event| matches!(event, raft::Event::SnapshotTaken(_)));
        recovered += stage.count(|event| matches!(event, raft::Event::Recovered { index: 1.., .. }));
    }
    assert!(leaders > 30 && snapshots > 100 && recovered > 100, "{leaders} {snapshots} {recovered}");
}

#[test]
fn what_members_tell_survives_a_file() {
    let stage = run(5);
    for record in &stage.records {
        let line = serde_json::to_string(record).unwrap();
        assert_eq!(serde_json::from_str::<Record>(&line).unwrap(), *record, "{line}");
    }
}

#[test]
fn a_seed_repeats() {
    let mut digests = (0..2).map(|_| run(3).sim.digest());
    assert_eq!(digests.next(), digests.next());
}
