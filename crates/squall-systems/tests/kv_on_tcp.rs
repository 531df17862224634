//! The store on real sockets and real files: the primary dies and comes back, nothing is lost.

use std::path::Path;
use std::sync::mpsc;

use squall_io::real::{Hosts, RealNode, start};
use squall_systems::kv::{Answer, Client, ClientConfig, Op, ServerConfig, server};

const SERVERS: [&str; 3] = ["server-1", "server-2", "server-3"];
const CLIENT: &str = "client-1";

/// Three servers, and a node whose software does what it is told as a client.
struct Cluster<'a> {
    hosts: Hosts,
    port: u16,
    root: &'a Path,
    servers: [Option<RealNode>; 3],
    _client: RealNode,
    ops: tokio::sync::mpsc::UnboundedSender<Op>,
    answers: mpsc::Receiver<Answer>,
}

impl<'a> Cluster<'a> {
    fn start(root: &'a Path) -> Self {
        let hosts = Hosts::on_loopback(SERVERS.into_iter().chain([CLIENT]));
        let port = free_port();
        let (ops, mut todo) = tokio::sync::mpsc::unbounded_channel();
        let (done, answers) = mpsc::channel();
        let client = start(&hosts, CLIENT, &root.join(CLIENT), move || {
            Box::pin(async move {
                let config = ClientConfig { port, ..ClientConfig::new(CLIENT, &SERVERS.map(String::from)) };
                let mut client = Client::new(config);
                while let Some(op) = todo.recv().await {
                    let answer = client.execute(op).await.expect("a majority lives, so every operation ends");
                    done.send(answer).ok();
                }
                Ok(())
            })
        });
        let mut cluster = Self {
            hosts,
            port,
            root,
            servers: [None, None, None],
            _client: client.expect("a node starts"),
            ops,
            answers,
        };
        (0..3).for_each(|place| cluster.boot(place));
        cluster
    }

    fn boot(&mut self, place: usize) {
        let name = SERVERS[place];
        let config = ServerConfig { port: self.port, ..ServerConfig::new(name, &SERVERS.map(String::from)) };
        let node = start(&self.hosts, name, &self.root.join(name), || Box::pin(server::run(config)));
        self.servers[place] = Some(node.expect("a node starts"));
    }

    fn kill(&mut self, place: usize) {
        self.servers[place].take().expect("it runs").kill();
    }

    fn execute(&self, op: Op) -> Answer {
        self.ops.send(op).expect("the client lives");
        self.answers.recv().expect("the client answers")
    }

    fn append(&self, text: &str) {
        let op = Op::Append { key: "list".into(), text: text.into() };
        assert_eq!(self.execute(op), Answer::Done);
    }

    fn list(&self) -> String {
        match self.execute(Op::Get { key: "list".into() }) {
            Answer::Value(value) => value.unwrap_or_default(),
            answer => panic!("a get gave {answer:?}"),
        }
    }
}

/// A port for one test: tests run side by side on the same loopback addresses.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.77.0.1:0").expect("loopback");
    listener.local_addr().expect("it is bound").port()
}

#[test]
fn nothing_is_lost_when_each_server_in_turn_dies_and_comes_back() {
    let root = tempfile::tempdir().unwrap();
    let mut cluster = Cluster::start(root.path());
    let mut expected = String::new();
    let append = |cluster: &Cluster<'_>, expected: &mut String, text: String| {
        cluster.append(&text);
        *expected += &text;
        assert_eq!(cluster.list(), *expected);
    };
    // Whoever is primary is among them.
    for place in 0..3 {
        for count in 0..5 {
            append(&cluster, &mut expected, format!("{place}.{count},"));
        }
        cluster.kill(place);
        append(&cluster, &mut expected, format!("{place} is dead,"));
        cluster.boot(place);
        append(&cluster, &mut expected, format!("{place} is back,"));
    }
}

#[test]
fn everything_is_there_after_all_servers_died() {
    let root = tempfile::tempdir().unwrap();
    let mut cluster = Cluster::start(root.path());
    let cas = |expected: Option<&str>, new: &str| Op::Cas {
        key: "lock".into(),
        expected: expected.map(Into::into),
        new: new.into(),
    };
    assert_eq!(cluster.execute(Op::Put { key: "k".into(), value: "v".into() }), Answer::Done);
    assert_eq!(cluster.execute(cas(None, "a")), Answer::Swapped);
    cluster.append("one,");
    (0..3).for_each(|place| cluster.kill(place));
    (0..3).for_each(|place| cluster.boot(place));
    assert_eq!(cluster.execute(cas(None, "b")), Answer::NotSwapped(Some("a".into())));
    assert_eq!(cluster.execute(Op::Get { key: "k".into() }), Answer::Value(Some("v".into())));
    assert_eq!(cluster.execute(Op::Delete { key: "k".into() }), Answer::Done);
    assert_eq!(cluster.execute(Op::Get { key: "k".into() }), Answer::Value(None));
    assert_eq!(cluster.list(), "one,");
}
