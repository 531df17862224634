//! Faults as data: what a scenario plans, and what a nemesis applied, in one format.
//!
//! A *planned* fault may still name its targets by selector; a *bound* one names them literally.
//! Both are the same types, so `plan.yaml` and `bound.yaml` are the same kind of file.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{DiskFault, LinkFault, NodeFault, NodeName, NodeSpec, Ppm, SimDuration, SimTime};

/// Identity of a fault in its plan: the entry's `name`, else its action, then `#` and a counter.
/// Given at planning, kept by bound and shrunk plans; its draws are addressed by it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FaultId(pub Arc<str>);

impl fmt::Display for FaultId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A fault with its moment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PlannedFault {
    /// Its identity.
    pub id: FaultId,
    /// When it is applied.
    pub at: SimTime,
    /// How long it lasts; for node stops the time until restart. Absent: to the end of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lasts: Option<SimDuration>,
    /// How the fault budget bounds it. Faults drawn by `random` obey the budget; what a scenario
    /// writes out by hand is applied as written.
    #[serde(default)]
    pub budget: BudgetRule,
    /// What it does.
    pub action: Action,
}

/// How the fault budget (what a system promises to survive) bounds a fault.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BudgetRule {
    /// Not at all: it is applied as written. If it goes beyond the budget only safety is judged.
    #[default]
    AsWritten,
    /// It is refused if more would be unavailable at a time than the system tolerates.
    QuorumStays,
    /// More may be unavailable for a while, if they come back with all they had: a fault that ends by
    /// itself and leaves disks and promises alone. Anything else is bound as by `QuorumStays`.
    QuorumReturns,
}

impl BudgetRule {
    /// Whether the budget may refuse the fault.
    pub const fn may_refuse(self) -> bool {
        !matches!(self, Self::AsWritten)
    }
}

/// What a fault does.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// The process dies; the operating system lives: peers see FIN or RST, the page cache stays.
    Kill(Selector),
    /// The machine dies: silence on the network, unsynced data lost or torn.
    PowerLoss(Selector),
    /// The process stands still (SIGSTOP): the kernel still acknowledges and buffers.
    Pause(Selector),
    /// The process is asked to stop, and killed after a while (SIGTERM, then SIGKILL).
    Stop {
        /// Who.
        target: Selector,
        /// How long it may take.
        grace: SimDuration,
    },
    /// The process is killed, the disks are emptied, and it starts again at once: an instant.
    Wipe(Selector),
    /// Packets between some nodes are lost, in one direction or both.
    Partition(Partition),
    /// Something is wrong with links.
    Link(LinkFault),
    /// Something is wrong with nodes that go on running.
    Node(NodeFault),
    /// Something is wrong with disks.
    Disk(DiskFault),
    /// Every fault in force ends; a drawn core of nodes, enough for what the system promises, is left
    /// alone from now on, and every other node is broken for ever. Planned only: a bound plan holds
    /// the ends and the broken nodes.
    Core(CoreSize),
}

/// How many nodes are left outside a core.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CoreSize {
    /// Of each role a drawn number, up to as many as the system tolerates to lose.
    Random,
    /// Of each role as many as the system tolerates to lose.
    Smallest,
}

impl CoreSize {
    /// Every one with its name in the scenario schema.
    pub const ALL: [(&'static str, Self); 2] = [("random", Self::Random), ("smallest", Self::Smallest)];

    /// Its name in the scenario schema.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Smallest => "smallest",
        }
    }
}

impl Action {
    /// The keyword of the scenario schema.
    pub const fn keyword(&self) -> &'static str {
        match self {
            Self::Kill(_) => "kill",
            Self::PowerLoss(_) => "power-loss",
            Self::Pause(_) => "pause",
            Self::Stop { .. } => "stop",
            Self::Wipe(_) => "wipe",
            Self::Partition(_) => "partition",
            Self::Link(fault) => fault.trouble.keyword(),
            Self::Node(fault) => fault.trouble.keyword(),
            Self::Disk(_) => "disk",
            Self::Core(_) => "core",
        }
    }

    /// Every keyword an [`Action`] can have.
    pub const KEYWORDS: [&'static str; 22] = [
        "kill",
        "power-loss",
        "stop",
        "pause",
        "slow",
        "wipe",
        "partition",
        "latency",
        "loss",
        "duplicate",
        "reorder",
        "corrupt",
        "bandwidth",
        "hold",
        "reset",
        "refuse",
        "dns",
        "disk",
        "clock",
        "buggify",
        "hook",
        "core",
    ];

    /// Whether it is over as soon as it is done.
    pub fn is_instant(&self) -> bool {
        match self {
            Self::Wipe(_) | Self::Core(_) => true,
            Self::Link(fault) => fault.trouble.is_instant(),
            Self::Node(fault) => fault.trouble.is_instant(),
            Self::Disk(fault) => fault.trouble.is_instant(),
            _ => false,
        }
    }
}

