//! Names and addresses. A name is looked up once, when it is used; there is no search list, and a
//! name gives one address.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::ground::{Ground, current};

/// What can be resolved to a socket address: `("server-1", 9000)`, `"server-1:9000"`, or an
/// address itself.
pub trait ToAddress {
    /// Host and port.
    fn host_and_port(&self) -> io::Result<(Host<'_>, u16)>;
}

/// The host part of an address.
#[derive(Clone, Copy, Debug)]
pub enum Host<'a> {
    /// Already an address.
    Address(IpAddr),
    /// To be looked up.
    Name(&'a str),
}

impl<'a> Host<'a> {
    fn parse(text: &'a str) -> Self {
        // An IPv6 address before a port stands in brackets.
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        bare.parse().map_or(Self::Name(text), Self::Address)
    }
}

impl ToAddress for SocketAddr {
    fn host_and_port(&self) -> io::Result<(Host<'_>, u16)> {
        Ok((Host::Address(self.ip()), self.port()))
    }
}

impl ToAddress for (&str, u16) {
    fn host_and_port(&self) -> io::Result<(Host<'_>, u16)> {
        Ok((Host::parse(self.0), self.1))
    }
}

impl ToAddress for (Ipv4Addr, u16) {
    fn host_and_port(&self) -> io::Result<(Host<'_>, u16)> {
        Ok((Host::Address(self.0.into()), self.1))
    }
}

impl ToAddress for &str {
    fn host_and_port(&self) -> io::Result<(Host<'_>, u16)> {
        let wrong = || io::Error::new(io::ErrorKind::InvalidInput, format!("`{self}` is not host:port"));
        let (host, port) = self.rsplit_once(':').ok_or_else(wrong)?;
        Ok((Host::parse(host), port.parse().map_err(|_| wrong())?))
    }
}

impl ToAddress for String {
    fn host_and_port(&self) -> io::Result<(Host<'_>, u16)> {
        let text: &str = self.as_str();
        let wrong = || io::Error::new(io::ErrorKind::InvalidInput, format!("`{text}` is not host:port"));
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        Ok((Host::parse(host), port.parse().map_err(|_| wrong())?))
    }
}

/// The address of `address`. `localhost` is the node itself.
///
/// # Errors
/// `NotFound` if there is no such name, `TimedOut` if nothing answers for ten seconds, `InvalidInput`
/// if the text is not `host:port`.
pub async fn lookup_host(address: impl ToAddress) -> io::Result<SocketAddr> {
    let (host, port) = address.host_and_port()?;
    let name = match host {
        Host::Address(IpAddr::V4(Ipv4Addr::LOCALHOST)) => "localhost",
        Host::Address(ip) => return Ok(SocketAddr::new(ip, port)),
        Host::Name(name) => name,
    };
    let unknown = || io::Error::new(io::ErrorKind::NotFound, format!("no host is named `{name}`"));
    match current() {
        #[cfg(feature = "sim")]
        Ground::Sim => {
            let ip = squall_sim::net::lookup(name).await?;
            Ok(SocketAddr::new(ip.into(), port))
        }
        // The names are the simulator's, with what is wrong with them; the addresses are the other's.
        #[cfg(all(feature = "turmoil", not(madsim)))]
        Ground::Turmoil => {
            let ip = squall_sim::net::lookup(name).await?;
            Ok(SocketAddr::new(crate::turmoil::address(name, ip), port))
        }
        #[cfg(all(feature = "sim", madsim))]
        Ground::Madsim => {
            let ip = squall_sim::net::lookup(name).await?;
            Ok(SocketAddr::new(ip.into(), port))
        }
        // The machine's loopback interface belongs to all of its nodes; this address is one node's.
        Ground::Tokio(Some(place)) if name == "localhost" => Ok(SocketAddr::new(place.address, port)),
        Ground::Tokio(Some(place)) => {
            let ip = place.hosts.get(name).ok_or_else(unknown)?;
            Ok(SocketAddr::new(ip.into(), port))
        }
        Ground::Tokio(None) if name == "localhost" => Ok(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port)),
        Ground::Tokio(None) => tokio::net::lookup_host((name, port)).await?.next().ok_or_else(unknown),
    }
}
