//! Datagrams, as UDP has them: lost, doubled or overtaken, never altered in length.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use super::{ToAddress, lookup_host};
use crate::ground::{Ground, current};
use crate::real::Place;

/// Sends and receives datagrams.
pub struct UdpSocket(Inner);

enum Inner {
    #[cfg(feature = "sim")]
    Sim(squall_sim::net::Datagrams),
    #[cfg(all(feature = "turmoil", not(madsim)))]
    Turmoil(turmoil::net::UdpSocket),
    #[cfg(all(feature = "sim", madsim))]
    Madsim(madsim::net::UdpSocket),
    Tokio(tokio::net::UdpSocket),
}

impl UdpSocket {
    /// Takes a port of this node; port 0 takes a free one.
    ///
    /// # Errors
    /// `AddrInUse`, `AddrNotAvailable`, and those of the name's lookup.
    pub async fn bind(address: impl ToAddress) -> io::Result<Self> {
        let address = lookup_host(address).await?;
        Ok(Self(match current() {
            #[cfg(feature = "sim")]
            Ground::Sim => Inner::Sim(squall_sim::net::Datagrams::bind(address)?),
            #[cfg(all(feature = "turmoil", not(madsim)))]
            Ground::Turmoil => {
                Inner::Turmoil(turmoil::net::UdpSocket::bind(crate::turmoil::bindable(address)).await?)
            }
            #[cfg(all(feature = "sim", madsim))]
            Ground::Madsim => Inner::Madsim(madsim::net::UdpSocket::bind(address).await?),
            Ground::Tokio(place) => {
                let address = own_address(address, place.as_deref());
                Inner::Tokio(tokio::net::UdpSocket::bind(address).await?)
            }
        }))
    }

    /// Sends one datagram. That it was sent says nothing of its arrival.
    ///
    /// # Errors
    /// The operating system's number 90 (EMSGSIZE) above 65,507 bytes, and those of the name's lookup.
    pub async fn send_to(&self, bytes: &[u8], address: impl ToAddress) -> io::Result<usize> {
        let address = lookup_host(address).await?;
        match &self.0 {
            #[cfg(feature = "sim")]
            Inner::Sim(socket) => socket.send_to(bytes, address),
            #[cfg(all(feature = "turmoil", not(madsim)))]
            Inner::Turmoil(socket) => socket.send_to(bytes, address).await,
            #[cfg(all(feature = "sim", madsim))]
            Inner::Madsim(socket) => {
                squall_sim::net::note_sent(address.ip());
                socket.send_to(address, bytes).await.map(|()| bytes.len())
            }
            Inner::Tokio(socket) => socket.send_to(bytes, address).await,
        }
    }

    /// The next datagram, cut to the buffer, and where it came from.
    ///
    /// # Errors
    /// If the socket is no longer usable.
    pub async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        match &self.0 {
            #[cfg(feature = "sim")]
            Inner::Sim(socket) => std::future::poll_fn(|cx| socket.poll_recv(cx, buffer)).await,
            #[cfg(all(feature = "turmoil", not(madsim)))]
            Inner::Turmoil(socket) => socket.recv_from(buffer).await,
            #[cfg(all(feature = "sim", madsim))]
            Inner::Madsim(socket) => socket.recv_from(buffer).await,
            Inner::Tokio(socket) => socket.recv_from(buffer).await,
        }
    }

    /// Where it is bound.
    ///
    /// # Errors
    /// If the socket is no longer usable.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match &self.0 {
            #[cfg(feature = "sim")]
            Inner::Sim(socket) => socket.local_addr(),
            #[cfg(all(feature = "turmoil", not(madsim)))]
            Inner::Turmoil(socket) => socket.local_addr(),
            #[cfg(all(feature = "sim", madsim))]
            Inner::Madsim(socket) => socket.local_addr(),
            Inner::Tokio(socket) => socket.local_addr(),
        }
    }
}

impl fmt::Debug for UdpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UdpSocket")
    }
}

/// The unspecified address stands for the node's own.
pub(super) fn own_address(address: SocketAddr, place: Option<&Place>) -> SocketAddr {
    match place {
        Some(place) if address.ip().is_unspecified() => SocketAddr::new(place.address, address.port()),
        _ => address,
    }
}
