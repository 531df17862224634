//! Streams, datagrams and names.

mod address;
mod datagram;
mod listener;
mod silence;
mod stream;

pub use address::{ToAddress, lookup_host};
pub use datagram::UdpSocket;
pub use listener::TcpListener;
pub use silence::Keepalive;
pub use stream::{OwnedReadHalf, OwnedWriteHalf, TcpStream};
