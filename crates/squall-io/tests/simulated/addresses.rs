//! Names, addresses, ports.

use std::sync::Arc;

use squall_io::net::{TcpListener, TcpStream, UdpSocket, lookup_host};
use squall_io::task::spawn;
use squall_io::time::timeout;

use super::stage::{connect, forever, ms, nodes, outcome, pass, say};

#[test]
fn peers_know_each_other_by_their_addresses() {
    let mut stage = nodes(&[("s", 2), ("c", 1)]).begin();
    for server in ["s-1", "s-2"] {
        stage.start(server, async {
            let listener = TcpListener::bind(("0.0.0.0", 80)).await?;
            let (stream, peer) = listener.accept().await?;
            assert_eq!(stream.peer_addr()?, peer);
            assert_eq!(peer.ip(), lookup_host(("c-1", 1)).await?.ip());
            assert_eq!(stream.local_addr()?, listener.local_addr()?);
            say("met");
            Ok(())
        });
    }
    stage.start("c-1", async {
        pass(1).await;
        for server in ["s-1", "s-2"] {
            let stream = TcpStream::connect((server, 80)).await?;
            assert_eq!(stream.peer_addr()?, lookup_host((server, 80)).await?);
            assert_eq!(stream.peer_addr()?, lookup_host(format!("{server}:80")).await?);
        }
        Ok(())
    });
    stage.run(100);
    assert_eq!((stage.said("s-1"), stage.said("s-2")), (vec!["met".into()], vec!["met".into()]));
}

#[test]
fn a_nodes_address_does_not_depend_on_other_nodes() {
    let address = |roles: &[(&str, u32)]| {
        let mut stage = nodes(roles).begin();
        stage.start("server-2", async {
            say(lookup_host(("server-2", 1)).await?);
            Ok(())
        });
        stage.run(1);
        stage.said("server-2")
    };
    let alone = address(&[("server", 2)]);
    assert_eq!(address(&[("client", 3), ("server", 2)]), alone);
    assert_eq!(address(&[("a", 1), ("b", 1), ("server", 9), ("z", 1)]), alone);
}

#[test]
fn ports_are_taken_once_and_free_again_when_dropped() {
    let mut stage = nodes(&[("n", 2)]).begin();
    stage.start("n-1", async {
        let first = TcpListener::bind(("0.0.0.0", 80)).await?;
        say(outcome(&TcpListener::bind(("n-1", 80)).await));
        say(outcome(&TcpListener::bind(("n-2", 80)).await));
        // Datagrams have ports of their own.
        say(outcome(&UdpSocket::bind(("0.0.0.0", 80)).await));
        drop(first);
        say(outcome(&TcpListener::bind(("0.0.0.0", 80)).await));
        Ok(())
    });
    stage.run(1);
    assert_eq!(stage.said("n-1"), ["AddrInUse", "AddrNotAvailable", "ok", "ok"]);
}

#[test]
fn port_zero_takes_a_free_port() {
    let mut stage = nodes(&[("n", 1)]).begin();
    stage.start("n-1", async {
        let mut held = Vec::new();
        // Those that would come next are taken already.
        for port in 32_768..32_778 {
            held.push(TcpListener::bind(("0.0.0.0", port)).await?);
        }
        let free = TcpListener::bind(("0.0.0.0", 0)).await?;
        say(free.local_addr()?.port());
        let datagrams = UdpSocket::bind(("0.0.0.0", 0)).await?;
        say(datagrams.local_addr()?.port() >= 32_768);
        Ok(())
    });
    stage.run(1);
    assert_eq!(stage.said("n-1"), ["32778", "true"]);
}

#[test]
fn what_is_no_address_is_an_error() {
    let mut stage = nodes(&[("n", 1)]).begin();
    stage.start("n-1", async {
        say(outcome(&lookup_host("n-1").await));
        say(outcome(&lookup_host("n-1:port").await));
        say(outcome(&lookup_host("nobody:1").await));
        say(outcome(&TcpStream::connect("[::1]:80").await));
        let socket = UdpSocket::bind(("0.0.0.0", 0)).await?;
        let too_long = socket.send_to(&[0; 65_508], ("n-1", 1)).await.unwrap_err();
        // EMSGSIZE.
        say(format!("{:?}", too_long.raw_os_error()));
        Ok(())
    });
    stage.run(1);
    let expected = ["InvalidInput", "InvalidInput", "NotFound", "InvalidInput", "Some(90)"];
    assert_eq!(stage.said("n-1"), expected);
}

#[test]
fn every_task_that_receives_is_woken() {
    let mut stage = nodes(&[("n", 2)]).begin();
    stage.start("n-1", async {
        let socket = Arc::new(UdpSocket::bind(("0.0.0.0", 9)).await?);
        for _ in 0..3 {
            let socket = socket.clone();
            drop(spawn(async move {
                socket.recv_from(&mut [0; 1]).await.unwrap();
                say("received");
            }));
        }
        assert!(timeout(ms(5), socket.recv_from(&mut [0; 1])).await.is_err());
        forever().await
    });
    stage.start("n-2", async {
        let socket = UdpSocket::bind(("0.0.0.0", 0)).await?;
        pass(10).await;
        for _ in 0..3 {
            socket.send_to(b"x", ("n-1", 9)).await?;
        }
        // A port nobody has, and an address nobody has: they vanish.
        socket.send_to(b"x", ("n-1", 10)).await?;
        socket.send_to(b"x", "10.9.9.9:9").await?;
        Ok(())
    });
    stage.run(100);
    assert_eq!(stage.said("n-1"), ["received"; 3]);
}

#[test]
fn a_datagram_is_cut_to_the_buffer_and_a_full_socket_drops() {
    let mut stage = nodes(&[("n", 2)]).begin();
    stage.start("n-1", async {
        let socket = UdpSocket::bind(("0.0.0.0", 9)).await?;
        let (count, from) = socket.recv_from(&mut [0; 3]).await?;
        say(format!("{count} {}", from == lookup_host(("n-2", 5)).await?));
        // While nobody receives, 212,992 bytes wait and what comes then is dropped.
        pass(100).await;
        let mut received = 0;
        while timeout(ms(1), socket.recv_from(&mut [0; 60_000])).await.is_ok() {
            received += 1;
        }
        say(received);
        Ok(())
    });
    stage.start("n-2", async {
        let socket = UdpSocket::bind(("0.0.0.0", 5)).await?;
        pass(1).await;
        socket.send_to(b"too long", ("n-1", 9)).await?;
        for _ in 0..10 {
            socket.send_to(&[0; 50_000], ("n-1", 9)).await?;
        }
        Ok(())
    });
    stage.run(1_000);
    assert_eq!(stage.said("n-1"), ["3 true", "4"]);
}

#[test]
fn a_restarted_node_listens_on_its_old_port() {
    let mut stage = nodes(&[("s", 1), ("c", 1)]).begin();
    let server = || async {
        let listener = TcpListener::bind(("0.0.0.0", 80)).await?;
        loop {
            listener.accept().await?;
            say("accepted");
        }
    };
    stage.start("s-1", server());
    stage.start("c-1", async {
        for _ in 0..3 {
            pass(100).await;
            say(outcome(&connect("s-1", 80, 50).await));
        }
        Ok(())
    });
    stage.run(150);
    stage.killed("s-1");
    stage.run(250);
    stage.start("s-1", server());
    stage.run(1_000);
    assert_eq!(stage.said("c-1"), ["ok", "ConnectionRefused", "ok"]);
    assert_eq!(stage.said("s-1").len(), 2);
}
