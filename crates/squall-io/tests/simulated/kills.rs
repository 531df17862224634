//! Efficacy of `kill`: the process dies, its kernel lives. The same programs run without the fault.

use squall_io::fs;
use squall_io::net::TcpListener;
use squall_sim::{Effects, Ran};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::stage::{connect, forever, nodes, outcome, pass, say};

/// A server that greets each client and then says nothing, with a file it never synced.
async fn server() -> std::io::Result<()> {
    say(format!("file {}", fs::read("file").await.map_or_else(|_| "none".into(), |b| b.len().to_string())));
    fs::write("file", &[7; 1_000]).await?;
    let listener = TcpListener::bind(("0.0.0.0", 80)).await?;
    let mut clients = Vec::new();
    loop {
        let (mut stream, _) = listener.accept().await?;
        stream.write_all(b"hello").await?;
        clients.push(stream);
    }
}

/// Greeted, it waits for the end of the stream.
async fn client() -> std::io::Result<()> {
    pass(10).await;
    let mut stream = connect("s-1", 80, 100).await?;
    let mut all = Vec::new();
    let ended = stream.read_to_end(&mut all).await;
    say(format!("{} after {} bytes", outcome(&ended), all.len()));
    forever().await
}

#[derive(PartialEq, Debug)]
struct Observed {
    /// How the stream ended for the client.
    stream: Vec<String>,
    /// What a connection during the fault met.
    dial: Vec<String>,
    /// What the server found on its disk, boot by boot.
    files: Vec<String>,
    effects: Vec<(&'static str, u64)>,
}

enum Fault {
    Kill,
}

fn check(fault: Option<Fault>) -> Observed {
    let mut stage = nodes(&[("s", 1), ("c", 2)]).begin();
    stage.start("s-1", server());
    stage.start("c-1", client());
    stage.start("c-2", async {
        pass(1_100).await;
        say(outcome(&connect("s-1", 80, 500).await));
        forever().await
    });
    stage.run(1_000);
    let effects = match fault {
        Some(Fault::Kill) => stage.killed("s-1"),
        None => Effects::default(),
    };
    stage.run(2_000);
    if !stage.is_up(&"s-1".into()) {
        stage.start("s-1", server());
    }
    stage.run(3_000);
    Observed {
        stream: stage.said("c-1"),
        dial: stage.said("c-2"),
        files: stage.said("s-1"),
        effects: effects.iter().collect(),
    }
}

#[test]
fn a_kill_closes_refuses_and_keeps_the_page_cache() {
    let killed = Observed {
        stream: vec!["ok after 5 bytes".into()],
        dial: vec!["ConnectionRefused".into()],
        files: vec!["file none".into(), "file 1000".into()],
        effects: vec![("connections-closed", 1), ("tasks-dropped", 1)],
    };
    assert_eq!(check(Some(Fault::Kill)), killed);
    let untouched = Observed {
        stream: vec![],
        dial: vec!["ok".into()],
        files: vec!["file none".into()],
        effects: vec![],
    };
    assert_eq!(check(None), untouched);
}

/// How a client that sent something unread learns of the kill, if there is one.
fn unread(fault: Option<Fault>) -> Vec<String> {
    let mut stage = nodes(&[("s", 1), ("c", 1)]).begin();
    stage.start("s-1", server());
    stage.start("c-1", async {
        pass(10).await;
        let mut stream = connect("s-1", 80, 100).await?;
        stream.write_all(b"unread").await?;
        let mut all = Vec::new();
        say(outcome(&stream.read_to_end(&mut all).await));
        Ok(())
    });
    stage.run(1_000);
    if let Some(Fault::Kill) = fault {
        stage.killed("s-1");
    }
    stage.run(2_000);
    stage.said("c-1")
}

#[test]
fn a_kill_with_unread_data_resets() {
    assert_eq!(unread(Some(Fault::Kill)), ["ConnectionReset"]);
    assert_eq!(unread(None), [""; 0]);
}

/// A client dials a server that is killed so long after the client began; how that ends.
fn dialled_into_a_kill(after_us: u64) -> Vec<String> {
    let mut stage = nodes(&[("s", 1), ("c", 1)]).begin();
    stage.start("s-1", server());
    stage.start("c-1", async {
        pass(10).await;
        let dialled = connect("s-1", 80, 60_000).await;
        say(outcome(&dialled));
        if let Ok(mut stream) = dialled {
            let mut all = Vec::new();
            say(outcome(&stream.read_to_end(&mut all).await));
        }
        Ok(())
    });
    assert_eq!(stage.run_to_us(10_000 + after_us), Ran::Reached);
    stage.killed("s-1");
    stage.run(100_000);
    stage.said("c-1")
}

#[test]
fn a_kill_at_any_moment_of_a_handshake_leaves_no_client_waiting() {
    // The request arrives after 1 ms, the answer after 2, the first segment after 3.
    assert_eq!(dialled_into_a_kill(500), ["ConnectionRefused"]);
    assert_eq!(dialled_into_a_kill(1_500), ["ok", "ConnectionReset"]);
    assert_eq!(dialled_into_a_kill(2_500), ["ok", "ConnectionReset"]);
    // Accepted in the last one: greeted, then closed.
    assert_eq!(dialled_into_a_kill(3_500), ["ok", "ok"]);
}

#[test]
fn what_was_written_before_a_kill_still_arrives() {
    let mut stage = nodes(&[("s", 1), ("c", 1)]).begin();
    stage.start("s-1", async {
        let (mut stream, _) = TcpListener::bind(("0.0.0.0", 80)).await?.accept().await?;
        // The window takes it all; the reader has hardly begun when the process dies.
        stream.write_all(&[1; 60_000]).await?;
        say("written");
        forever().await
    });
    stage.start("c-1", async {
        pass(1).await;
        let mut stream = connect("s-1", 80, 100).await?;
        pass(500).await;
        let mut all = Vec::new();
        say(format!("{} {}", outcome(&stream.read_to_end(&mut all).await), all.len()));
        Ok(())
    });
    // The bytes are under way when the process dies.
    assert_eq!(stage.run_to_us(4_500), Ran::Reached);
    assert_eq!(stage.said("s-1"), ["written"]);
    stage.killed("s-1");
    stage.run(1_000);
    assert_eq!(stage.said("c-1"), ["ok 60000"]);
}
