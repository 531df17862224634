//! An engine whose tasks and network are another simulator's.
//!
//! The machines stay ours ([`Cluster`]): on each node a stand-in task runs for the software that the other
//! simulator, the [`Peer`], polls as a guest. Time passes in steps: our machines to an instant, then the
//! peer one step on. Whoever died on our side (killed, struck at a hook, ended by itself) is taken down on
//! the other before it takes another step.

mod links;

use std::collections::BTreeMap;

use squall_history::{Identity, NodeName, Plan, Ppm, SimTime};
use squall_sim::{Effects, Ended, Guest, Ran, Resolver, Rule, RuleId, Software};

use self::links::LinkBook;
pub(super) use self::links::{LinkState, Seen};
use super::{Cluster, Engine};

/// What another simulator can do. Nodes are numbered by their place in the topology.
pub(super) trait Peer {
    /// Says on which node the calling code runs.
    const RESOLVER: Resolver;

    /// Lets time pass from `now`, and no further than `limit`; the time it is then.
    fn step(&mut self, now: SimTime, limit: SimTime) -> SimTime;
    /// Starts a node that does not run.
    fn start(&mut self, node: usize, software: Guest<Software>);
    /// Ends a node's process: its tasks are gone, its connections closed.
    fn crash(&mut self, node: usize);
    /// Ends a node without a word to anybody.
    fn power_loss(&mut self, node: usize);
    /// Makes a node's tasks stand still.
    fn pause(&mut self, node: usize);
    /// Lets them go on.
    fn resume(&mut self, node: usize);
    /// How the links between two nodes are from now on: from the first to the second, and back.
    fn set_link(&mut self, one: usize, other: usize, there: LinkState, back: LinkState);
    /// What has been seen so far of packets from the first node to the second.
    fn seen(&self, from: usize, to: usize) -> Seen;
}

/// Our machines, and another simulator for their tasks and packets.
pub(super) struct Foreign<P> {
    /// Before the machines: what it drops still has them under it.
    peer: P,
    cluster: Cluster,
    names: Vec<NodeName>,
    places: BTreeMap<NodeName, usize>,
    /// Whether the peer runs a node.
    running: Vec<bool>,
    links: LinkBook,
    now: SimTime,
    steps: u64,
}

impl<P: Peer> Foreign<P> {
    /// The nodes of a plan on the peer that `make` makes, every one about to start.
    pub(super) fn new(plan: &Plan, cluster: Cluster, make: impl FnOnce(&Plan, &Cluster) -> P) -> Self {
        squall_sim::host_guests(P::RESOLVER);
        let names = cluster.names();
        let places = names.iter().cloned().enumerate().map(|(place, name)| (name, place)).collect();
        let mut engine = Self {
            peer: make(plan, &cluster),
            cluster,
            places,
            running: vec![false; names.len()],
            links: LinkBook::new(plan),
            now: SimTime::ZERO,
            steps: 0,
            names,
        };
        for name in engine.names.clone() {
            engine.start(&name);
        }
        for one in 0..engine.names.len() {
            engine.refresh_node(one);
        }
        engine
    }

    fn place(&self, node: &NodeName) -> usize {
        self.places[node]
    }

    /// Takes down on the other side who is down on ours.
    fn reconcile(&mut self) {
        for place in 0..self.names.len() {
            if self.running[place] && !self.cluster.sim.is_up(&self.names[place]) {
                self.running[place] = false;
                self.peer.crash(place);
            }
        }
    }

    /// Tells the peer how the links of a node are.
    fn refresh_node(&mut self, node: usize) {
        for other in (0..self.names.len()).filter(|other| *other != node) {
            self.refresh(node, other);
        }
    }

    fn refresh(&mut self, one: usize, other: usize) {
        let (there, back) = (self.links.state(one, other), self.links.state(other, one));
        self.peer.set_link(one, other, there, back);
    }

    fn refresh_all(&mut self, links: &[(usize, usize)]) {
        for (from, to) in links {
            self.refresh(*from, *to);
        }
    }
}

impl<P: Peer> Engine for Foreign<P> {
    fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    fn cluster_mut(&mut self) -> &mut Cluster {
        &mut self.cluster
    }

    fn run_until(&mut self, limit: SimTime) -> Ran {
        loop {
            self.cluster.sim.tell_stray_panics();
            let ran = self.cluster.sim.run_until(self.now);
            self.reconcile();
            if ran != Ran::Reached || self.now >= limit {
                return ran;
            }
            self.now = self.peer.step(self.now, limit);
            self.steps += 1;
            self.cluster.sim.tell_progress(self.steps);
        }
    }

    fn start(&mut self, node: &NodeName) {
        // Whoever a neutral fault has not stopped is not started again.
        if self.is_up(node) {
            return;
        }
        let place = self.place(node);
        let software = self.cluster.software(node);
        let guest = self.cluster.sim.start_guest(node, software);
        self.peer.start(place, guest);
        self.running[place] = true;
        if self.links.lighten(place) {
            self.refresh_node(place);
        }
    }

    fn kill(&mut self, node: &NodeName) -> Effects {
        let effects = self.cluster.sim.kill(node);
        self.reconcile();
        effects
    }

    fn power_loss(&mut self, node: &NodeName) -> Effects {
        let effects = self.cluster.sim.power_loss(node);
        let place = self.place(node);
        if self.running[place] && !self.is_up(node) {
            self.running[place] = false;
            self.links.darken(place);
            self.refresh_node(place);
            self.peer.power_loss(place);
        }
        effects
    }

    fn wipe(&mut self, node: &NodeName) -> Effects {
        let effects = self.cluster.sim.wipe(node);
        self.reconcile();
        effects
    }

    fn pause(&mut self, node: &NodeName) {
        self.cluster.sim.pause(node);
        if !squall_sim::is_neutral("pause") && self.is_up(node) {
            let place = self.place(node);
            self.peer.pause(place);
        }
    }

    fn resume(&mut self, node: &NodeName) -> Effects {
        let mut effects = self.cluster.sim.resume(node);
        if !squall_sim::is_neutral("pause") && self.is_up(node) {
            let place = self.place(node);
            self.peer.resume(place);
            effects.add("wakes-delayed", 1);
        }
        effects
    }

    fn add_link_rule(
        &mut self,
        identity: Identity,
        rule: Rule,
        _correlation: Ppm,
        links: &[(NodeName, NodeName)],
    ) -> RuleId {
        // Ours carries no packet, but it answers who a name is, and folds what was done into the digest.
        let id = self.cluster.sim.add_rule(identity, rule, links);
        let places: Vec<_> = links.iter().map(|(from, to)| (self.place(from), self.place(to))).collect();
        self.links.lay(id, rule, &places, |from, to| self.peer.seen(from, to));
        self.refresh_all(&places);
        id
    }

    fn remove_rule(&mut self, rule: RuleId) -> Effects {
        let mut effects = self.cluster.sim.remove_rule(rule);
        let places = self.links.remove(rule, &mut effects, |from, to| self.peer.seen(from, to));
        self.refresh_all(&places);
        effects
    }

    fn end(self: Box<Self>) -> Ended {
        let Self { peer, cluster, .. } = *self;
        drop(peer);
        cluster.end()
    }
}
