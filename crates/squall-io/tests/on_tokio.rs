//! The same small programs as on the simulated ground, on real sockets and files: streams, names,
//! files, and a kill that takes everything at once.
//!
//! Addresses are the loopback network's own and ports are drawn by the kernel, so tests run side by
//! side. What real time does is waited for, never slept for: each test ends when it has its answers.
#![expect(clippy::unwrap_used, reason = "what the tests have in common stands outside of them")]

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use squall_io::fs;
use squall_io::net::{TcpListener, TcpStream, UdpSocket, lookup_host};
use squall_io::real::{self, Hosts, RealNode};
use squall_io::stop::token;
use squall_io::task::{JoinSet, spawn, yield_now};
use squall_io::time::{interval, now, sleep, timeout};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where a node tells its words to.
type Words = mpsc::Sender<String>;

/// Starts a node of `hosts` whose files lie under `root`.
fn start<F>(hosts: &Hosts, name: &str, root: &Path, program: impl FnOnce() -> F + Send + 'static) -> RealNode
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    real::start(hosts, name, root, program).unwrap()
}

fn next(words: &mpsc::Receiver<String>) -> String {
    words.recv_timeout(PATIENCE).expect("the node says nothing")
}

/// Runs one program on one node; the words it told.
fn run<F>(program: impl FnOnce(Words) -> F + Send + 'static) -> Vec<String>
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let root = tempfile::tempdir().unwrap();
    let hosts = Hosts::on_loopback(["n-1"]);
    let (tell, words) = mpsc::channel();
    let node = start(&hosts, "n-1", root.path(), || program(tell));
    // Ends when the program has dropped its sender.
    let mut told = Vec::new();
    loop {
        match words.recv_timeout(PATIENCE) {
            Ok(word) => told.push(word),
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("the node hangs after {told:?}"),
        }
    }
    node.kill();
    told
}

#[test]
fn tasks_time_and_choices_work_as_simulated() {
    let told = run(|tell| async move {
        let handle = spawn(async {
            yield_now().await;
            42
        });
        tell.send(format!("{:?}", handle.await)).unwrap();
        let aborted = spawn(sleep(Duration::from_secs(3_600)));
        aborted.abort();
        tell.send(format!("{:?}", aborted.await)).unwrap();
        let panicked = spawn(async { panic!("as meant") });
        tell.send(format!("{}", panicked.await.unwrap_err().is_panic())).unwrap();
        let late = timeout(Duration::from_millis(5), std::future::pending::<()>()).await;
        tell.send(format!("{late:?}")).unwrap();
        let begun = now();
        let mut clock = interval(Duration::from_millis(2));
        for _ in 0..3 {
            clock.tick().await;
        }
        tell.send(format!("{}", begun.elapsed() >= Duration::from_millis(4))).unwrap();
        let word = squall_io::select! {
            () = std::future::pending() => "never",
            () = sleep(Duration::from_millis(1)) => "slept",
        };
        tell.send(word.to_owned()).unwrap();
        let mut set = JoinSet::new();
        for number in 0..3 {
            set.spawn(async move { number });
        }
        let mut sum = 0;
        while let Some(number) = set.join_next().await {
            sum += number.unwrap();
        }
        tell.send(format!("{sum}")).unwrap();
        Ok(())
    });
    assert_eq!(told, ["Ok(42)", "Err(task was cancelled)", "true", "Err(Elapsed)", "true", "slept", "3"]);
}

