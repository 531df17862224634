//! Silent connections: keep-alive, the user time-out, and what Linux does without them.

use std::time::Duration;

use squall_io::net::{Keepalive, TcpListener, TcpStream};
use squall_io::time::now;
use squall_sim::{Effects, Rule};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::stage::{Stage, connect, forever, outcome, pass, say};
use super::traffic::{BACK, THERE, pair};

const KEEPALIVE: Keepalive =
    Keepalive { idle: Duration::from_secs(10), interval: Duration::from_secs(5), probes: 3 };

/// A server that accepts and keeps, and a client that connects, sets what it sets, does what it does, and
/// tells how that ended and at which second.
fn talk<S, D>(set: S, act: fn(TcpStream) -> D, strike: impl FnOnce(&mut Stage)) -> Vec<String>
where
    S: FnOnce(&TcpStream) + Send + 'static,
    D: Future<Output = std::io::Result<()>> + Send + 'static,
{
    let mut stage = pair().begin();
    stage.start("b-1", keep());
    stage.start("a-1", async move {
        pass(1).await;
        let stream = connect("b-1", 80, 100).await?;
        set(&stream);
        pass(500).await;
        let ended = act(stream).await;
        say(format!("{} {}", outcome(&ended), now().as_nanos() / 1_000_000_000));
        forever().await
    });
    stage.run(100);
    strike(&mut stage);
    stage.run(3_600_000);
    stage.said("a-1")
}

async fn keep() -> std::io::Result<()> {
    let listener = TcpListener::bind(("0.0.0.0", 80)).await?;
    let mut held = Vec::new();
    loop {
        held.push(listener.accept().await?);
    }
}

async fn read(mut stream: TcpStream) -> std::io::Result<()> {
    stream.read_u8().await.map(drop)
}

async fn write(mut stream: TcpStream) -> std::io::Result<()> {
    stream.write_u8(1).await?;
    read(stream).await
}

fn no_power(stage: &mut Stage) {
    let _: Effects = stage.power_loss(&"b-1".into());
}

fn alive(stream: &TcpStream) {
    stream.set_keepalive(Some(KEEPALIVE)).unwrap();
}

fn patient(stream: &TcpStream) {
    stream.set_user_timeout(Some(Duration::from_secs(7))).unwrap();
}

#[test]
fn keepalive_ends_a_connection_whose_other_side_is_gone() {
    // Probes after 10, 15 and 20 s of silence; 5 s later it is over.
    assert_eq!(talk(alive, read, no_power), ["TimedOut 25"]);
    assert_eq!(talk(|_| {}, read, no_power), [""; 0], "a reader without it waits for ever");
    assert_eq!(talk(alive, read, |_| {}), [""; 0], "the other side lives");
    let off = |stream: &TcpStream| {
        alive(stream);
        stream.set_keepalive(None).unwrap();
    };
    assert_eq!(talk(off, read, no_power), [""; 0]);
}

#[test]
fn keepalive_finds_out_that_the_other_machine_has_started_anew() {
    let reboot = |stage: &mut Stage| {
        no_power(stage);
        stage.start("b-1", forever());
    };
    assert_eq!(talk(alive, read, reboot), ["ConnectionReset 10"]);
    assert_eq!(talk(|_| {}, read, reboot), [""; 0]);
}

#[test]
fn keepalive_ends_at_a_cut_in_either_direction_and_outlives_a_short_one() {
    for link in [THERE, BACK] {
        let cut = |stage: &mut Stage| {
            stage.rule("cut", Rule::Cut, &[link]);
        };
        assert_eq!(talk(alive, read, cut), ["TimedOut 25"]);
        let short = |stage: &mut Stage| {
            let rule = stage.rule("cut", Rule::Cut, &[link]);
            stage.run(17_000);
            stage.remove_rule(rule);
        };
        assert_eq!(talk(alive, read, short), [""; 0]);
    }
}

#[test]
fn a_user_timeout_ends_a_write_that_nobody_acknowledges() {
    assert_eq!(talk(patient, write, no_power), ["TimedOut 7"]);
    // tcp_retries2: 15 retransmissions, 924.6 s.
    assert_eq!(talk(|_| {}, write, no_power), ["TimedOut 925"]);
    assert_eq!(talk(patient, write, |_| {}), [""; 0], "it was acknowledged");
    assert_eq!(talk(patient, read, no_power), [""; 0], "nothing was written");
}

#[test]
fn a_user_timeout_counts_from_the_write_that_waits() {
    async fn twice(mut stream: TcpStream) -> std::io::Result<()> {
        stream.write_u8(1).await?;
        // The first was acknowledged; the timer that it started has not fired when the second is sent.
        pass(6_000).await;
        write(stream).await
    }
    let late = |stage: &mut Stage| {
        stage.run(5_000);
        no_power(stage);
    };
    assert_eq!(talk(patient, twice, late), ["TimedOut 13"]);
}

#[test]
fn a_user_timeout_stands_in_for_the_number_of_retransmissions() {
    let hour = |stream: &TcpStream| {
        stream.set_user_timeout(Some(Duration::from_secs(1_800))).unwrap();
    };
    assert_eq!(talk(hour, write, no_power), ["TimedOut 1800"]);
}

#[test]
fn a_user_timeout_sees_acknowledgements_that_are_cut_off() {
    let cut = |stage: &mut Stage| {
        stage.rule("cut", Rule::Cut, &[BACK]);
    };
    assert_eq!(talk(patient, write, cut), ["TimedOut 7"]);
}

#[test]
fn with_both_a_probe_without_an_answer_lasts_no_longer_than_the_user_timeout() {
    let both = |stream: &TcpStream| {
        stream.set_keepalive(Some(Keepalive { probes: 100, ..KEEPALIVE })).unwrap();
        stream.set_user_timeout(Some(Duration::from_secs(12))).unwrap();
    };
    assert_eq!(talk(both, read, no_power), ["TimedOut 15"]);
}
