//! turmoil's network, as axum and the client take one. Nothing of it knows Squall.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum_on_turmoil::PORT;
use axum_on_turmoil::client::Connect;
use turmoil::net::{TcpListener, TcpStream};

/// What axum serves on.
pub(crate) struct Listener(TcpListener);

impl Listener {
    pub(crate) async fn bind() -> io::Result<Self> {
        Ok(Self(TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT)).await?))
    }
}

impl axum::serve::Listener for Listener {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        loop {
            match self.0.accept().await {
                Ok(accepted) => return accepted,
                // As axum does with tokio's: an error of one connection is not the listener's.
                Err(_) => tokio::time::sleep(Duration::from_secs(1)).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// How clients connect: by the name of a node, which is the name of its host.
pub(crate) struct ToServer;

impl Connect for ToServer {
    type Stream = TcpStream;

    async fn connect(&self) -> io::Result<TcpStream> {
        TcpStream::connect(("server-1", PORT)).await
    }
}
