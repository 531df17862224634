//! The engine turmoil: hosts of a `turmoil::Sim` run the software, each on a tokio runtime of its own with
//! paused time, one millisecond after the other.
//!
//! Software may stand on `squall_io`, or on `turmoil::net` and `tokio` as it is; of the latter the runtime of
//! the task says which node it belongs to. turmoil has no power loss: the node's links are cut before its
//! host crashes and mended before it starts again. Its links are pairs: latency and loss hold in both
//! directions, whichever is asked for.

mod watch;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use squall_history::{Domain, Draws, Identity, Plan, SimDuration, SimTime};
use squall_sim::{Guest, Resolver, Software};
use tokio::runtime::{Handle, Id};

use self::watch::Watch;
use super::Cluster;
use super::foreign::{LinkState, Peer, Seen};

/// What turmoil does at a time.
const TICK: Duration = Duration::from_millis(1);

/// Software that the next start of a host takes.
type Slot = Rc<RefCell<Option<Guest<Software>>>>;

thread_local! {
    /// The runtime of each node's host.
    static RUNTIMES: RefCell<Vec<Option<Id>>> = const { RefCell::new(Vec::new()) };
}

/// On which node the caller is, by the runtime it is on.
fn node_of_runtime() -> Option<u32> {
    let id = Handle::try_current().ok()?.id();
    let place = RUNTIMES.with_borrow(|known| known.iter().position(|runtime| *runtime == Some(id)));
    place.map(|place| u32::try_from(place).expect("a topology is bounded"))
}

/// How turmoil has a pair of nodes: the state of the link there and of the one back.
type Pair = (LinkState, LinkState);

pub(super) struct Turmoil {
    sim: turmoil::Sim<'static>,
    names: Vec<String>,
    slots: Vec<Option<Slot>>,
    pairs: BTreeMap<(usize, usize), Pair>,
    watch: Watch,
}

impl Turmoil {
    pub(super) fn new(plan: &Plan, _cluster: &Cluster) -> Self {
        let names: Vec<String> = plan.topology.nodes.iter().map(|node| node.name.to_string()).collect();
        RUNTIMES.set(vec![None; names.len()]);
        let seed = Draws::new(plan.seed).draw(Domain::Network, Identity::of("turmoil"), 0).bits();
        let mut builder = turmoil::Builder::new();
        builder.rng_seed(seed).tick_duration(TICK).enable_random_order();
        builder.epoch(SystemTime::UNIX_EPOCH).simulation_duration(Duration::from_secs(u32::MAX.into()));
        let slots = vec![None; names.len()];
        Self { sim: builder.build(), names, slots, pairs: BTreeMap::new(), watch: Watch::new() }
    }

    fn name(&self, node: usize) -> &str {
        &self.names[node]
    }
}

/// turmoil tells the software of a host from its factory by time: the factory is called when the host starts.
fn register(sim: &mut turmoil::Sim<'static>, name: &str, node: usize, slot: Slot) {
    sim.host(name, move || {
        let software = slot.borrow_mut().take();
        async move {
            RUNTIMES.with_borrow_mut(|known| known[node] = Some(Handle::current().id()));
            match software {
                Some(software) => software.await,
                None => std::future::pending().await,
            }
            Ok(())
        }
    });
}

impl Peer for Turmoil {
    const RESOLVER: Resolver = node_of_runtime;

    fn step(&mut self, now: SimTime, _limit: SimTime) -> SimTime {
        let stepped = self.watch.during(|| self.sim.step());
        stepped.expect("a host's software neither ends nor panics: both are kept from turmoil");
        now + SimDuration::from(TICK)
    }

    fn start(&mut self, node: usize, software: Guest<Software>) {
        match &self.slots[node] {
            Some(slot) => {
                slot.replace(Some(software));
                let name = self.names[node].clone();
                self.watch.during(|| self.sim.bounce(name));
            }
            None => {
                let slot: Slot = Rc::new(RefCell::new(Some(software)));
                register(&mut self.sim, &self.names[node], node, slot.clone());
                self.slots[node] = Some(slot);
                let address = self.sim.lookup(self.names[node].as_str());
                self.watch.learn(address, node);
            }
        }
    }

    fn crash(&mut self, node: usize) {
        let name = self.names[node].clone();
        self.watch.during(|| self.sim.crash(name));
        RUNTIMES.with_borrow_mut(|known| known[node] = None);
    }

    fn power_loss(&mut self, node: usize) {
        // Its links are cut by now: what its sockets say as they close reaches nobody.
        self.crash(node);
    }

    fn pause(&mut self, _node: usize) {
        unreachable!("turmoil polls every host; pauses are refused");
    }

    fn resume(&mut self, _node: usize) {
        unreachable!("turmoil polls every host; pauses are refused");
    }

    fn set_link(&mut self, one: usize, other: usize, there: LinkState, back: LinkState) {
        let (one, other, there, back) =
            if one < other { (one, other, there, back) } else { (other, one, back, there) };
        let before = self.pairs.insert((one, other), (there, back));
        if before == Some((there, back)) {
            return;
        }
        self.set_passage(one, other, before, (there, back));
        let (a, b) = (self.name(one).to_owned(), self.name(other).to_owned());
        let shortest = there.latency.max(back.latency).to_std();
        let jitter = there.jitter.max(back.jitter).to_std();
        self.sim.set_link_latency(a.as_str(), b.as_str(), shortest);
        self.sim.set_link_max_message_latency(a.as_str(), b.as_str(), shortest + jitter);
        let loss = there.loss.max(back.loss);
        self.sim.set_link_fail_rate(a.as_str(), b.as_str(), f64::from(loss.get()) / 1_000_000.0);
    }

    fn seen(&self, from: usize, to: usize) -> Seen {
        self.watch.seen(from, to)
    }
}

impl Turmoil {
    /// Whether packets pass, wait or are lost. turmoil has one state for each direction, and holds only
    /// both: a cut takes precedence.
    fn set_passage(&mut self, one: usize, other: usize, before: Option<Pair>, after: Pair) {
        let holds = |(there, back): Pair| (there.held || back.held) && !there.cut && !back.cut;
        let cuts = |pair: Pair| (pair.0.cut, pair.1.cut);
        let (held_before, cut_before) =
            before.map_or((false, (false, false)), |pair| (holds(pair), cuts(pair)));
        let (a, b) = (self.name(one), self.name(other));
        if held_before && !holds(after) {
            self.sim.release(a, b);
        }
        let (cut_there, cut_back) = cuts(after);
        for (from, to, was, is) in [(a, b, cut_before.0, cut_there), (b, a, cut_before.1, cut_back)] {
            match (was, is) {
                (false, true) => self.sim.partition_oneway(from, to),
                (true, false) => self.sim.repair_oneway(from, to),
                _ => {}
            }
        }
        if holds(after) && !held_before {
            self.sim.hold(a, b);
        }
    }
}
