//! What turmoil calls otherwise: addresses and the time.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Time since the simulation began, in nanoseconds.
pub(crate) fn now_ns() -> u64 {
    // Destructors of a host that is taken down may find none under them; the machine still knows it.
    let elapsed = ::turmoil::sim_elapsed();
    elapsed.map_or(squall_sim::now().0, |elapsed| u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX))
}

/// The address of a node by its name; `known` is the one it has on its machine.
pub(crate) fn address(name: &str, known: Ipv4Addr) -> IpAddr {
    // Itself: turmoil has a loopback interface for each host.
    if known.is_loopback() { known.into() } else { ::turmoil::lookup(name) }
}

/// Where to listen: turmoil knows no address of a host's own there.
pub(crate) fn bindable(address: SocketAddr) -> SocketAddr {
    if address.ip().is_loopback() {
        return address;
    }
    SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), address.port())
}
