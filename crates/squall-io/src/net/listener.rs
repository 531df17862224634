//! What accepts byte streams.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use super::stream::{Stream, TcpStream};
use super::{ToAddress, lookup_host};
use crate::ground::{Ground, current};

/// Accepts connections.
pub struct TcpListener(Listener);

enum Listener {
    #[cfg(feature = "sim")]
    Sim(squall_sim::net::Listener),
    #[cfg(all(feature = "turmoil", not(madsim)))]
    Turmoil(turmoil::net::TcpListener),
    #[cfg(all(feature = "sim", madsim))]
    Madsim(madsim::net::TcpListener),
    Tokio(tokio::net::TcpListener),
}

impl TcpListener {
    /// Listens on a port of this node; port 0 takes a free one. The unspecified address stands for
    /// the node's own.
    ///
    /// # Errors
    /// `AddrInUse`, `AddrNotAvailable`, and those of the name's lookup.
    pub async fn bind(address: impl ToAddress) -> io::Result<Self> {
        let address = lookup_host(address).await?;
        Ok(Self(match current() {
            #[cfg(feature = "sim")]
            Ground::Sim => Listener::Sim(squall_sim::net::Listener::bind(address)?),
            #[cfg(all(feature = "turmoil", not(madsim)))]
            Ground::Turmoil => {
                Listener::Turmoil(turmoil::net::TcpListener::bind(crate::turmoil::bindable(address)).await?)
            }
            #[cfg(all(feature = "sim", madsim))]
            Ground::Madsim => Listener::Madsim(madsim::net::TcpListener::bind(address).await?),
            Ground::Tokio(place) => {
                let address = super::datagram::own_address(address, place.as_deref());
                let socket = tokio::net::TcpSocket::new_v4()?;
                // A restarted node takes its port again while old connections linger.
                socket.set_reuseaddr(true)?;
                socket.bind(address)?;
                Listener::Tokio(socket.listen(1_024)?)
            }
        }))
    }

    /// The next connection, with the address of its other end.
    ///
    /// # Errors
    /// If the listener is no longer usable.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        match &self.0 {
            #[cfg(feature = "sim")]
            Listener::Sim(listener) => {
                let stream = std::future::poll_fn(|cx| listener.poll_accept(cx)).await?;
                let peer = stream.peer_addr()?;
                Ok((TcpStream(Stream::Sim(stream)), peer))
            }
            #[cfg(all(feature = "turmoil", not(madsim)))]
            Listener::Turmoil(listener) => {
                let (stream, peer) = listener.accept().await?;
                Ok((TcpStream(Stream::Turmoil(stream)), peer))
            }
            #[cfg(all(feature = "sim", madsim))]
            Listener::Madsim(listener) => {
                let (stream, peer) = listener.accept().await?;
                let wire = crate::madsim::Wire { stream, peer: peer.ip() };
                Ok((TcpStream(Stream::Madsim(wire)), peer))
            }
            Listener::Tokio(listener) => {
                let (stream, peer) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Ok((TcpStream(Stream::Tokio(stream)), peer))
            }
        }
    }

    /// Where it listens.
    ///
    /// # Errors
    /// If the listener is no longer usable.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match &self.0 {
            #[cfg(feature = "sim")]
            Listener::Sim(listener) => listener.local_addr(),
            #[cfg(all(feature = "turmoil", not(madsim)))]
            Listener::Turmoil(listener) => listener.local_addr(),
            #[cfg(all(feature = "sim", madsim))]
            Listener::Madsim(listener) => listener.local_addr(),
            Listener::Tokio(listener) => listener.local_addr(),
        }
    }
}

impl fmt::Debug for TcpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TcpListener")
    }
}
