//! Streams without any fault: what TCP promises, and how it ends.

use std::io;
use std::sync::Arc;

use squall_io::net::{TcpListener, TcpStream};
use squall_io::task::spawn;
use squall_io::time::timeout;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::stage::{Stage, connect, forever, ms, nodes, outcome, pass, pattern, say};

/// `server` runs on a stream accepted on port 80 of `s-1`, `client` on the other end on `c-1`.
fn pair<S, C>(
    server: impl FnOnce(TcpStream) -> S + Send + 'static,
    client: impl FnOnce(TcpStream) -> C + Send + 'static,
) -> Stage
where
    S: Future<Output = io::Result<()>> + Send,
    C: Future<Output = io::Result<()>> + Send,
{
    let mut stage = nodes(&[("s", 1), ("c", 1)]).begin();
    stage.start("s-1", async {
        let (stream, _) = TcpListener::bind(("0.0.0.0", 80)).await?.accept().await?;
        server(stream).await
    });
    stage.start("c-1", async {
        pass(1).await;
        client(connect("s-1", 80, 1_000).await?).await
    });
    stage.run(600_000);
    stage
}

#[test]
fn a_handshake_takes_a_round_trip_and_the_server_learns_of_it_half_a_one_later() {
    let stage = pair(
        |_| async {
            say("accepted");
            Ok(())
        },
        |_| async {
            say("connected");
            Ok(())
        },
    );
    assert_eq!(stage.notes(), [("c-1".into(), 3, "connected".into()), ("s-1".into(), 4, "accepted".into())]);
}

#[test]
fn a_half_closed_stream_still_carries_the_reply() {
    let stage = pair(
        |mut stream| async move {
            let mut all = Vec::new();
            stream.read_to_end(&mut all).await?;
            pass(10).await;
            all.reverse();
            stream.write_all(&all).await
        },
        |mut stream| async move {
            stream.write_all(b"abc").await?;
            stream.shutdown().await?;
            say(outcome(&stream.write(b"x").await));
            let mut reply = String::new();
            stream.read_to_string(&mut reply).await?;
            say(reply);
            Ok(())
        },
    );
    assert_eq!(stage.said("c-1"), ["BrokenPipe", "cba"]);
}

#[test]
fn halves_end_their_direction_when_the_write_half_is_dropped() {
    let stage = pair(
        |stream| async move {
            let (mut read, mut write) = stream.into_split();
            let mut all = String::new();
            read.read_to_string(&mut all).await?;
            write.write_all(all.to_uppercase().as_bytes()).await
        },
        |stream| async move {
            let (mut read, mut write) = stream.into_split();
            write.write_all(b"shout").await?;
            drop(write);
            let mut all = String::new();
            read.read_to_string(&mut all).await?;
            say(all);
            Ok(())
        },
    );
    assert_eq!(stage.said("c-1"), ["SHOUT"]);
}

#[test]
fn a_peer_that_leaves_data_unread_resets() {
    let stage = pair(
        |mut stream| async move {
            stream.write_all(b"reply").await?;
            // The client's bytes have arrived and are not read.
            pass(10).await;
            drop(stream);
            forever().await
        },
        |mut stream| async move {
            stream.write_all(b"never read").await?;
            pass(20).await;
            let mut reply = [0; 5];
            say(outcome(&stream.read(&mut reply).await));
            say(outcome(&stream.write(b"x").await));
            Ok(())
        },
    );
    assert_eq!(stage.said("c-1"), ["ConnectionReset", "BrokenPipe"]);
}

#[test]
fn writing_to_a_peer_that_has_closed_ends_in_an_error() {
    let stage = pair(
        |stream| async move {
            drop(stream);
            forever().await
        },
        |mut stream| async move {
            pass(10).await;
            // The first bytes find out, as in TCP: a peer that has ended may still be reading.
            say(outcome(&stream.write(b"x").await));
            pass(10).await;
            say(outcome(&stream.write(b"x").await));
            say(outcome(&stream.read(&mut [0; 1]).await));
            Ok(())
        },
    );
    assert_eq!(stage.said("c-1"), ["ok", "BrokenPipe", "ConnectionReset"]);
}

