//! The group on real sockets and real files: the leader dies and comes back, nothing is lost.

use std::path::Path;
use std::sync::mpsc;

use batch_cluster::Error;
use batch_cluster::codec::hash;
use batch_cluster::raft::service::{Reply, Request};
use batch_cluster::raft::{Client, ClientConfig, Member, MemberConfig, StateMachine};
use squall_io::real::{Hosts, RealNode, start};

const MEMBERS: [&str; 3] = ["controller-1", "controller-2", "controller-3"];
const CLIENT: &str = "client-1";

/// A list of words; the reply to a word is its place.
#[derive(Default)]
struct Words(String);

impl StateMachine for Words {
    fn apply(&mut self, _: u64, _: u64, command: &[u8]) -> Vec<u8> {
        self.0 += &String::from_utf8_lossy(command);
        self.0.matches(',').count().to_string().into_bytes()
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

enum Order {
    Append(String),
    Read,
}

/// Three members, and a node whose software does what it is told as a client.
struct Cluster<'a> {
    hosts: Hosts,
    port: u16,
    root: &'a Path,
    members: [Option<RealNode>; 3],
    /// Who leads, as each member saw it last.
    leaders: mpsc::Receiver<usize>,
    tell_leader: mpsc::Sender<usize>,
    _client: RealNode,
    orders: tokio::sync::mpsc::UnboundedSender<Order>,
    answers: mpsc::Receiver<String>,
}

impl<'a> Cluster<'a> {
    fn start(root: &'a Path) -> Self {
        let hosts = Hosts::on_loopback(MEMBERS.into_iter().chain([CLIENT]));
        let port = free_port();
        let (orders, mut todo) = tokio::sync::mpsc::unbounded_channel();
        let (done, answers) = mpsc::channel();
        let client = start(&hosts, CLIENT, &root.join(CLIENT), move || {
            Box::pin(async move {
                let config = ClientConfig { port, ..ClientConfig::new(CLIENT, &MEMBERS.map(String::from)) };
                let mut client = Client::new(config);
                while let Some(order) = todo.recv().await {
                    let answer = match order {
                        Order::Append(word) => client.command(word.into_bytes()).await,
                        Order::Read => client.query(Vec::new()).await,
                    };
                    let answer = answer.expect("a majority lives, so every request ends");
                    done.send(String::from_utf8(answer).expect("words are text")).ok();
                }
                Ok(())
            })
        });
        let (tell_leader, leaders) = mpsc::channel();
        let mut cluster = Self {
            hosts,
            port,
            root,
            members: [None, None, None],
            leaders,
            tell_leader,
            _client: client.expect("a node starts"),
            orders,
            answers,
        };
        (0..3).for_each(|place| cluster.boot(place));
        cluster
    }

    fn boot(&mut self, place: usize) {
        let name = MEMBERS[place];
        // A snapshot every few entries, so that who comes back needs one; slow enough for a machine
        // that does much else.
        let config = MemberConfig {
            port: self.port,
            snapshot_every: 8,
            ..MemberConfig::new(name, &MEMBERS.map(String::from)).slower(2)
        };
        let leads = self.tell_leader.clone();
        let node = start(&self.hosts, name, &self.root.join(name), move || {
            Box::pin(async move {
                let member = Member::open(config, Words::default()).await?;
                let mut handle = member.handle();
                squall_io::task::spawn(async move {
                    while let Ok(status) = handle.changed().await {
                        if status.leads {
                            leads.send(place).ok();
                        }
                    }
                });
                member.run().await
            })
        });
        self.members[place] = Some(node.expect("a node starts"));
    }

    fn kill(&mut self, place: usize) {
        self.members[place].take().expect("it runs").kill();
    }

    /// Who said last that it leads, among those that live.
    fn leader(&self) -> usize {
        let said = self.leaders.try_iter().filter(|place| self.members[*place].is_some()).last();
        said.expect("a leader served since it was last asked for")
    }

    fn execute(&self, order: Order) -> String {
        self.orders.send(order).expect("the client lives");
        self.answers.recv().expect("the client answers")
    }