/// Which nodes.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Selector {
    /// The latest node in true time to emit `became-leader`.
    Leader,
    /// These, literally.
    Nodes(Vec<NodeName>),
    /// Those that match, narrowed by a mode.
    Where(Filter),
}

/// Nodes by what they are. An empty list means any.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Filter {
    /// One of these roles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// In one of these zones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub zones: Vec<String>,
    /// With all of these labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// How many of the matching.
    #[serde(default)]
    pub mode: Mode,
    /// Which of the matching come first, if not all are taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefer: Option<Prefer>,
}

/// Nodes that a selector takes before others, when it is bound.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Prefer {
    /// Those whose software waits for its disks (TigerBeetle's crashes are biased towards them).
    IoInFlight,
}

impl Prefer {
    /// Every one with its name in the scenario schema.
    pub const ALL: [(&'static str, Self); 1] = [("io-in-flight", Self::IoInFlight)];

    /// Its name in the scenario schema.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, it)| *it == self).map(|(name, _)| *name).expect("ALL lists every one")
    }
}

impl Filter {
    /// Whether a node is among those of which the mode takes some.
    pub fn fits(&self, node: &NodeSpec) -> bool {
        let zone_fits = || node.zone.as_ref().is_some_and(|zone| self.zones.contains(zone));
        (self.roles.is_empty() || self.roles.contains(&node.role))
            && (self.zones.is_empty() || zone_fits())
            && self.labels.iter().all(|(key, value)| node.labels.get(key) == Some(value))
    }
}

/// How many of the matching nodes; which of them is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Every one.
    #[default]
    All,
    /// One of them.
    One,
    /// This many, or all if there are fewer.
    Fixed(u32),
    /// This share, rounded to the nearest, at least one.
    FixedPercent(Ppm),
    /// A drawn number from one to this share (rounded to the nearest, at least one).
    RandomMaxPercent(Ppm),
}

/// Which directed links: from each of `from` to each of `to`. A node never matches itself.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct LinkSelector {
    /// One end.
    pub from: Selector,
    /// The other end; absent: all nodes not in `from`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Selector>,
    /// Packets from→to, to→from, or both.
    #[serde(default)]
    pub direction: Direction,
}

/// Direction of a network fault, seen from its `from` side.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Packets from→to.
    To,
    /// Packets to→from.
    From,
    /// Both.
    #[default]
    Both,
}

/// What a partition cuts.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Partition {
    /// A shape with a name, laid over the system's servers when it is applied.
    Shape(PartitionShape),
    /// These cuts.
    Cuts(Vec<Cut>),
}

/// One cut of a partition: all links of the selector lose every packet.
pub type Cut = LinkSelector;

/// Shapes of partitions by name (Jepsen's, and those of the partial-partition studies).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartitionShape {
    /// One drawn server against all other nodes.
    IsolateOne,
    /// The leader against all other nodes.
    IsolateLeader,
    /// A drawn majority of the servers against the other servers; clients reach both sides.
    Majority,
    /// A drawn third of the servers (rounded down, at least one) against all other servers.
    MinorityThird,
    /// All nodes, clients included, in two drawn halves.
    Halves,
    /// Two drawn halves of the servers that only one server in the middle can reach.
    Bridge,
    /// Each server reaches a majority, no two the same one.
    MajoritiesRing,
    /// A drawn part of the servers is cut off one by one, and comes back in another order.
    SwizzleClog,
}

impl PartitionShape {
    /// Every shape with its name in the scenario schema.
    pub const ALL: [(&'static str, Self); 8] = [
        ("isolate-one", Self::IsolateOne),
        ("isolate-leader", Self::IsolateLeader),
        ("majority", Self::Majority),
        ("minority-third", Self::MinorityThird),
        ("halves", Self::Halves),
        ("bridge", Self::Bridge),
        ("majorities-ring", Self::MajoritiesRing),
        ("swizzle-clog", Self::SwizzleClog),
    ];

    /// Its name in the scenario schema.
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, shape)| *shape == self)
            .map(|(name, _)| *name)
            .expect("ALL lists every shape")
    }
}
