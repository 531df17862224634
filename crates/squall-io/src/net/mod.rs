//! Streams, datagrams and names.

mod address;
mod datagram;
mod silence;
mod stream;

pub use address::{ToAddress, lookup_host};
pub use datagram::UdpSocket;
pub use silence::Keepalive;
pub use stream::{OwnedReadHalf, OwnedWriteHalf, TcpListener, TcpStream};
