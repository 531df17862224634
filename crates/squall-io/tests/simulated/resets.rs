//! Efficacy of `reset` and `refuse`: what strikes connections and requests for them.

use squall_io::net::{TcpListener, TcpStream};
use squall_io::task::spawn;
use squall_sim::{Effects, Rule};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::stage::{Stage, connect, forever, nodes, outcome, pass, say};

/// Two servers that echo, and a client with a connection to each; everybody tells how theirs ended.
fn cluster() -> Stage {
    let mut stage = nodes(&[("s", 2), ("c", 1)]).begin();
    for server in ["s-1", "s-2"] {
        stage.start(server, async {
            let listener = TcpListener::bind(("0.0.0.0", 80)).await?;
            loop {
                let (stream, _) = listener.accept().await?;
                drop(spawn(async move { say(format!("ended {}", ended(&echo(stream).await))) }));
            }
        });
    }
    stage.start("c-1", async {
        pass(1).await;
        for server in ["s-1", "s-2"] {
            let stream = connect(server, 80, 100).await?;
            drop(spawn(async move { say(format!("{server} {}", ended(&talk(stream).await))) }));
        }
        forever().await
    });
    stage
}

async fn echo(mut stream: TcpStream) -> std::io::Result<()> {
    loop {
        let number = stream.read_u32().await?;
        stream.write_u32(number).await?;
    }
}

async fn talk(mut stream: TcpStream) -> std::io::Result<()> {
    for number in 0..100 {
        stream.write_u32(number).await?;
        assert_eq!(stream.read_u32().await?, number);
        pass(100).await;
    }
    Ok(())
}

/// How an exchange ended; a reset is read as one thing and written into as another.
fn ended(result: &std::io::Result<()>) -> String {
    let kind = outcome(result);
    if matches!(kind.as_str(), "ConnectionReset" | "BrokenPipe") { "reset".to_owned() } else { kind }
}

fn reset(links: &[(&str, &str)]) -> (Stage, Effects) {
    let mut stage = cluster();
    stage.run(2_000);
    let links: Vec<_> = links.iter().map(|&(from, to)| (from.into(), to.into())).collect();
    let effects = stage.reset(&links);
    stage.run(60_000);
    (stage, effects)
}

#[test]
fn a_reset_ends_the_connections_of_its_links_at_both_ends() {
    // Whoever opened the connection: the link may be named from either end.
    for link in [("s-1", "c-1"), ("c-1", "s-1")] {
        let (stage, effects) = reset(&[link]);
        assert_eq!(stage.said("c-1"), ["s-1 reset", "s-2 ok"]);
        assert_eq!(stage.said("s-1"), ["ended reset"]);
        assert_eq!(stage.said("s-2"), ["ended UnexpectedEof"]);
        assert_eq!(effects.get("connections-reset"), 1);
    }
    let (stage, effects) = reset(&[("s-1", "s-2")]);
    assert_eq!(stage.said("c-1"), ["s-1 ok", "s-2 ok"]);
    assert!(effects.is_empty());
}

#[test]
fn a_reset_client_comes_back_at_once() {
    let mut stage = nodes(&[("s", 1), ("c", 1)]).begin();
    stage.start("s-1", async {
        let listener = TcpListener::bind(("0.0.0.0", 80)).await?;
        // Never accepted: the kernel's own connections are reset as well.
        let _listener = listener;
        forever().await
    });
    stage.start("c-1", async {
        pass(1).await;
        let mut first = connect("s-1", 80, 100).await?;
        say(outcome(&first.read_u32().await));
        say(outcome(&first.write_u32(1).await));
        say(outcome(&connect("s-1", 80, 100).await));
        Ok(())
    });
    stage.run(1_000);
    assert_eq!(stage.reset(&[("c-1".into(), "s-1".into())]).get("connections-reset"), 1);
    stage.run(2_000);
    assert_eq!(stage.said("c-1"), ["ConnectionReset", "BrokenPipe", "ok"]);
}

/// Refuses from 1 s to 2 s: what a connection each 300 ms came to, how the two that stood came through,
/// and what was counted.
fn refuse(links: &[(&str, &str)]) -> (Vec<String>, u64) {
    let mut stage = cluster();
    stage.run(1_000);
    let rule = (!links.is_empty()).then(|| stage.rule("refuse", Rule::Refuse, links));
    stage.killed("c-1");
    stage.start("c-1", async {
        for _ in 0..5 {
            pass(290).await;
            say(outcome(&connect("s-1", 80, 100).await));
        }
        say(outcome(&connect("s-2", 80, 100).await));
        Ok(())
    });
    stage.run(2_000);
    let effects = rule.map(|rule| stage.remove_rule(rule)).unwrap_or_default();
    stage.run(10_000);
    (stage.said("c-1"), effects.get("connections-refused"))
}

#[test]
fn requests_are_refused_while_it_lasts() {
    let (said, refused) = refuse(&[("c-1", "s-1")]);
    let no = "ConnectionRefused";
    assert_eq!(
        (said, refused),
        (vec![no.into(), no.into(), no.into(), "ok".into(), "ok".into(), "ok".into()], 3)
    );
    let (said, refused) = refuse(&[]);
    assert_eq!((said, refused), (vec!["ok".to_owned(); 6], 0));
    // What the server asks of the client is another link.
    let (said, refused) = refuse(&[("s-1", "c-1")]);
    assert_eq!((said, refused), (vec!["ok".to_owned(); 6], 0));
}

#[test]
fn what_is_connected_stays_so_while_requests_are_refused() {
    let mut stage = cluster();
    stage.run(1_000);
    stage.rule("refuse", Rule::Refuse, &[("c-1", "s-1"), ("c-1", "s-2")]);
    stage.run(60_000);
    assert_eq!(stage.said("c-1"), ["s-1 ok", "s-2 ok"]);
}
