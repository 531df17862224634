//! Nodes and their lives.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use squall_history::{Identity, NodeName, Topology};

use crate::waker::TaskKey;

/// A node's hardware and operating system, across its incarnations. What each packet and each turn ask
/// for comes first, in one line of the processor's cache.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct Node {
    pub(crate) identity: Identity,
    pub(crate) address: Ipv4Addr,
    /// Incarnation of its software, from 1; zero before the first.
    pub(crate) boot: u32,
    /// Whether that incarnation lives.
    pub(crate) up: bool,
    /// Whether the operating system answers on the network: it does while the process is dead.
    pub(crate) powered: bool,
    /// Whether its process stands still.
    pub(crate) paused: bool,
    /// Tasks started in this incarnation, for their identities.
    pub(crate) spawns: u64,
    pub(crate) entropy_draws: u64,
    /// The task that the harness started, of the latest incarnation.
    pub(crate) first_task: Option<TaskKey>,
    next_port: u16,
    pub(crate) name: NodeName,
}

/// First port handed out to sockets that ask for none (Linux's default range).
pub(crate) const EPHEMERAL_FIRST: u16 = 32_768;

impl Node {
    /// A port nobody asked for by number.
    pub(crate) fn ephemeral_port(&mut self) -> u16 {
        let port = self.next_port;
        self.next_port = if port == u16::MAX { EPHEMERAL_FIRST } else { port + 1 };
        port
    }
}

/// The first octet of every node's address.
const NETWORK: u8 = 10;

/// All nodes, by their place in the topology. The place is used inside a run only; whatever can be
/// seen from outside goes by name.
#[derive(Debug)]
pub(crate) struct Nodes {
    nodes: Vec<Node>,
    by_name: BTreeMap<NodeName, u32>,
    by_address: Addresses,
}

impl Nodes {
    /// The nodes of a topology, powered on, with nothing running.
    ///
    /// # Panics
    /// If two nodes have one name.
    pub(crate) fn new(topology: &Topology) -> Self {
        let octets = octets(&topology.roles());
        let (mut nodes, mut by_name, mut by_address) = (Vec::new(), BTreeMap::new(), Addresses::default());
        for spec in &topology.nodes {
            let index = u32::try_from(nodes.len()).expect("a topology is bounded");
            let address = address(octets[spec.role.as_str()], spec.number);
            let double = by_name.insert(spec.name.clone(), index).is_some()
                || by_address.insert(address, index).is_some();
            assert!(!double, "two nodes are {} ({address})", spec.name);
            nodes.push(Node {
                identity: Identity::of(spec.name.as_str()),
                address,
                boot: 0,
                up: false,
                powered: true,
                paused: false,
                spawns: 0,
                entropy_draws: 0,
                first_task: None,
                next_port: EPHEMERAL_FIRST,
                name: spec.name.clone(),
            });
        }
        Self { nodes, by_name, by_address }
    }

    pub(crate) fn get(&self, index: u32) -> &Node {
        &self.nodes[index as usize]
    }

    pub(crate) fn get_mut(&mut self, index: u32) -> &mut Node {
        &mut self.nodes[index as usize]
    }

    pub(crate) fn named(&self, name: &str) -> Option<u32> {
        self.by_name.get(name).copied()
    }

    pub(crate) fn at_address(&self, address: Ipv4Addr) -> Option<u32> {
        self.by_address.get(address)
    }

    /// Whether `boot` is the living incarnation of a node.
    pub(crate) fn is_current(&self, index: u32, boot: u32) -> bool {
        let node = self.get(index);
        node.up && node.boot == boot
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }
}

/// Nodes by their addresses, which are asked for with every datagram: by second octet, then by number.
#[derive(Debug, Default)]
struct Addresses {
    roles: Vec<Vec<Option<u32>>>,
}

impl Addresses {
    #[inline]
    fn get(&self, address: Ipv4Addr) -> Option<u32> {
        let (role, number) = parts(address)?;
        *self.roles.get(role)?.get(number)?
    }

    /// Adds a node; the one that has the address already.
    fn insert(&mut self, address: Ipv4Addr, node: u32) -> Option<u32> {
        let (role, number) = parts(address).expect("an address of a node");
        if self.roles.len() <= role {
            self.roles.resize_with(role + 1, Vec::new);
        }
        let numbers = &mut self.roles[role];
        if numbers.len() <= number {
            numbers.resize(number + 1, None);
        }
        numbers[number].replace(node)
    }
}

/// The second octet of each role's addresses. It comes from the role's name, so that taking a whole
/// role away moves no other; names that meet take the next free one, in alphabetical order.
fn octets<'a>(roles: &[&'a str]) -> BTreeMap<&'a str, u8> {
    assert!(roles.len() <= 256, "at most 256 roles");
    let mut sorted = roles.to_vec();
    sorted.sort_unstable();
    let (mut octets, mut taken) = (BTreeMap::new(), [false; 256]);
    for role in sorted {
        let mut octet = (Identity::of(role).0 >> 56) as u8;
        while std::mem::replace(&mut taken[usize::from(octet)], true) {
            octet = octet.wrapping_add(1);
        }
        octets.insert(role, octet);
    }
    octets
}

/// `10.<role>.<number>`: a function of the node's own role and number, so that taking another node
/// away changes no address.
fn address(role: u8, number: u32) -> Ipv4Addr {
    let [_, _, high, low] = number.to_be_bytes();
    assert!(number < 1 << 16, "at most 65,535 nodes in a role");
    Ipv4Addr::new(NETWORK, role, high, low)
}

/// The role's octet and the number in it, of an address of a node.
#[inline]
fn parts(address: Ipv4Addr) -> Option<(usize, usize)> {
    let [network, role, high, low] = address.octets();
    (network == NETWORK).then(|| (role.into(), u16::from_be_bytes([high, low]).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_found_at_its_address_and_nobody_elsewhere() {
        let nodes = Nodes::new(&Topology::of_roles(&[("server", 3), ("client", 300)]));
        for index in 0..303 {
            assert_eq!(nodes.at_address(nodes.get(index).address), Some(index));
        }
        let [_, role, ..] = nodes.get(0).address.octets();
        for address in
            [[10, role, 0, 0], [10, role, 0, 4], [10, role, 1, 1], [10, role ^ 1, 0, 1], [11, role, 0, 1]]
        {
            assert_eq!(nodes.at_address(address.into()), None, "{address:?}");
        }
    }
}
