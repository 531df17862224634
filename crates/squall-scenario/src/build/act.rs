//! What goes wrong: a function for each keyword of a fault, with what it cannot do without.
//!
//! What is optional is added by [`Act::with`], under the key that the file has: `docs/faults.md` lists them.

use super::{Map, Nodes, Setting};

/// What goes wrong.
#[derive(Clone, PartialEq, Debug)]
pub struct Act {
    keyword: &'static str,
    options: Options,
}

#[derive(Clone, PartialEq, Debug)]
enum Options {
    /// `kill: leader`.
    Alone(Setting),
    /// `slow: { target: leader, factor: 10 }`.
    Keyed(Map),
}

impl Act {
    /// With an option. An act that takes none but its target is refused when the scenario is built.
    #[must_use]
    pub fn with(self, key: &str, value: impl Into<Setting>) -> Self {
        let options = match self.options {
            Options::Keyed(map) => map.with(key, value),
            Options::Alone(target) => Map::new().with("target", target).with(key, value),
        };
        Self { options: Options::Keyed(options), ..self }
    }

    /// As an entry of a mapping.
    pub(super) fn put(self, into: Map) -> Map {
        let value = match self.options {
            Options::Alone(target) => target,
            Options::Keyed(map) => map.into(),
        };
        into.with(self.keyword, value)
    }
}

const fn keyed(keyword: &'static str, map: Map) -> Act {
    Act { keyword, options: Options::Keyed(map) }
}

fn of_nodes(keyword: &'static str, nodes: Nodes) -> Act {
    Act { keyword, options: Options::Alone(nodes.into()) }
}

/// Links from these nodes to those, in both directions (or as `direction` says: `to`, `from`).
fn of_links(keyword: &'static str, from: Nodes, to: Nodes) -> Act {
    keyed(keyword, Map::new().with("from", from).with("to", to))
}

/// The process dies.
pub fn kill(nodes: Nodes) -> Act {
    of_nodes("kill", nodes)
}

/// The machine dies, and what was not synced may be lost.
pub fn power_loss(nodes: Nodes) -> Act {
    of_nodes("power-loss", nodes)
}

/// The process stands still.
pub fn pause(nodes: Nodes) -> Act {
    of_nodes("pause", nodes)
}

/// The process is asked to stop. Option: `grace`.
pub fn stop(nodes: Nodes) -> Act {
    keyed("stop", Map::new().with("target", nodes))
}

/// The node computes so many times slower.
pub fn slow(nodes: Nodes, factor: impl Into<Setting>) -> Act {
    keyed("slow", Map::new().with("target", nodes).with("factor", factor))
}

/// The node loses its disks and starts again: an instant.
pub fn wipe(nodes: Nodes) -> Act {
    of_nodes("wipe", nodes)
}

/// The node's clocks are off. Options, one at least: `skew`, `drift`, `jump`, `freeze`.
pub fn clock(nodes: Nodes) -> Act {
    keyed("clock", Map::new().with("target", nodes))
}

/// Links are cut. Option: `direction`.
pub fn partition(from: Nodes, to: Nodes) -> Act {
    of_links("partition", from, to)
}

/// Links are cut in a shape that has a name: `isolate-leader`, `halves`, `bridge`, …
pub fn partition_shape(name: &str) -> Act {
    Act { keyword: "partition", options: Options::Alone(name.into()) }
}

/// Packets between all nodes take longer. Options: `from`, `to`, `direction`, `jitter`, `shape`, `correlation`.
pub fn latency(latency: impl Into<Setting>) -> Act {
    keyed("latency", Map::new().with("latency", latency))
}

/// Packets vanish. Options: `from`, `to`, `direction`, `correlation`.
pub fn loss(share: impl Into<Setting>) -> Act {
    keyed("loss", Map::new().with("loss", share))
}

/// Datagrams arrive twice. Options: as [`loss`].
pub fn duplicate(share: impl Into<Setting>) -> Act {
    keyed("duplicate", Map::new().with("duplicate", share))
}

/// Packets are held back. Options: as [`loss`], and `delay`.
pub fn reorder(share: impl Into<Setting>) -> Act {
    keyed("reorder", Map::new().with("reorder", share))
}

/// A bit of a packet flips. Options: as [`loss`].
pub fn corrupt(share: impl Into<Setting>) -> Act {
    keyed("corrupt", Map::new().with("corrupt", share))
}

/// Links are narrow. Options: `from`, `to`, `direction`, `queue`.
pub fn bandwidth(rate: impl Into<Setting>) -> Act {
    keyed("bandwidth", Map::new().with("rate", rate))
}

/// Packets are kept and released in order. Option: `direction`.
pub fn hold(from: Nodes, to: Nodes) -> Act {
    of_links("hold", from, to)
}

/// Open connections are reset: an instant.
pub fn reset(from: Nodes, to: Nodes) -> Act {
    of_links("reset", from, to)
}

/// Connection requests are refused.
pub fn refuse(from: Nodes, to: Nodes) -> Act {
    of_links("refuse", from, to)
}

/// The first nodes look the others up in vain: `fail`, `timeout`, or `slow` with `latency`.
pub fn dns(from: Nodes, to: Nodes, fault: &str) -> Act {
    of_links("dns", from, to).with("fault", fault)
}

/// The disk misbehaves: `error`, `full`, `slow`, `stall`, `lying-sync`, `corrupt`, `torn-write`,
/// `misdirected`. Options: `path`, `percent`, `ops`, `latency`, `rate`, `sectors`.
pub fn disk(nodes: Nodes, fault: &str) -> Act {
    keyed("disk", Map::new().with("target", nodes).with("fault", fault))
}

/// Software takes its unlikely turns. Options: `sites`, `enable`, `fire`.
pub fn buggify(nodes: Nodes) -> Act {
    keyed("buggify", Map::new().with("target", nodes))
}

/// A node that passes a point of its software dies or waits there. Options: `crash` (`kill`, `power-loss`)
/// with `restart`, or `delay`; `nth`, `percent`.
pub fn hook(nodes: Nodes, point: &str) -> Act {
    keyed("hook", Map::new().with("target", nodes).with("point", point))
}

/// Faults end, and a core of nodes is left alone: an instant. It is `random` or `smallest`.
pub fn core(which: &str) -> Act {
    Act { keyword: "core", options: Options::Alone(which.into()) }
}
