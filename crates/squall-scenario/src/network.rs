//! The section `network`: links before any fault, all of them and some in particular.

use squall_history::{
    Bandwidth, Direction, LatencyShape, LinkProfile, LinkSelector, Mode, NetworkProfile, NodeName, Ppm,
    Selector, SimDuration, Topology,
};

use crate::action::link::{rate, shape};
use crate::codes::Code;
use crate::diagnostic::Report;
use crate::fields::{self, Fields, Keys};
use crate::range::{self, Address, Bytes, Ranged};
use crate::scope::Scope;
use crate::selector::{self, From};
use crate::surroundings::take;
use crate::tree::Node;

const NETWORK: Keys = Keys {
    of: "`network`",
    known: &[
        "profile",
        "latency",
        "jitter",
        "shape",
        "loss",
        "duplicate",
        "reorder",
        "bandwidth",
        "mtu",
        "links",
    ],
    planned: &[],
};
const LINK: Keys = Keys {
    of: "an entry of `links`",
    known: &[
        "from",
        "to",
        "direction",
        "profile",
        "latency",
        "jitter",
        "shape",
        "loss",
        "duplicate",
        "reorder",
        "bandwidth",
        "mtu",
        "correlation",
    ],
    planned: &[],
};
const BANDWIDTH: Keys = Keys { of: "`bandwidth`", known: &["rate", "queue"], planned: &[] };

/// The network before any fault.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    base: Values,
    links: Vec<Link>,
}

/// An entry of `links`.
#[derive(Clone, Debug)]
struct Link {
    link: LinkSelector,
    values: Values,
    correlation: Ppm,
}

/// How links behave; each quantity may be a range.
#[derive(Clone, Copy, Debug)]
struct Values {
    latency: Ranged<SimDuration>,
    jitter: Ranged<SimDuration>,
    loss: Ranged<Ppm>,
    duplicate: Ranged<Ppm>,
    reorder: Ranged<Ppm>,
    shape: LatencyShape,
    bandwidth: Option<Bandwidth>,
    mtu: u16,
}

impl Network {
    /// A profile by name, with values of its own where the section gives them.
    pub(crate) fn read(node: Option<&Node>, scope: &Scope<'_>, report: &mut Report) -> Self {
        let base = Values::of(NetworkProfile::default());
        let fields = node.and_then(|node| Fields::open(node, NETWORK, report));
        let Some(fields) = fields else { return Self { base, links: Vec::new() } };
        let base = base.with(&fields, report);
        let links = fields.get("links").and_then(|node| fields::list(node, "`links`", report));
        let links = links.unwrap_or_default().iter().filter_map(|item| link(item, base, scope, report));
        Self { base, links: links.collect() }
    }

    /// The network of one seed.
    pub(crate) fn draw(&self, address: &Address<'_>) -> NetworkProfile {
        self.base.draw(address)
    }

    /// Its links that behave otherwise; each entry draws for itself.
    pub(crate) fn draw_links(&self, topology: &Topology, address: &Address<'_>) -> Vec<LinkProfile> {
        let link = |(n, Link { link: selector, values, correlation }): (u64, &Link)| {
            let from = named(&selector.from, topology);
            let to = match &selector.to {
                Some(to) => named(to, topology),
                None => topology
                    .nodes
                    .iter()
                    .map(|node| node.name.clone())
                    .filter(|it| !from.contains(it))
                    .collect(),
            };
            LinkProfile {
                from,
                to,
                direction: selector.direction,
                correlation: *correlation,
                profile: values.draw(&Address { n, ..*address }),
            }
        };
        let drawn = (0..).zip(&self.links).map(link);
        // A zone without nodes has no links.
        drawn.filter(|link| !link.from.is_empty() && !link.to.is_empty()).collect()
    }
}

impl Values {
    fn of(profile: NetworkProfile) -> Self {
        Self {
            latency: Ranged::fixed(profile.latency),
            jitter: Ranged::fixed(profile.jitter),
            loss: Ranged::fixed(profile.loss),
            duplicate: Ranged::fixed(profile.duplicate),
            reorder: Ranged::fixed(profile.reorder),
            shape: profile.shape,
            bandwidth: profile.bandwidth,
            mtu: profile.mtu,
        }
    }

