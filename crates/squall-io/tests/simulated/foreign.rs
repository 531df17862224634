//! Handles that leave their simulation: to another thread, or past its end. They give errors, never
//! a panic, and what a foreign thread wakes is counted.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use squall_io::fs::File;
use squall_io::net::{TcpListener, TcpStream, UdpSocket};
use squall_io::task::{JoinHandle, spawn};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::stage::{Stage, connect, forever, nodes, pass, say};

/// One handle of each kind.
struct Handles {
    listener: TcpListener,
    stream: TcpStream,
    socket: UdpSocket,
    file: File,
    writing: File,
    join: JoinHandle<()>,
}

/// A stage whose first node has smuggled its handles out.
fn smuggled() -> (Stage, Handles) {
    let place: Arc<Mutex<Option<Handles>>> = Arc::default();
    let (mut stage, smuggler) = (nodes(&[("n", 2)]).begin(), place.clone());
    stage.start("n-2", async {
        let listener = TcpListener::bind(("0.0.0.0", 80)).await?;
        let _stream = listener.accept().await?;
        forever().await
    });
    stage.start("n-1", async move {
        pass(1).await;
        let handles = Handles {
            listener: TcpListener::bind(("0.0.0.0", 81)).await?,
            stream: connect("n-2", 80, 1_000).await?,
            socket: UdpSocket::bind(("0.0.0.0", 81)).await?,
            file: File::create("file").await?,
            writing: File::create("other").await?,
            join: spawn(pass(1_000_000)),
        };
        *smuggler.lock().unwrap() = Some(handles);
        forever().await
    });
    stage.run(100);
    let handles = place.lock().unwrap().take().expect("the node has run");
    (stage, handles)
}

fn poll<T>(future: impl Future<Output = T>) -> Option<T> {
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

fn kind<T>(ended: Option<io::Result<T>>) -> Option<ErrorKind> {
    ended.and_then(Result::err).map(|error| error.kind())
}

/// What each operation on foreign handles gives.
fn use_all(handles: &mut Handles) -> Vec<Option<ErrorKind>> {
    let mut cx = Context::from_waker(Waker::noop());
    let (mut bytes, nowhere) = ([0; 8], std::net::SocketAddr::from(([10, 0, 0, 1], 80)));
    let read =
        |poll: Poll<io::Result<()>>| if let Poll::Ready(ended) = poll { kind(Some(ended)) } else { None };
    let wrote =
        |poll: Poll<io::Result<usize>>| if let Poll::Ready(ended) = poll { kind(Some(ended)) } else { None };
    vec![
        kind(poll(handles.listener.accept())),
        read(Pin::new(&mut handles.stream).poll_read(&mut cx, &mut ReadBuf::new(&mut bytes))),
        wrote(Pin::new(&mut handles.stream).poll_write(&mut cx, b"x")),
        kind(Some(handles.stream.peer_addr())),
        kind(poll(handles.socket.recv_from(&mut [0; 8]))),
        kind(poll(handles.socket.send_to(b"x", nowhere))),
        read(Pin::new(&mut handles.file).poll_read(&mut cx, &mut ReadBuf::new(&mut bytes))),
        wrote(Pin::new(&mut handles.writing).poll_write(&mut cx, b"x")),
        kind(poll(handles.file.sync_all())),
        kind(poll(handles.file.set_len(0))),
        kind(poll(handles.file.len())),
    ]
}

#[test]
fn on_another_thread_handles_give_errors() {
    let (stage, mut handles) = smuggled();
    let errors = std::thread::scope(|scope| {
        let other = scope.spawn(|| {
            let errors = use_all(&mut handles);
            handles.join.abort();
            assert!(!handles.join.is_finished());
            drop(handles);
            errors
        });
        other.join().expect("a foreign handle panicked")
    });
    assert_eq!(errors, [Some(ErrorKind::NotConnected); 11]);
    drop(stage);
}

#[test]
fn after_the_run_handles_give_errors_in_a_later_run_too() {
    let (stage, mut handles) = smuggled();
    stage.end();
    assert_eq!(use_all(&mut handles), [Some(ErrorKind::NotConnected); 11]);
    assert!(handles.join.is_finished());
    assert!(matches!(poll(&mut handles.join), Some(Err(_))), "a task ends with its run");

    let mut later = nodes(&[("n", 1)]).begin();
    later.start("n-1", async move {
        assert_eq!(use_all(&mut handles), [Some(ErrorKind::NotConnected); 11]);
        drop(handles);
        say("fine");
        Ok(())
    });
    later.run(10);
    assert_eq!(later.said("n-1"), ["fine"]);
}

/// Lets a thread wake the node's task; how many foreign wakes were counted.
fn woken_from(threads: usize) -> u64 {
    let waker: Arc<Mutex<Option<Waker>>> = Arc::default();
    let (mut stage, parked) = (nodes(&[("n", 1)]).begin(), waker.clone());
    stage.start("n-1", async move {
        let mut polls = 0;
        std::future::poll_fn(|cx| {
            polls += 1;
            *parked.lock().unwrap() = Some(cx.waker().clone());
            if polls == 2 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        say("woken");
        forever().await
    });
    stage.run(10);
    let waker = waker.lock().unwrap().take().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| waker.wake_by_ref());
        }
    });
    stage.run(20);
    assert_eq!(stage.said("n-1").len(), threads.min(1));
    stage.end().foreign_wakes
}

#[test]
fn a_foreign_wake_works_and_is_counted() {
    assert_eq!((woken_from(0), woken_from(1)), (0, 1));
    assert_eq!(woken_from(3), 3);
}

#[test]
fn a_foreign_wake_after_the_run_is_nobodys() {
    let waker: Arc<Mutex<Option<Waker>>> = Arc::default();
    let (mut stage, parked) = (nodes(&[("n", 1)]).begin(), waker.clone());
    stage.start(
        "n-1",
        std::future::poll_fn(move |cx| {
            *parked.lock().unwrap() = Some(cx.waker().clone());
            Poll::Pending
        }),
    );
    stage.run(10);
    let late = waker.lock().unwrap().take().unwrap();
    assert_eq!(stage.end().foreign_wakes, 0);
    std::thread::scope(|scope| scope.spawn(|| late.wake_by_ref()).join().unwrap());
    assert_eq!(woken_from(0), 0);
}

#[test]
fn runs_on_two_threads_keep_their_foreign_wakes_apart() {
    // The inbox is the process's; a run must not throw another's wakes away.
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    assert_eq!(woken_from(1), 1);
                }
            });
        }
    });
}
