//! What is left of a killed incarnation: nothing, and its destructors act on a dead ground.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use squall_history::NodeEvent;
use squall_io::net::{TcpListener, TcpStream, UdpSocket};
use squall_io::task::{JoinSet, spawn};
use squall_io::time::interval;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::stage::{Stage, forever, ms, nodes, pass, say};

/// Counts itself while it lives.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Breeds tasks for ever.
fn breed(count: Arc<AtomicUsize>) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        let _counted = Counted::new(&count);
        loop {
            pass(7).await;
            if count.load(Ordering::Relaxed) < 50 {
                drop(spawn(breed(count.clone())));
            }
            say("tick");
        }
    })
}

fn kill(stage: &mut Stage, node: &str, how: NodeEvent) -> squall_sim::Effects {
    match how {
        NodeEvent::PowerLost => stage.power_loss(&node.into()),
        _ => stage.killed(node),
    }
}

#[test]
fn every_task_of_a_stopped_node_is_gone_at_once() {
    for how in [NodeEvent::Killed, NodeEvent::PowerLost] {
        let count = Arc::new(AtomicUsize::new(0));
        let mut stage = nodes(&[("n", 1)]).begin();
        let root = count.clone();
        stage.start("n-1", async move {
            let mut set = JoinSet::new();
            set.spawn(breed(root.clone()));
            drop(spawn(breed(root.clone())));
            let _counted = Counted::new(&root);
            forever().await
        });
        stage.run(100);
        let (alive, said) = (count.load(Ordering::Relaxed), stage.said("n-1").len());
        assert!(alive > 30 && said > 50, "{alive} {said}");
        let effects = kill(&mut stage, "n-1", how.clone());
        assert_eq!(count.load(Ordering::Relaxed), 0, "gone when the kill returns");
        assert_eq!(effects.get("tasks-dropped"), alive as u64);
        assert!(!stage.is_up(&"n-1".into()));
        stage.run(1_000);
        assert_eq!(stage.said("n-1").len(), said, "something went on");
        assert_eq!(stage.life("n-1"), [NodeEvent::Started, how]);
    }
}

/// Does everything a destructor should not.
struct Undead {
    stream: Option<TcpStream>,
    socket: Arc<UdpSocket>,
    survivors: Arc<AtomicUsize>,
}

impl Drop for Undead {
    fn drop(&mut self) {
        let survivors = self.survivors.clone();
        drop(spawn(breed(survivors.clone())));
        let handle = spawn(async move { drop(breed(survivors)) });
        handle.abort();
        say("I am undead");
        squall_io::rand::bits();
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        if let Some(stream) = &mut self.stream {
            let write = std::pin::Pin::new(stream);
            let written = tokio::io::AsyncWrite::poll_write(write, &mut cx, b"from the grave");
            assert!(!matches!(written, std::task::Poll::Ready(Ok(_))), "a dead node wrote");
        }
        let send = std::pin::pin!(self.socket.send_to(b"from the grave", ("peer-1", 9)));
        assert!(!matches!(send.poll(&mut cx), std::task::Poll::Ready(Ok(_))), "a dead node sent");
        let create = std::pin::pin!(squall_io::fs::File::create("grave"));
        assert!(!matches!(create.poll(&mut cx), std::task::Poll::Ready(Ok(_))), "a dead node created");
        let bind = std::pin::pin!(TcpListener::bind(("0.0.0.0", 7)));
        assert!(!matches!(bind.poll(&mut cx), std::task::Poll::Ready(Ok(_))), "a dead node listens");
        let dial = std::pin::pin!(TcpStream::connect(("peer-1", 9)));
        assert!(!matches!(dial.poll(&mut cx), std::task::Poll::Ready(Ok(_))), "a dead node dials");
        // A real kill runs no destructors: what they find wrong with a dead ground is no panic of
        // the system's.
        panic!("disappointed");
    }
}

