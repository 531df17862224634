//! Buggify: unlikely but legal turns that the system offers, taken on purpose (FoundationDB's word
//! and its two levels; Zhou and others, "FoundationDB: A Distributed Unbundled Transactional Key
//! Value Store", SIGMOD 2021, section 4).
//!
//! Two levels, so that seeds differ in *which* turns are taken: a site is enabled for the whole of a
//! rule with one chance, and an enabled one fires at each evaluation with another. If every site fired
//! now and then in every run, no run would see one of them alone.
//!
//! Draws are of the domain `Buggify`. Enabling, and the extreme of a knob: (rule, site; 0). Firing:
//! (rule, site, node, boot; n), n counting the evaluations that the rule met there from 1. So neither
//! another site nor another node shifts one.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use squall_history::{Domain, Draw, Identity, NodeName, Ppm};

use super::FIRED;
use crate::caller::{self, Caller};
use crate::effects::Effects;
use crate::neutral::unless_neutral;
use crate::sim::{Sim, index};
use crate::world::{self, World};

/// How often turns are taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BuggifySettings {
    /// Globs over the names of sites; empty: every site.
    pub sites: Vec<String>,
    /// Chance that a site is enabled, for all nodes, as long as the rule holds.
    pub enable: Ppm,
    /// Chance that an enabled site fires, at each evaluation. A site may bring its own.
    pub fire: Ppm,
}

impl Default for BuggifySettings {
    /// Every site, and FoundationDB's shares: a quarter enabled, a quarter of the evaluations.
    fn default() -> Self {
        Self { sites: Vec::new(), enable: Ppm::percent(25), fire: Ppm::percent(25) }
    }
}

/// A rule of [`Sim::buggify`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BuggifyId(u32);

/// A rule in force.
#[derive(Debug)]
struct Rule {
    identity: Identity,
    settings: BuggifySettings,
    nodes: BTreeSet<u32>,
    sites: BTreeMap<&'static str, Site>,
    effects: Effects,
}

/// A site as one rule has met it.
#[derive(Debug)]
struct Site {
    /// Addresses its draws under this rule.
    identity: Identity,
    enabled: bool,
    /// Evaluations, by node and incarnation.
    met: BTreeMap<(u32, u32), u64>,
    has_fired: bool,
}

/// All rules in force.
#[derive(Debug, Default)]
pub(crate) struct BuggifyRules {
    active: BTreeMap<u32, Rule>,
    laid: u32,
}

thread_local! {
    /// Whether a rule is in force on this thread's simulation: sites are evaluated at every turn of a
    /// program, and mostly there is none.
    static IN_FORCE: Cell<bool> = const { Cell::new(false) };
}

/// A world comes or goes.
pub(crate) fn reset() {
    IN_FORCE.set(false);
}

/// Whether the calling node takes the unlikely turn at `site`; `chance` in place of the rule's own if
/// the site brings one. Never outside software on a node.
#[inline]
pub fn fires(site: &'static str, chance: Option<Ppm>) -> bool {
    IN_FORCE.get() && ask(site, |rule, met| rule.fires(met, chance)).is_some()
}

/// Which of `extremes` a knob takes in place of its default: the same one as long as the rule holds.
#[inline]
pub fn knob(site: &'static str, extremes: usize) -> Option<usize> {
    if !IN_FORCE.get() {
        return None;
    }
    ask(site, |_, met| met.enabling.property(1).below(extremes as u64).try_into().ok())
}

/// One evaluation of an enabled site.
struct Met {
    /// The draw that enabled the site.
    enabling: Draw,
    /// The evaluation's own.
    draw: Draw,
}

impl Rule {
    fn fires(&self, met: &Met, chance: Option<Ppm>) -> Option<()> {
        met.draw.chance(chance.unwrap_or(self.settings.fire)).then_some(())
    }

    fn concerns(&self, site: &str) -> bool {
        let globs = &self.settings.sites;
        globs.is_empty() || globs.iter().any(|glob| fast_glob::glob_match(glob, site))
    }
}

/// Asks every rule that concerns the calling node; the first that takes effect decides. All of them
/// count the evaluation, so none shifts another's draws.
fn ask<T>(site: &'static str, decide: impl Fn(&Rule, &Met) -> Option<T>) -> Option<T> {
    let caller = caller::get()?;
    world::with(|world| {
        if !world.nodes.is_current(caller.node, caller.boot) {
            return None;
        }
        let rules: Vec<u32> = world.coop.buggify.active.keys().copied().collect();
        let mut taken = None;
        for rule in rules {
            let decided = world.buggify_ask(rule, caller, site, &decide);
            taken = taken.or(decided);
        }
        taken
    })
}

impl World {
    fn buggify_ask<T>(
        &mut self,
        rule: u32,
        caller: Caller,
        site: &'static str,
        decide: &impl Fn(&Rule, &Met) -> Option<T>,
    ) -> Option<T> {
        let node = self.nodes.get(caller.node).identity;
        let rule = self.coop.buggify.active.get_mut(&rule).expect("just listed");
        if !rule.nodes.contains(&caller.node) {
            return None;
        }
        if !rule.sites.contains_key(site) {
            let identity = rule.identity.with(Identity::of(site).0);
            let enabled = rule.concerns(site)
                && self.draws.draw(Domain::Buggify, identity, 0).chance(rule.settings.enable);
            let met = Site { identity, enabled, met: BTreeMap::new(), has_fired: false };
            rule.sites.insert(site, met);
        }
        let state = rule.sites.get_mut(site).expect("just put in");
        if !state.enabled {
            return None;
        }
        let nth = state.met.entry((caller.node, caller.boot)).or_default();
        *nth += 1;
        let nth = *nth;
        let identity = state.identity;
        let met = Met {
            enabling: self.draws.draw(Domain::Buggify, identity, 0),
            draw: self.draws.draw(Domain::Buggify, identity.with(node.0).with(caller.boot.into()), nth),
        };
        let taken = decide(rule, &met)?;
        let state = rule.sites.get_mut(site).expect("as before");
        let is_first = !std::mem::replace(&mut state.has_fired, true);
        rule.effects.add("sites-fired", u64::from(is_first));
        rule.effects.add("firings", 1);
        [FIRED, Identity::of(site).0, node.0, nth].into_iter().for_each(|word| self.trace.fold(word));
        Some(taken)
    }
}

impl Sim {
    /// Lets `nodes` take unlikely turns until the rule is removed. `identity` addresses its draws.
    pub fn buggify(
        &mut self,
        identity: Identity,
        settings: &BuggifySettings,
        nodes: &[NodeName],
    ) -> BuggifyId {
        let nodes = unless_neutral("buggify", nodes).iter().map(index).collect();
        IN_FORCE.set(true);
        world::with(|world| {
            let rules = &mut world.coop.buggify;
            rules.laid += 1;
            let rule = Rule {
                identity,
                settings: settings.clone(),
                nodes,
                sites: BTreeMap::new(),
                effects: Effects::default(),
            };
            rules.active.insert(rules.laid, rule);
            BuggifyId(rules.laid)
        })
    }

    /// Removes a rule; what it did: `sites-fired`, how many sites took effect at all, and `firings`,
    /// how often.
    ///
    /// # Panics
    /// If it was removed before.
    pub fn remove_buggify(&mut self, rule: BuggifyId) -> Effects {
        world::with(|world| {
            let rules = &mut world.coop.buggify;
            let removed = rules.active.remove(&rule.0).expect("a rule is removed once");
            IN_FORCE.set(!rules.active.is_empty());
            removed.effects
        })
    }
}
