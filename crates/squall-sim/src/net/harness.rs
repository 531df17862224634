//! What a harness does to the network; beside laying and removing rules, which stand with the rest of
//! [`Sim`](crate::Sim).

use squall_history::{LinkProfile, NodeName, Ppm};

use super::rule::RuleId;
use crate::effects::Effects;
use crate::neutral::unless_neutral;
use crate::sim::{Sim, index};
use crate::world;

impl Sim {
    /// Gives links profiles of their own, in place of the network's. Where several name a link the last
    /// counts. For a simulation that has not run yet.
    ///
    /// # Panics
    /// If a node is unknown, or packets have crossed links already.
    pub fn set_links(&mut self, profiles: &[LinkProfile]) {
        world::with(|world| world.net_profiles(profiles));
    }

    /// From now on a packet that meets the rule gets, with this chance, the draw of the packet that met
    /// it before on the same link: lost again, as late again (as `correlation` of tc-netem(8), but each
    /// decision is repeated whole and the rate stays what it was). For rules on loss, duplicate, reorder,
    /// corrupt and latency; on others it has no effect.
    pub fn correlate(&mut self, rule: RuleId, correlation: Ppm) {
        world::with(|world| world.net_correlate(rule, correlation));
    }

    /// Resets every open connection between the two nodes of each link, whoever opened it: both ends
    /// read `ConnectionReset`.
    pub fn reset(&mut self, links: &[(NodeName, NodeName)]) -> Effects {
        let links = unless_neutral("reset", links).iter();
        let links: Vec<(u32, u32)> = links.map(|(from, to)| (index(from), index(to))).collect();
        world::with(|world| world.net_reset(&links))
    }
}
