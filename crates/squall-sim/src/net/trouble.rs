//! What strikes connections and not packets: resets, and refusals of requests.

use std::collections::BTreeSet;
use std::io::ErrorKind;

use super::conn::{ConnKey, Side, Socket, Stage};
use super::link::LinkId;
use super::rule::{Rule, RuleId};
use crate::effects::Effects;
use crate::world::World;

impl World {
    /// Resets every open connection between the nodes of these links, whoever opened it: both ends get
    /// a RST, as from a middlebox that forgot the connection and tells so.
    pub(crate) fn net_reset(&mut self, links: &[(u32, u32)]) -> Effects {
        /// Tells this instant from others in the digest.
        const RESET: u64 = 0x5e7;
        self.trace.fold(RESET);
        for &(from, to) in links {
            assert!(from != to, "a node's link to itself is not subject to faults");
            self.trace.fold(self.nodes.get(from).identity.with(self.nodes.get(to).identity.0).0);
        }
        let struck: BTreeSet<(u32, u32)> = links.iter().copied().collect();
        let mut effects = Effects::default();
        for key in self.net.conns.keys() {
            let conn = self.net.conns.get(key).expect("just listed");
            let [client, server] = [conn.ends[0].node, conn.ends[1].node];
            let is_open = matches!(conn.stage, Stage::Connected | Stage::Accepted)
                && conn.ends.iter().any(|end| end.socket == Socket::Open);
            if is_open && (struck.contains(&(client, server)) || struck.contains(&(server, client))) {
                effects.add("connections-reset", 1);
                self.conn_reset_at(key, 0);
                self.conn_reset_at(key, 1);
            }
        }
        effects
    }

    fn conn_reset_at(&mut self, key: ConnKey, side: Side) {
        let Some(conn) = self.net.conns.get_mut(key) else { return };
        if side == 1 && conn.stage != Stage::Accepted {
            // No program holds it yet: only the kernel has to forget it.
            conn.ends[1].socket = Socket::Gone;
            self.conn_tidy(key);
        } else {
            self.conn_fail(key, side, ErrorKind::ConnectionReset);
        }
    }

    /// The rule that refuses what a link's requests ask for, counted.
    pub(super) fn refused_by_rule(&mut self, link: LinkId) -> Option<RuleId> {
        let rule = self.net.links.rule(link, |rule| rule == Rule::Refuse)?;
        self.net.links.rules.count(rule, "connections-refused");
        Some(rule)
    }
}
