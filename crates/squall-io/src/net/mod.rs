//! Streams, datagrams and names.

mod address;
mod datagram;
mod stream;

pub use address::{ToAddress, lookup_host};
pub use datagram::UdpSocket;
pub use stream::{OwnedReadHalf, OwnedWriteHalf, TcpListener, TcpStream};