    fn append(&self, expected: &mut String, word: &str) {
        *expected += word;
        let place = self.execute(Order::Append(word.to_owned()));
        assert_eq!(place, expected.matches(',').count().to_string());
        assert_eq!(self.execute(Order::Read), *expected);
    }
}

/// A port for one test: tests run side by side on the same loopback addresses.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.77.0.1:0").expect("loopback");
    listener.local_addr().expect("it is bound").port()
}

#[test]
fn nothing_is_lost_when_the_leader_dies_and_comes_back() {
    let root = tempfile::tempdir().unwrap();
    let mut cluster = Cluster::start(root.path());
    let mut expected = String::new();
    for round in 0..3 {
        for count in 0..6 {
            cluster.append(&mut expected, &format!("{round}.{count},"));
        }
        let leader = cluster.leader();
        cluster.kill(leader);
        // Enough for the others to let go of entries that the dead one lacks.
        for count in 0..12 {
            cluster.append(&mut expected, &format!("{round} without {leader} {count},"));
        }
        cluster.boot(leader);
        cluster.append(&mut expected, &format!("{round} with {leader},"));
    }
}

#[test]
fn everything_is_there_after_all_members_died() {
    let root = tempfile::tempdir().unwrap();
    let mut cluster = Cluster::start(root.path());
    let mut expected = String::new();
    for round in 0..2 {
        for count in 0..11 {
            cluster.append(&mut expected, &format!("{round}.{count},"));
        }
        (0..3).for_each(|place| cluster.kill(place));
        (0..3).for_each(|place| cluster.boot(place));
        assert_eq!(cluster.execute(Order::Read), expected);
    }
    // About eight snapshots were taken. A member may have died between making one and forgetting
    // the oldest.
    for count in 0..40 {
        cluster.append(&mut expected, &format!("more {count},"));
    }
    (0..3).for_each(|place| cluster.kill(place));
    let mut snapshots = Vec::new();
    for member in MEMBERS {
        let files = |part: &str, end: &str| {
            let names = std::fs::read_dir(root.path().join(member).join("ctl").join(part)).unwrap();
            let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            names.filter(|name| name.ends_with(end)).count()
        };
        snapshots.push(files("snap", ".snap"));
        assert!(files("snap", ".snap") <= 3, "two snapshots are kept");
        assert!(files("wal", ".wal") <= 5, "and no more of the log than they need");
    }
    assert!(snapshots.iter().filter(|count| **count >= 2).count() >= 2, "{snapshots:?}");
}

#[test]
fn a_member_is_asked_from_within_its_process() {
    let root = tempfile::tempdir().unwrap();
    let hosts = Hosts::on_loopback([MEMBERS[0]]);
    let port = free_port();
    let (done, answers) = mpsc::channel();
    let _node = start(&hosts, MEMBERS[0], root.path(), move || {
        Box::pin(async move {
            let config = MemberConfig { port, ..MemberConfig::new(MEMBERS[0], &[MEMBERS[0].to_owned()]) };
            let member = Member::open(config, Words::default()).await?;
            let mut handle = member.handle();
            squall_io::task::spawn(async move {
                while !handle.changed().await?.leads {}
                let command = batch_cluster::raft::message::Command {
                    client: "scheduler".into(),
                    seq: 1,
                    command: b"a,".to_vec(),
                };
                let twice = [Request::Command(command.clone()), Request::Command(command)];
                let reads = [Request::Query { question: Vec::new() }, Request::Peek { question: Vec::new() }];
                for request in twice.into_iter().chain(reads) {
                    done.send(handle.request(request).await?).ok();
                }
                std::io::Result::Ok(())
            });
            member.run().await
        })
    })
    .expect("a node starts");
    let replies: Vec<Reply> = answers.iter().take(4).collect();
    let done = |answer: &str| Reply::Done { answer: answer.as_bytes().to_vec() };
    assert_eq!(replies, [done("1"), done("1"), done("a,"), done("a,")]);
}