#[test]
fn a_sleeping_reader_stops_the_writer_at_its_window() {
    const WINDOW: usize = 64 << 10;
    let stage = pair(
        |mut stream| async move {
            pass(1_000).await;
            let mut byte = [0; 1];
            stream.read_exact(&mut byte).await?;
            pass(1_000).await;
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).await?;
            say(byte == pattern(0, 1)[..] && rest == pattern(1, rest.len()));
            Ok(())
        },
        |mut stream| async move {
            let data = pattern(0, 3 * WINDOW);
            let mut written = 0;
            while let Ok(count) = timeout(ms(500), stream.write(&data[written..])).await {
                written += count?;
            }
            say(written);
            // One byte read makes room for one byte.
            pass(1_000).await;
            written += timeout(ms(100), stream.write(&data[written..])).await??;
            say(written);
            stream.write_all(&data[written..]).await?;
            say("all");
            Ok(())
        },
    );
    assert_eq!(stage.said("c-1"), [WINDOW.to_string(), (WINDOW + 1).to_string(), "all".into()]);
    assert_eq!(stage.said("s-1"), ["true"]);
}

#[test]
fn a_closed_port_refuses_after_a_round_trip_and_an_address_without_node_is_silent() {
    let mut stage = nodes(&[("n", 2)]).begin();
    stage.start("n-1", async {
        say(outcome(&TcpStream::connect(("n-2", 1)).await));
        say(outcome(&connect("n-3", 1, 5_000).await));
        say(outcome(&connect("10.9.9.9", 1, 5_000).await));
        say(outcome(&TcpStream::connect("10.9.9.9:1").await));
        Ok(())
    });
    stage.run(600_000);
    let expected =
        [(2, "ConnectionRefused"), (2, "NotFound"), (5_002, "TimedOut"), (5_002 + 127_000, "TimedOut")];
    let expected = expected.map(|(at, words)| ("n-1".to_owned(), at, words.to_owned()));
    assert_eq!(stage.notes(), expected);
}

#[test]
fn every_task_that_accepts_gets_its_connection() {
    let mut stage = nodes(&[("s", 1), ("c", 1)]).begin();
    stage.start("s-1", async {
        let listener = Arc::new(TcpListener::bind(("0.0.0.0", 80)).await?);
        for _ in 0..3 {
            let listener = listener.clone();
            drop(spawn(async move {
                listener.accept().await.unwrap();
                say("accepted");
            }));
        }
        // One that gives up must not take the wake with it.
        assert!(timeout(ms(5), listener.accept()).await.is_err());
        forever().await
    });
    stage.start("c-1", async {
        pass(10).await;
        for _ in 0..3 {
            connect("s-1", 80, 1_000).await?;
        }
        Ok(())
    });
    stage.run(5_000);
    assert_eq!(stage.said("s-1").len(), 3);
}

#[test]
fn a_client_may_write_and_close_before_it_is_accepted() {
    let mut stage = nodes(&[("s", 1), ("c", 1)]).begin();
    stage.start("s-1", async {
        let listener = TcpListener::bind(("0.0.0.0", 80)).await?;
        pass(500).await;
        let (mut stream, _) = listener.accept().await?;
        let mut all = String::new();
        stream.read_to_string(&mut all).await?;
        say(all);
        Ok(())
    });
    stage.start("c-1", async {
        pass(1).await;
        connect("s-1", 80, 1_000).await?.write_all(b"gone already").await
    });
    stage.run(5_000);
    assert_eq!(stage.said("s-1"), ["gone already"]);
}

#[test]
fn a_dropped_listener_refuses_new_clients_and_resets_those_that_wait() {
    let mut stage = nodes(&[("s", 1), ("c", 2)]).begin();
    stage.start("s-1", async {
        let listener = TcpListener::bind(("0.0.0.0", 80)).await?;
        pass(100).await;
        drop(listener);
        forever().await
    });
    stage.start("c-1", async {
        pass(1).await;
        let mut stream = connect("s-1", 80, 1_000).await?;
        say(outcome(&stream.read(&mut [0; 1]).await));
        Ok(())
    });
    stage.start("c-2", async {
        pass(200).await;
        say(outcome(&connect("s-1", 80, 1_000).await));
        Ok(())
    });
    stage.run(5_000);
    assert_eq!(stage.said("c-1"), ["ConnectionReset"]);
    assert_eq!(stage.said("c-2"), ["ConnectionRefused"]);
}

#[test]
fn a_node_reaches_itself_at_once() {
    let mut stage = nodes(&[("n", 1)]).begin();
    stage.start("n-1", async {
        let listener = TcpListener::bind(("0.0.0.0", 80)).await?;
        let mut near = TcpStream::connect(("0.0.0.0", 80)).await?;
        let (mut far, _) = listener.accept().await?;
        near.write_all(b"ping").await?;
        let mut ping = [0; 4];
        far.read_exact(&mut ping).await?;
        say(String::from_utf8_lossy(&ping));
        Ok(())
    });
    stage.run(1);
    assert_eq!(stage.notes(), [("n-1".into(), 0, "ping".into())]);
}
