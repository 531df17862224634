//! The engine madsim: nodes of a madsim runtime run the software. For builds with `--cfg madsim` alone.
//!
//! Software may stand on `squall_io`, or on madsim (and its tokio) as it is; of the latter madsim says which
//! node a task belongs to. madsim's links are clogged one by one, but latency and loss are those of its whole
//! network: the worst that any link asks for. It has no power loss: the node stands still, since a killed one
//! says goodbye, and is killed when it starts again.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use madsim::net::NetSim;
use madsim::runtime::{Handle, NodeHandle, Runtime};
use madsim::task::NodeId;
use squall_history::{Domain, Draws, Identity, Plan, SimTime};
use squall_sim::{Guest, Resolver, Software};

use super::Cluster;
use super::foreign::{LinkState, Peer, Seen};

/// How long madsim runs at a time: its shortest sleep.
const STEP: Duration = Duration::from_millis(1);

/// Software that the next start of a node takes.
type Slot = Arc<Mutex<Option<Guest<Software>>>>;

thread_local! {
    /// The place of each of madsim's nodes.
    static PLACES: RefCell<BTreeMap<NodeId, u32>> = const { RefCell::new(BTreeMap::new()) };
}

/// On which node the caller is.
fn node_of_task() -> Option<u32> {
    // Outside its runtime there is no task to ask.
    Handle::try_current().ok()?;
    PLACES.with_borrow(|places| places.get(&madsim::plugin::node()).copied())
}

pub(super) struct Madsim {
    runtime: Runtime,
    net: Arc<NetSim>,
    hosts: Vec<(String, IpAddr)>,
    nodes: Vec<Option<(NodeHandle, Slot)>>,
    links: BTreeMap<(usize, usize), LinkState>,
    /// Nodes that stand still for want of power.
    dark: BTreeSet<usize>,
}

impl Madsim {
    pub(super) fn new(plan: &Plan, cluster: &Cluster) -> Self {
        PLACES.take();
        let seed = Draws::new(plan.seed).draw(Domain::Network, Identity::of("madsim"), 0).bits();
        let runtime = Runtime::with_seed_and_config(seed, madsim::Config::default());
        let net = runtime.block_on(async { NetSim::current() });
        let host = |name: &squall_history::NodeName| (name.to_string(), cluster.sim.address_of(name).into());
        let hosts: Vec<_> = plan.topology.nodes.iter().map(|node| host(&node.name)).collect();
        for (name, address) in &hosts {
            net.add_dns_record(name, *address);
        }
        let nodes = hosts.iter().map(|_| None).collect();
        Self { runtime, net, hosts, nodes, links: BTreeMap::new(), dark: BTreeSet::new() }
    }

    fn id(&self, node: usize) -> NodeId {
        self.nodes[node].as_ref().expect("it was started before").0.id()
    }

    /// Latency and loss of the whole network, from those of all links.
    fn set_weather(&self) {
        let states = || self.links.values();
        let shortest = states().map(|state| state.latency).max().unwrap_or_default().to_std();
        let jitter = states().map(|state| state.jitter).max().unwrap_or_default().to_std();
        let loss = states().map(|state| state.loss.get()).max().unwrap_or_default();
        self.net.update_config(|config| {
            config.packet_loss_rate = f64::from(loss) / 1_000_000.0;
            // It draws from a range that must not be empty.
            config.send_latency = shortest..shortest + jitter + Duration::from_nanos(1);
        });
    }
}

impl Peer for Madsim {
    const RESOLVER: Resolver = node_of_task;

    fn step(&mut self, _now: SimTime, _limit: SimTime) -> SimTime {
        self.runtime.block_on(async {
            madsim::time::sleep(STEP).await;
            let elapsed = madsim::time::TimeHandle::current().elapsed();
            SimTime(u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX))
        })
    }

    fn start(&mut self, node: usize, software: Guest<Software>) {
        if let Some((handle, slot)) = &self.nodes[node] {
            slot.lock().expect("nothing panics while it holds the lock").replace(software);
            let handle = handle.id();
            if self.dark.remove(&node) {
                self.runtime.handle().kill(handle);
            }
            self.runtime.handle().restart(handle);
            return;
        }
        let slot: Slot = Arc::new(Mutex::new(Some(software)));
        let (name, address) = &self.hosts[node];
        let next = slot.clone();
        let builder = self.runtime.create_node().name(name).ip(*address);
        let handle = builder.init(move || {
            let software = next.lock().expect("nothing panics while it holds the lock").take();
            async move {
                match software {
                    Some(software) => software.await,
                    None => std::future::pending().await,
                }
            }
        });
        let handle = handle.build();
        let place = u32::try_from(node).expect("a topology is bounded");
        PLACES.with_borrow_mut(|places| places.insert(handle.id(), place));
        self.nodes[node] = Some((handle, slot));
    }

    fn crash(&mut self, node: usize) {
        self.runtime.handle().kill(self.id(node));
    }

    fn power_loss(&mut self, node: usize) {
        self.dark.insert(node);
        self.runtime.handle().pause(self.id(node));
    }

    fn pause(&mut self, node: usize) {
        self.runtime.handle().pause(self.id(node));
    }

    fn resume(&mut self, node: usize) {
        self.runtime.handle().resume(self.id(node));
    }

    fn set_link(&mut self, one: usize, other: usize, there: LinkState, back: LinkState) {
        for (from, to, state) in [(one, other, there), (other, one, back)] {
            let was_cut = self.links.insert((from, to), state).is_some_and(|before| before.cut);
            let (src, dst) = (self.id(from), self.id(to));
            match (was_cut, state.cut) {
                (false, true) => self.net.clog_link(src, dst),
                (true, false) => self.net.unclog_link(src, dst),
                _ => {}
            }
        }
        self.set_weather();
    }

    fn seen(&self, _from: usize, _to: usize) -> Seen {
        // It counts what it sends, all links together.
        Seen { sent: self.net.stat().msg_count, ..Seen::default() }
    }
}
