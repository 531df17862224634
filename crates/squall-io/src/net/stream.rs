//! Byte streams, as TCP has them.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
#[cfg(feature = "sim")]
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{ToAddress, lookup_host};
use crate::ground::{Ground, current};

/// Accepts connections.
pub struct TcpListener(Listener);

enum Listener {
    #[cfg(feature = "sim")]
    Sim(squall_sim::net::Listener),
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
            Listener::Tokio(listener) => listener.local_addr(),
        }
    }
}

impl fmt::Debug for TcpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TcpListener")
    }
}

/// A connection.
pub struct TcpStream(pub(super) Stream);

pub(super) enum Stream {
    #[cfg(feature = "sim")]
    Sim(squall_sim::net::Stream),
    Tokio(tokio::net::TcpStream),
}

impl TcpStream {
    /// Connects.
    ///
    /// # Errors
    /// `ConnectionRefused` if the node lives and nobody listens, `TimedOut` if nothing answers
    /// (after about two minutes: put a timeout around it), and those of the name's lookup.
    pub async fn connect(address: impl ToAddress) -> io::Result<Self> {
        let address = lookup_host(address).await?;
        Ok(Self(match current() {
            #[cfg(feature = "sim")]
            Ground::Sim => {
                let mut connecting = squall_sim::net::Connecting::start(address)?;
                Stream::Sim(std::future::poll_fn(|cx| connecting.poll_connected(cx)).await?)
            }
            Ground::Tokio(place) => {
                let socket = tokio::net::TcpSocket::new_v4()?;
                if let Some(place) = place {
                    // The other end recognises the node by its address.
                    socket.bind(SocketAddr::new(place.address, 0))?;
                }
                let stream = socket.connect(address).await?;
                stream.set_nodelay(true)?;
                Stream::Tokio(stream)
            }
        }))
    }

    /// The address of the other end.
    ///
    /// # Errors
    /// If the connection is gone.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        match &self.0 {
            #[cfg(feature = "sim")]
            Stream::Sim(stream) => stream.peer_addr(),
            Stream::Tokio(stream) => stream.peer_addr(),
        }
    }

    /// The address of this end.
    ///
    /// # Errors
    /// If the connection is gone.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match &self.0 {
            #[cfg(feature = "sim")]
            Stream::Sim(stream) => stream.local_addr(),
            Stream::Tokio(stream) => stream.local_addr(),
        }
    }

    /// Two halves that tasks can own apart. The connection closes when both are dropped; dropping
    /// the write half alone ends its direction.
    pub fn into_split(self) -> (OwnedReadHalf, OwnedWriteHalf) {
        match self.0 {
            #[cfg(feature = "sim")]
            Stream::Sim(stream) => {
                let stream = Arc::new(stream);
                (OwnedReadHalf(ReadHalf::Sim(stream.clone())), OwnedWriteHalf(WriteHalf::Sim(stream)))
            }
            Stream::Tokio(stream) => {
                let (read, write) = stream.into_split();
                (OwnedReadHalf(ReadHalf::Tokio(read)), OwnedWriteHalf(WriteHalf::Tokio(write)))
            }
        }
    }
}

impl fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TcpStream")
    }
}

/// The receiving half of a connection.
pub struct OwnedReadHalf(ReadHalf);

enum ReadHalf {
    #[cfg(feature = "sim")]
    Sim(Arc<squall_sim::net::Stream>),
    Tokio(tokio::net::tcp::OwnedReadHalf),
}

/// The sending half of a connection.
pub struct OwnedWriteHalf(WriteHalf);

enum WriteHalf {
    #[cfg(feature = "sim")]
    Sim(Arc<squall_sim::net::Stream>),
    Tokio(tokio::net::tcp::OwnedWriteHalf),
}

impl Drop for OwnedWriteHalf {
    fn drop(&mut self) {
        match &self.0 {
            #[cfg(feature = "sim")]
            WriteHalf::Sim(stream) => stream.shutdown(),
            WriteHalf::Tokio(_) => {}
        }
    }
}

macro_rules! debug_by_name {
    ($($type:ident),+) => {$(
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($type))
            }
        }
    )+};
}

debug_by_name!(OwnedReadHalf, OwnedWriteHalf);

#[cfg(feature = "sim")]
fn read_simulated(
    stream: &squall_sim::net::Stream,
    cx: &mut Context<'_>,
    buffer: &mut ReadBuf<'_>,
) -> Poll<io::Result<()>> {
    stream.poll_read(cx, buffer.initialize_unfilled()).map_ok(|count| buffer.advance(count))
}

macro_rules! impl_read {
    ($type:ident, $inner:ident) => {
        impl AsyncRead for $type {
            fn poll_read(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffer: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                match &mut self.0 {
                    #[cfg(feature = "sim")]
                    $inner::Sim(stream) => read_simulated(stream, cx, buffer),
                    $inner::Tokio(stream) => Pin::new(stream).poll_read(cx, buffer),
                }
            }
        }
    };
}

macro_rules! impl_write {
    ($type:ident, $inner:ident) => {
        impl AsyncWrite for $type {
            fn poll_write(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                match &mut self.0 {
                    #[cfg(feature = "sim")]
                    $inner::Sim(stream) => stream.poll_write(cx, bytes),
                    $inner::Tokio(stream) => Pin::new(stream).poll_write(cx, bytes),
                }
            }

            fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                match &mut self.0 {
                    // What is written is sent at once.
                    #[cfg(feature = "sim")]
                    $inner::Sim(_) => Poll::Ready(Ok(())),
                    $inner::Tokio(stream) => Pin::new(stream).poll_flush(cx),
                }
            }

            fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                match &mut self.0 {
                    #[cfg(feature = "sim")]
                    $inner::Sim(stream) => {
                        stream.shutdown();
                        Poll::Ready(Ok(()))
                    }
                    $inner::Tokio(stream) => Pin::new(stream).poll_shutdown(cx),
                }
            }
        }
    };
}

impl_read!(TcpStream, Stream);
impl_write!(TcpStream, Stream);
impl_read!(OwnedReadHalf, ReadHalf);
impl_write!(OwnedWriteHalf, WriteHalf);
