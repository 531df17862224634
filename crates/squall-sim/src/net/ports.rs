//! What listens on the ports of nodes.
//!
//! By node, then by port in order: a node listens on few, and a packet that arrives finds the one it
//! is for without a search through those of all others.

/// Something on ports of nodes, at most one on each.
#[derive(Debug)]
pub(super) struct Ports<T> {
    nodes: Vec<Vec<(u16, T)>>,
}

impl<T> Default for Ports<T> {
    fn default() -> Self {
        Self { nodes: Vec::new() }
    }
}

impl<T> Ports<T> {
    /// Where a port is among its node's, or where it would be.
    #[inline]
    fn find(ports: &[(u16, T)], port: u16) -> Result<usize, usize> {
        match ports {
            // Most nodes listen on one.
            [(only, _)] if *only == port => Ok(0),
            _ => ports.binary_search_by_key(&port, |(port, _)| *port),
        }
    }

    #[inline]
    pub(super) fn get(&self, (node, port): (u32, u16)) -> Option<&T> {
        let ports = self.nodes.get(node as usize)?;
        Self::find(ports, port).ok().map(|place| &ports[place].1)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, (node, port): (u32, u16)) -> Option<&mut T> {
        let ports = self.nodes.get_mut(node as usize)?;
        Self::find(ports, port).ok().map(|place| &mut ports[place].1)
    }

    /// Puts something on a free port.
    pub(super) fn insert(&mut self, (node, port): (u32, u16), what: T) {
        if self.nodes.len() <= node as usize {
            self.nodes.resize_with(node as usize + 1, Vec::new);
        }
        let ports = &mut self.nodes[node as usize];
        let place = Self::find(ports, port).expect_err("a port is claimed before it is used");
        ports.insert(place, (port, what));
    }

    pub(super) fn remove(&mut self, (node, port): (u32, u16)) -> Option<T> {
        let ports = self.nodes.get_mut(node as usize)?;
        let place = Self::find(ports, port).ok()?;
        Some(ports.remove(place).1)
    }

    /// The ports of a node on which there is something, in order.
    pub(super) fn of(&self, node: u32) -> Vec<u16> {
        let ports = self.nodes.get(node as usize).map_or(&[][..], Vec::as_slice);
        ports.iter().map(|(port, _)| *port).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_on_a_port_is_found_there_alone() {
        let mut ports = Ports::default();
        for place in [(3, 80), (3, 9), (3, 443), (0, 80)] {
            assert!(ports.get(place).is_none());
            ports.insert(place, place);
        }
        assert_eq!(ports.of(3), [9, 80, 443]);
        assert_eq!(ports.get((3, 80)), Some(&(3, 80)));
        assert_eq!(ports.remove((3, 80)), Some((3, 80)));
        assert_eq!(ports.get((3, 80)), None);
        assert_eq!(ports.get_mut((3, 443)), Some(&mut (3, 443)));
        assert_eq!((ports.of(0), ports.of(1), ports.of(9)), (vec![80], vec![], vec![]));
    }
}