#[test]
fn streams_and_datagrams_go_between_nodes_by_name() {
    let root = tempfile::tempdir().unwrap();
    let hosts = Hosts::on_loopback(["server-1", "client-1"]);
    let (tell, words) = mpsc::channel();
    let (port, ports) = mpsc::channel();
    let server = start(&hosts, "server-1", &root.path().join("server"), move || async move {
        let listener = TcpListener::bind(("0.0.0.0", 0)).await?;
        let socket = UdpSocket::bind(("0.0.0.0", 0)).await?;
        port.send((listener.local_addr()?.port(), socket.local_addr()?.port())).unwrap();
        let (mut stream, peer) = listener.accept().await?;
        let mut all = String::new();
        stream.read_to_string(&mut all).await?;
        // Half closed by the client: the reply still gets through.
        stream.write_all(all.to_uppercase().as_bytes()).await?;
        drop(stream);
        let mut word = [0; 16];
        let (count, from) = socket.recv_from(&mut word).await?;
        assert_eq!((peer.ip(), from.ip()), (lookup_host(("client-1", 1)).await?.ip(), peer.ip()));
        socket.send_to(&word[..count], from).await?;
        std::future::pending().await
    });
    let (streams, datagrams) = ports.recv_timeout(PATIENCE).unwrap();
    let client = start(&hosts, "client-1", &root.path().join("client"), move || async move {
        let mut stream = TcpStream::connect(("server-1", streams)).await?;
        stream.write_all(b"shout").await?;
        stream.shutdown().await?;
        let mut all = String::new();
        stream.read_to_string(&mut all).await?;
        tell.send(all).unwrap();
        let socket = UdpSocket::bind(("0.0.0.0", 0)).await?;
        socket.send_to(b"ping", ("server-1", datagrams)).await?;
        let mut word = [0; 16];
        let (count, from) = socket.recv_from(&mut word).await?;
        assert_eq!(from, lookup_host(("server-1", datagrams)).await?);
        tell.send(String::from_utf8_lossy(&word[..count]).into_owned()).unwrap();
        let unknown = TcpStream::connect(("nobody-1", 1)).await.map(drop);
        tell.send(format!("{:?}", unknown.map_err(|error| error.kind()))).unwrap();
        std::future::pending().await
    });
    assert_eq!([next(&words), next(&words), next(&words)], ["SHOUT", "ping", "Err(NotFound)"]);
    client.kill();
    server.kill();
}

#[test]
fn files_work_as_simulated_and_stay_in_the_nodes_directory() {
    let told = run(|tell| async move {
        fs::create_dir_all("a/b").await?;
        fs::write("a/b/one", b"1").await?;
        fs::write("two", b"2").await?;
        fs::rename("a/b/one", "two").await?;
        tell.send(format!("{:?}", fs::read("two").await?)).unwrap();
        tell.send(format!("{:?} {:?}", fs::read_dir("").await?, fs::read_dir("/a/b").await?)).unwrap();
        let mut file = fs::OpenOptions::new().create_new().open("log").await?;
        file.write_all(b"entry").await?;
        file.sync_all().await?;
        fs::sync_dir("").await?;
        file.set_len(2).await?;
        tell.send(format!("{} {}", file.len().await?, fs::try_exists("none").await?)).unwrap();
        let again = fs::OpenOptions::new().create_new().open("log").await.map(drop);
        let out = fs::read("../n-2/secret").await.map(drop);
        for mistake in [again, out, fs::remove_file("none").await] {
            tell.send(format!("{:?}", mistake.unwrap_err().kind())).unwrap();
        }
        Ok(())
    });
    let expected = ["[49]", "[\"a\", \"two\"] []", "2 false", "AlreadyExists", "InvalidInput", "NotFound"];
    assert_eq!(told, expected);
}

#[test]
fn several_disks_behave_as_simulated() {
    let told = run(|tell| async move {
        let disk = fs::disk(1);
        tell.send(format!("{:?}", fs::try_exists("disk1").await?)).unwrap();
        fs::write(disk.path("file"), b"1").await?;
        fs::sync_dir(disk.path("")).await?;
        fs::write("two", b"2").await?;
        tell.send(format!("{:?} {:?}", fs::read_dir("").await?, fs::read_dir(disk.path("")).await?)).unwrap();
        let moved = fs::rename("two", disk.path("two")).await.unwrap_err();
        tell.send(format!("{:?} {:?}", moved.kind(), moved.raw_os_error())).unwrap();
        fs::rename(disk.path("file"), disk.path("three")).await?;
        tell.send(format!("{:?}", fs::read("disk1/three").await?)).unwrap();
        Ok(())
    });
    assert_eq!(told, ["true", "[\"two\"] [\"file\"]", "CrossesDevices Some(18)", "[49]"]);
}

/// Counts itself while it lives.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Breeds tasks without end.
fn breed(count: Arc<AtomicUsize>) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        let _counted = Counted::new(&count);
        loop {
            if count.load(Ordering::SeqCst) < 200 {
                drop(spawn(breed(count.clone())));
            }
            sleep(Duration::from_millis(1)).await;
        }
    })
}

