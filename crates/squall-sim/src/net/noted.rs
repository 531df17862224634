//! Packets of a guest that another simulator carries, noted where a rule of ours lies on their link: some
//! simulators tell nobody what their links keep back.

use std::net::IpAddr;

use super::link::LinkId;
use super::rule::Rule;
use crate::caller;
use crate::world;

/// The calling guest sends a packet to the node at this address. A cut of the link counts it as dropped.
pub fn note_sent(to: IpAddr) {
    let (Some(caller), IpAddr::V4(to)) = (caller::get(), to) else { return };
    world::with(|world| {
        let Some(node) = world.nodes.at_address(to) else { return };
        let link = LinkId { from: caller.node, to: node };
        let links = &mut world.net.links;
        for place in 0..links.laid(link).len() {
            let at = links.place(link).expect("a rule lies on it");
            let id = links.states[at].rules[place].id;
            if links.rules.get(id).rule == Rule::Cut {
                links.rules.count(id, "packets-dropped");
            }
        }
    });
}