/// A stage with an undead node and a peer that tells all it hears.
fn undead(survivors: Arc<AtomicUsize>) -> Stage {
    let mut stage = nodes(&[("undead", 1), ("peer", 1)]).begin().tolerant();
    stage.start("peer-1", async {
        let (listener, socket) =
            (TcpListener::bind(("0.0.0.0", 9)).await?, UdpSocket::bind(("0.0.0.0", 9)).await?);
        drop(spawn(async move {
            let mut bytes = [0; 64];
            while socket.recv_from(&mut bytes).await.is_ok() {
                say("datagram");
            }
        }));
        loop {
            let (mut stream, _) = listener.accept().await?;
            let mut heard = String::new();
            let ended = stream.read_to_string(&mut heard).await;
            say(format!("heard {heard:?}, {}", super::stage::outcome(&ended)));
        }
    });
    stage.start("undead-1", async move {
        pass(1).await;
        let socket = Arc::new(UdpSocket::bind(("0.0.0.0", 0)).await?);
        let mut stream = TcpStream::connect(("peer-1", 9)).await?;
        stream.write_all(b"alive").await?;
        drop(spawn(async move {
            let _undead = Undead { stream: Some(stream), socket, survivors };
            forever().await
        }));
        forever().await
    });
    stage.run(100);
    stage
}

#[test]
fn destructors_of_a_killed_node_reach_nobody() {
    let survivors = Arc::new(AtomicUsize::new(0));
    let mut stage = undead(survivors.clone());
    stage.killed("undead-1");
    assert_eq!(survivors.load(Ordering::Relaxed), 0);
    stage.run(1_000);
    assert_eq!(survivors.load(Ordering::Relaxed), 0, "something was born in the grave");
    assert_eq!(stage.said("peer-1"), ["heard \"alive\", ok"]);
    assert_eq!(stage.said("undead-1"), [""; 0]);
    assert_eq!(stage.life("undead-1"), [NodeEvent::Started, NodeEvent::Killed]);
    // Its disk holds nothing from the grave.
    stage.start("undead-1", async {
        say(format!("{:?}", squall_io::fs::read_dir("").await?));
        Ok(())
    });
    stage.run(2_000);
    assert_eq!(stage.said("undead-1"), ["[]"]);
}

#[test]
fn the_end_of_a_run_drops_everything_and_survives_destructors() {
    let survivors = Arc::new(AtomicUsize::new(0));
    undead(survivors.clone()).end();
    assert_eq!(Arc::strong_count(&survivors), 1);
    // Dropped without an end, and with a run after it.
    drop(undead(survivors.clone()));
    assert_eq!(Arc::strong_count(&survivors), 1);
}

#[test]
fn a_restarted_node_is_a_new_incarnation_on_the_same_ground() {
    let mut stage = nodes(&[("n", 1)]).begin();
    for boot in 1..=3 {
        stage.start("n-1", async move {
            let _listener = TcpListener::bind(("0.0.0.0", 80)).await?;
            let mut clock = interval(ms(10));
            loop {
                clock.tick().await;
                say(boot);
            }
        });
        stage.run(boot * 100);
        stage.killed("n-1");
    }
    let boots: Vec<u32> = stage.records.iter().filter_map(|record| record.boot.map(|boot| boot.0)).collect();
    assert!(boots.is_sorted() && boots.first() == Some(&1) && boots.last() == Some(&3), "{boots:?}");
    assert_eq!(stage.said("n-1").iter().filter(|said| *said == "2").count(), 10);
}

#[test]
#[should_panic(expected = "n-1 is up already")]
fn a_node_that_is_up_does_not_start_again() {
    let mut stage = nodes(&[("n", 1)]).begin();
    stage.start("n-1", forever());
    stage.start("n-1", forever());
}

#[test]
fn stopping_what_is_down_has_no_effect() {
    let mut stage = nodes(&[("n", 1)]).begin();
    assert!(stage.killed("n-1").is_empty());
    stage.start("n-1", forever());
    stage.run(1);
    assert!(!stage.killed("n-1").is_empty());
    assert!(stage.killed("n-1").is_empty());
    stage.pause(&"n-1".into());
    assert!(stage.resume(&"n-1".into()).is_empty());
    stage.run(2);
    assert_eq!(stage.life("n-1"), [NodeEvent::Started, NodeEvent::Killed]);
}