#[test]
fn a_kill_takes_all_tasks_and_sockets_and_a_restart_finds_its_files() {
    let root = tempfile::tempdir().unwrap();
    let hosts = Hosts::on_loopback(["server-1", "client-1"]);
    let count = Arc::new(AtomicUsize::new(0));
    let (tell, words) = mpsc::channel();
    let server = |count: Arc<AtomicUsize>, port: u16, tell: Words| {
        start(&hosts, "server-1", &root.path().join("server"), move || async move {
            let files = fs::read_dir("").await?;
            let listener = TcpListener::bind(("0.0.0.0", port)).await?;
            fs::write("left", b"behind").await?;
            drop(spawn(breed(count)));
            tell.send(format!("{} {files:?}", listener.local_addr()?.port())).unwrap();
            let mut clients = Vec::new();
            loop {
                clients.push(listener.accept().await?);
                tell.send("accepted".to_owned()).unwrap();
            }
        })
    };
    let first = server(count.clone(), 0, tell.clone());
    let started = next(&words);
    let (port, files) = started.split_once(' ').unwrap();
    let port: u16 = port.parse().unwrap();
    assert_eq!(files, "[]");

    let (client_tell, client_words) = mpsc::channel();
    let (go, dial_now) = tokio::sync::oneshot::channel::<()>();
    let client = start(&hosts, "client-1", &root.path().join("client"), move || async move {
        let mut stream = TcpStream::connect(("server-1", port)).await?;
        let ended = timeout(PATIENCE, stream.read(&mut [0; 1])).await;
        let is_over = matches!(ended, Ok(Ok(0) | Err(_)));
        // The stream may end before the listener does: that is over once the kill has returned.
        dial_now.await.ok();
        let dial = TcpStream::connect(("server-1", port)).await.map(drop);
        client_tell.send(format!("{is_over} {:?}", dial.map_err(|error| error.kind()))).unwrap();
        std::future::pending().await
    });
    assert_eq!(next(&words), "accepted");
    while count.load(Ordering::SeqCst) < 50 {
        std::thread::yield_now();
    }
    first.kill();
    assert_eq!(count.load(Ordering::SeqCst), 0, "a task survived the kill");
    go.send(()).unwrap();
    assert_eq!(next(&client_words), "true Err(ConnectionRefused)");
    assert_eq!(count.load(Ordering::SeqCst), 0, "a task came back");

    let second = server(count.clone(), port, tell);
    assert_eq!(next(&words), format!("{port} [\"left\"]"));
    // Dropping the handle kills as well.
    drop(second);
    assert_eq!(count.load(Ordering::SeqCst), 0);
    client.kill();
}

#[test]
fn a_node_hears_the_word_to_stop_and_another_does_not() {
    let root = tempfile::tempdir().unwrap();
    let hosts = Hosts::on_loopback(["n-1", "n-2"]);
    let (tell, words) = mpsc::channel();
    let node = |name: &'static str| {
        let tell = tell.clone();
        start(&hosts, name, &root.path().join(name), move || async move {
            let stop = token();
            tell.send(format!("{name} {}", stop.is_stopping())).unwrap();
            let heard = spawn(async move {
                stop.stopped().await;
                stop.is_stopping()
            });
            tell.send(format!("{name} {}", heard.await.unwrap())).unwrap();
            Ok(())
        })
    };
    let first = node("n-1");
    assert_eq!(next(&words), "n-1 false");
    let second = node("n-2");
    assert_eq!(next(&words), "n-2 false");
    first.ask_to_stop();
    assert_eq!(next(&words), "n-1 true");
    first.kill();
    assert!(words.try_recv().is_err(), "nobody asked the other one");
    second.kill();
}

#[cfg(unix)]
#[test]
fn a_process_that_is_a_node_is_asked_by_a_signal() {
    let root = tempfile::tempdir().unwrap();
    let hosts = Hosts::on_loopback(["n-1"]);
    // By then the process listens: software is polled after that.
    let terminate = || {
        let pid = std::process::id().to_string();
        assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    };
    let run = |grace_ms: u64, software: fn() -> Software| {
        let grace = std::time::Duration::from_millis(grace_ms);
        real::run_until_stopped(&hosts, "n-1", root.path(), grace, || async move {
            terminate();
            software().await
        })
    };
    type Software = std::pin::Pin<Box<dyn Future<Output = io::Result<u32>>>>;
    let polite = run(60_000, || {
        Box::pin(async {
            token().stopped().await;
            Ok(7)
        })
    });
    assert_eq!(polite.unwrap(), Some(7));
    assert_eq!(run(10, || Box::pin(std::future::pending())).unwrap(), None, "grace is over");
    assert_eq!(run(60_000, || Box::pin(async { Ok(8) })).unwrap(), Some(8));
}

#[test]
fn a_stranger_to_the_hosts_does_not_start() {
    let root = tempfile::tempdir().unwrap();
    let hosts = Hosts::on_loopback(["n-1"]);
    let refused = real::start(&hosts, "n-2", root.path(), || async { Ok(()) });
    assert_eq!(refused.map(drop).unwrap_err().kind(), io::ErrorKind::NotFound);
}

#[test]
#[should_panic(expected = "outside a simulation and outside a tokio runtime")]
fn outside_of_every_ground_the_panic_explains() {
    now();
}
