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
#[cfg(all(feature = "sim", madsim))]
use crate::madsim::Wire;

/// A connection.
pub struct TcpStream(pub(super) Stream);

pub(super) enum Stream {
    #[cfg(feature = "sim")]
    Sim(squall_sim::net::Stream),
    #[cfg(all(feature = "turmoil", not(madsim)))]
    Turmoil(turmoil::net::TcpStream),
    #[cfg(all(feature = "sim", madsim))]
    Madsim(Wire<madsim::net::TcpStream>),
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
            #[cfg(all(feature = "turmoil", not(madsim)))]
            Ground::Turmoil => Stream::Turmoil(turmoil::net::TcpStream::connect(address).await?),
            #[cfg(all(feature = "sim", madsim))]
            Ground::Madsim => {
                squall_sim::net::note_sent(address.ip());
                let stream = madsim::net::TcpStream::connect(address).await?;
                Stream::Madsim(Wire { stream, peer: address.ip() })
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
            #[cfg(all(feature = "turmoil", not(madsim)))]
            Stream::Turmoil(stream) => stream.peer_addr(),
            #[cfg(all(feature = "sim", madsim))]
            Stream::Madsim(wire) => wire.stream.peer_addr(),
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
            #[cfg(all(feature = "turmoil", not(madsim)))]
            Stream::Turmoil(stream) => stream.local_addr(),
            #[cfg(all(feature = "sim", madsim))]
            Stream::Madsim(wire) => wire.stream.local_addr(),
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
            #[cfg(all(feature = "turmoil", not(madsim)))]
            Stream::Turmoil(stream) => {
                let (read, write) = stream.into_split();
                (OwnedReadHalf(ReadHalf::Turmoil(read)), OwnedWriteHalf(WriteHalf::Turmoil(write)))
            }
            // It has no halves of its own; nor does it end one direction alone.
            #[cfg(all(feature = "sim", madsim))]
            Stream::Madsim(Wire { stream, peer }) => {
                let (read, write) = tokio::io::split(stream);
                let (read, write) = (Wire { stream: read, peer }, Wire { stream: write, peer });
                (OwnedReadHalf(ReadHalf::Madsim(read)), OwnedWriteHalf(WriteHalf::Madsim(write)))
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
    #[cfg(all(feature = "turmoil", not(madsim)))]
    Turmoil(turmoil::net::tcp::OwnedReadHalf),
    #[cfg(all(feature = "sim", madsim))]
    Madsim(Wire<tokio::io::ReadHalf<madsim::net::TcpStream>>),
    Tokio(tokio::net::tcp::OwnedReadHalf),
}

/// The sending half of a connection.
pub struct OwnedWriteHalf(WriteHalf);

enum WriteHalf {
    #[cfg(feature = "sim")]
    Sim(Arc<squall_sim::net::Stream>),
    #[cfg(all(feature = "turmoil", not(madsim)))]
    Turmoil(turmoil::net::tcp::OwnedWriteHalf),
    #[cfg(all(feature = "sim", madsim))]
    Madsim(Wire<tokio::io::WriteHalf<madsim::net::TcpStream>>),
    Tokio(tokio::net::tcp::OwnedWriteHalf),
}

impl Drop for OwnedWriteHalf {
    fn drop(&mut self) {
        match &self.0 {
            #[cfg(feature = "sim")]
            WriteHalf::Sim(stream) => stream.shutdown(),
            // The others' halves see to it themselves.
            _ => {}
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
                    #[cfg(all(feature = "turmoil", not(madsim)))]
                    $inner::Turmoil(stream) => Pin::new(stream).poll_read(cx, buffer),
                    #[cfg(all(feature = "sim", madsim))]
                    $inner::Madsim(stream) => Pin::new(stream).poll_read(cx, buffer),
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
                    #[cfg(all(feature = "turmoil", not(madsim)))]
                    $inner::Turmoil(stream) => Pin::new(stream).poll_write(cx, bytes),
                    #[cfg(all(feature = "sim", madsim))]
                    $inner::Madsim(stream) => Pin::new(stream).poll_write(cx, bytes),
                    $inner::Tokio(stream) => Pin::new(stream).poll_write(cx, bytes),
                }
            }

            fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                match &mut self.0 {
                    // What is written is sent at once.
                    #[cfg(feature = "sim")]
                    $inner::Sim(_) => Poll::Ready(Ok(())),
                    #[cfg(all(feature = "turmoil", not(madsim)))]
                    $inner::Turmoil(stream) => Pin::new(stream).poll_flush(cx),
                    #[cfg(all(feature = "sim", madsim))]
                    $inner::Madsim(stream) => Pin::new(stream).poll_flush(cx),
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
                    #[cfg(all(feature = "turmoil", not(madsim)))]
                    $inner::Turmoil(stream) => Pin::new(stream).poll_shutdown(cx),
                    #[cfg(all(feature = "sim", madsim))]
                    $inner::Madsim(stream) => Pin::new(stream).poll_shutdown(cx),
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