    /// The same, but for what a mapping says.
    fn with(mut self, fields: &Fields<'_>, report: &mut Report) -> Self {
        let profiles: Vec<_> = NetworkProfile::NAMES
            .iter()
            .filter_map(|name| Some((*name, NetworkProfile::named(name)?)))
            .collect();
        if let Some(node) = fields.get("profile") {
            self = fields::word(node, "network profile", &profiles, report).map_or(self, Self::of);
        }
        take(fields, "latency", &mut self.latency, report);
        take(fields, "jitter", &mut self.jitter, report);
        take(fields, "loss", &mut self.loss, report);
        take(fields, "duplicate", &mut self.duplicate, report);
        take(fields, "reorder", &mut self.reorder, report);
        if fields.get("shape").is_some() {
            self.shape = shape(fields, report).unwrap_or_default();
        }
        if let Some(node) = fields.get("bandwidth") {
            self.bandwidth = bandwidth(node, report);
        }
        if let Some(node) = fields.get("mtu") {
            self.mtu = mtu(node, report).unwrap_or(self.mtu);
        }
        self
    }

    fn draw(&self, address: &Address<'_>) -> NetworkProfile {
        NetworkProfile {
            latency: self.latency.draw(address.field("latency")),
            jitter: self.jitter.draw(address.field("jitter")),
            loss: self.loss.draw(address.field("loss")),
            duplicate: self.duplicate.draw(address.field("duplicate")),
            reorder: self.reorder.draw(address.field("reorder")),
            shape: self.shape,
            bandwidth: self.bandwidth,
            mtu: self.mtu,
        }
    }
}

/// A rate alone, or with the queue before it.
fn bandwidth(node: &Node, report: &mut Report) -> Option<Bandwidth> {
    if node.text().is_some() {
        return Some(Bandwidth {
            bytes_per_second: rate(node, report)?,
            queue_bytes: Bandwidth::QUEUE_BYTES,
        });
    }
    let fields = Fields::open(node, BANDWIDTH, report)?;
    let bytes_per_second = fields.require("rate", report).and_then(|node| rate(node, report));
    let queue = fields.get("queue").map(|node| range::fixed::<Bytes>(node, report));
    let queue_bytes = queue.map_or(Some(Bandwidth::QUEUE_BYTES), |queue| queue.map(|queue| queue.0));
    Some(Bandwidth { bytes_per_second: bytes_per_second?, queue_bytes: queue_bytes? })
}

/// Most bytes of a packet. The least is what every IPv4 host must take (RFC 791).
fn mtu(node: &Node, report: &mut Report) -> Option<u16> {
    let bytes = range::fixed::<Bytes>(node, report)?;
    let mtu = u16::try_from(bytes.0).ok().filter(|mtu| *mtu >= 576);
    if mtu.is_none() {
        let error = report.error(Code::OutOfBounds, node.span.clone(), "no network has packets of this size");
        error.label("from `576B` to `65535B`");
    }
    mtu
}

fn link(node: &Node, base: Values, scope: &Scope<'_>, report: &mut Report) -> Option<Link> {
    let before = report.errors();
    let fields = Fields::open(node, LINK, report)?;
    let link = selector::link(&fields, From::Required, scope, report)?;
    for (key, end) in [("from", Some(&link.from)), ("to", link.to.as_ref())] {
        if let (Some(node), Some(end)) = (fields.get(key), end)
            && !is_standing(end)
        {
            let title = "which links these are must be known before the run";
            let error = report.error(Code::SelectorValue, node.head(), title);
            error.label("name nodes, or a role, zone or label without `mode`");
        }
    }
    let values = base.with(&fields, report);
    let correlation = fields.get("correlation").map(|node| range::fixed(node, report));
    let correlation = correlation.map_or(Some(Ppm::ZERO), |correlation| correlation)?;
    (report.errors() == before).then_some(Link { link, values, correlation })
}

/// Whether a selector means the same nodes at any time and under any seed.
fn is_standing(selector: &Selector) -> bool {
    match selector {
        Selector::Leader => false,
        Selector::Nodes(_) => true,
        Selector::Where(filter) => filter.mode == Mode::All,
    }
}

fn named(selector: &Selector, topology: &Topology) -> Vec<NodeName> {
    let fits = |node: &&squall_history::NodeSpec| match selector {
        Selector::Leader => false,
        Selector::Nodes(names) => names.contains(&node.name),
        Selector::Where(filter) => filter.fits(node),
    };
    topology.nodes.iter().filter(fits).map(|node| node.name.clone()).collect()
}

/// An entry of `links` as text; `direction` is left out where it is both.
pub(crate) fn direction(direction: Direction) -> Option<&'static str> {
    match direction {
        Direction::To => Some("to"),
        Direction::From => Some("from"),
        Direction::Both => None,
    }
}
