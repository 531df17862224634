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

use squall_history::{Domain, Draws, Identity, Plan, Ppm, SimDuration, SimTime};
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
        squall_sim::fold_guests(self.watch.folded());
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
        // What turmoil loses it lets through again by mending the whole link, cuts and all. So a link with a
        // cut loses nothing else.
        let is_cut = there.cut || back.cut;
        let loss = if is_cut { Ppm::ZERO } else { there.loss.max(back.loss) };
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
        if cut_before != cuts(after) {
            // Also out of a loss of its own that it has not mended yet.
            self.sim.repair(a, b);
            let (there, back) = cuts(after);
            for (from, to, is_cut) in [(a, b, there), (b, a, back)] {
                if is_cut {
                    self.sim.partition_oneway(from, to);
                }
            }
        }
        if holds(after) && !held_before {
            self.sim.hold(a, b);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use turmoil::net::UdpSocket;

    use super::*;

    const PORT: u16 = 9;

    /// Sends to the other one all the time; counts what it gets.
    async fn chatter(other: &'static str, heard: Rc<RefCell<u32>>) -> turmoil::Result {
        let socket = Rc::new(UdpSocket::bind((Ipv4Addr::UNSPECIFIED, PORT)).await?);
        let sender = socket.clone();
        tokio::task::spawn_local(async move {
            loop {
                sender.send_to(b"x", (other, PORT)).await.unwrap();
                tokio::time::sleep(TICK).await;
            }
        });
        loop {
            socket.recv_from(&mut [0]).await?;
            *heard.borrow_mut() += 1;
        }
    }

    /// turmoil's own loss mends a link with all its cuts: it must not be asked for both.
    #[test]
    fn a_cut_holds_on_a_link_that_loses_packets() {
        let mut sim = turmoil::Builder::new().rng_seed(1).build();
        let heard: [Rc<RefCell<u32>>; 2] = Default::default();
        for (name, other, heard) in [("a", "b", &heard[0]), ("b", "a", &heard[1])] {
            let heard = heard.clone();
            sim.host(name, move || chatter(other, heard.clone()));
        }
        let names = vec!["a".to_owned(), "b".to_owned()];
        let mut turmoil =
            Turmoil { sim, names, slots: vec![None; 2], pairs: BTreeMap::new(), watch: Watch::new() };
        let zero = SimDuration::ZERO;
        let healthy = LinkState { cut: false, held: false, latency: zero, jitter: zero, loss: Ppm::ZERO };
        let lossy = LinkState { loss: Ppm::percent(50), ..healthy };
        let run = |turmoil: &mut Turmoil, there, back| {
            turmoil.set_link(0, 1, there, back);
            heard.iter().for_each(|heard| *heard.borrow_mut() = 0);
            for _ in 0..500 {
                turmoil.sim.step().unwrap();
            }
            heard.each_ref().map(|heard| *heard.borrow())
        };
        let [at_a, at_b] = run(&mut turmoil, lossy, lossy);
        assert!((1..400).contains(&at_a) && (1..400).contains(&at_b), "half is lost: {at_a}, {at_b}");
        let [at_a, at_b] = run(&mut turmoil, LinkState { cut: true, ..lossy }, lossy);
        assert!(at_a > 400 && at_b == 0, "one direction is cut: {at_a}, {at_b}");
        let [at_a, at_b] = run(&mut turmoil, healthy, healthy);
        assert!(at_a > 400 && at_b > 400, "all is well again: {at_a}, {at_b}");
    }
}
