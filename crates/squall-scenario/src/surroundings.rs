//! The sections `disk`, `clock` and `limits`, and `seeds`.

use squall_history::{
    ClockDrift, ClockOffset, ClockProfile, DiskProfile, Domain, Draws, Identity, Limits, Seed, StopOn,
};

use crate::codes::Code;
use crate::diagnostic::Report;
use crate::fields::{self, Fields, Keys};
use crate::range::{self, Address, Bytes, Quantity, Ranged};
use crate::tree::{Kind, Node};

const DISK: Keys = Keys { of: "`disk`", known: &["latency", "fsync", "capacity"], planned: &[] };
const CLOCK: Keys = Keys { of: "`clock`", known: &["drift", "skew", "uncertainty"], planned: &[] };
const LIMITS: Keys = Keys { of: "`limits`", known: &["events", "wall", "memory", "stop-on"], planned: &[] };
const SEEDS: Keys = Keys { of: "`seeds`", known: &["from", "count"], planned: &[] };
const STOPS: [(&str, StopOn); 2] = [("first-violation", StopOn::FirstViolation), ("end", StopOn::End)];

pub(crate) fn take<T: Quantity>(fields: &Fields<'_>, key: &str, value: &mut Ranged<T>, report: &mut Report) {
    if let Some(node) = fields.get(key)
        && let Some(given) = Ranged::read(node, report)
    {
        *value = given;
    }
}

/// The disks before any fault. A range of time is not drawn at planning: each operation takes its own.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Disk {
    times: DiskProfile,
    capacity: Option<Ranged<Bytes>>,
}

impl Disk {
    pub(crate) fn read(node: Option<&Node>, report: &mut Report) -> Self {
        let mut times = DiskProfile::default();
        let fields = node.and_then(|node| Fields::open(node, DISK, report));
        let Some(fields) = fields else { return Self::default() };
        for (key, value) in [("latency", &mut times.latency), ("fsync", &mut times.fsync)] {
            let mut range = Ranged { low: value.0, high: value.1 };
            take(&fields, key, &mut range, report);
            *value = (range.low, range.high);
        }
        let capacity = fields.get("capacity").and_then(|node| Ranged::read(node, report));
        Self { times, capacity }
    }

    /// The disks of one seed.
    pub(crate) fn draw(&self, address: &Address<'_>) -> DiskProfile {
        let capacity = self.capacity.map(|range| range.draw(address.field("capacity")).0);
        DiskProfile { capacity, ..self.times }
    }
}

/// The nodes' clocks before any fault. Each node draws its own from the ranges; a single drift or skew
/// is the most, either way.
pub(crate) fn clock(node: Option<&Node>, report: &mut Report) -> ClockProfile {
    let mut clock = ClockProfile::default();
    let Some(fields) = node.and_then(|node| Fields::open(node, CLOCK, report)) else { return clock };
    if let Some(node) = fields.get("drift")
        && let Some(range) = either_way(node, report)
    {
        let slower = |ppm: ClockDrift| ClockDrift::new(-ppm.ppm()).expect("the bounds are symmetric");
        clock.drift = (if is_single(node) { slower(range.low) } else { range.low }, range.high);
    }
    if let Some(node) = fields.get("skew")
        && let Some(range) = either_way(node, report)
    {
        let back = |offset: ClockOffset| ClockOffset(-offset.0);
        clock.skew = (if is_single(node) { back(range.low) } else { range.low }, range.high);
    }
    if let Some(span) = fields.get("uncertainty").and_then(|node| range::fixed(node, report)) {
        clock.uncertainty = span;
    }
    clock
}

fn is_single(node: &Node) -> bool {
    node.text().is_some_and(|text| !text.contains(".."))
}

/// A range, or a single value that is not below nothing.
fn either_way<T: Quantity + Default>(node: &Node, report: &mut Report) -> Option<Ranged<T>> {
    let range: Ranged<T> = Ranged::read(node, report)?;
    if is_single(node) && range.low < T::default() {
        let error =
            report.error(Code::OutOfBounds, node.span.clone(), "a single value is the most, either way");
        error.label("below nothing").help("write it without the sign, or as a range");
        return None;
    }
    Some(range)
}

/// Bounds of one run. They belong to the machine, not to the experiment, and are never ranges.
pub(crate) fn limits(node: Option<&Node>, report: &mut Report) -> Limits {
    let fields = node.and_then(|node| Fields::open(node, LIMITS, report));
    let Some(fields) = fields else { return Limits::default() };
    let stop_on = fields.get("stop-on").and_then(|node| fields::word(node, "stop", &STOPS, report));
    Limits {
        events: fields.get("events").and_then(|node| range::fixed(node, report)),
        wall: fields.get("wall").and_then(|node| range::fixed(node, report)),
        memory: fields
            .get("memory")
            .and_then(|node| range::fixed::<Bytes>(node, report))
            .map(|bytes| bytes.0),
        stop_on: stop_on.unwrap_or_default(),
    }
}

/// Which seeds a scenario runs with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Seeds {
    /// This many, derived from the base seed.
    Count(u64),
    /// These.
    List(Vec<Seed>),
    /// This many, one after the other.
    Range {
        /// The first.
        from: Seed,
        /// How many.
        count: u64,
    },
}

impl Seeds {
    /// How many seeds a scenario runs with that does not say.
    pub const DEFAULT: Self = Self::Count(64);

    /// How many there are.
    pub fn count(&self) -> u64 {
        match self {
            Self::Count(count) | Self::Range { count, .. } => *count,
            Self::List(seeds) => seeds.len() as u64,
        }
    }

    /// The seeds in order. Those of a count are drawn from `base`: `Domain::Plan`, identity `seeds`.
    pub fn resolve(&self, base: Seed) -> impl Iterator<Item = Seed> + use<> {
        let seeds = self.clone();
        let draws = Draws::new(base);
        let identity = Identity::of("seeds");
        (0..self.count()).map(move |k| match &seeds {
            Self::Count(_) => Seed(draws.draw(Domain::Plan, identity, k).bits()),
            Self::List(list) => list[usize::try_from(k).expect("k counts the items of a list")],
            Self::Range { from, .. } => Seed(from.0.wrapping_add(k)),
        })
    }

    pub(crate) fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let seeds = match &node.kind {
            Kind::Scalar(_) => Self::Count(range::fixed(node, report)?),
            Kind::List(items) => {
                let seeds: Vec<_> = items.iter().map(|item| seed(item, report)).collect();
                Self::List(seeds.into_iter().collect::<Option<_>>()?)
            }
            Kind::Map(_) => {
                let fields = Fields::open(node, SEEDS, report)?;
                let from = fields.require("from", report).and_then(|node| seed(node, report));
                let count = fields.require("count", report).and_then(|node| range::fixed(node, report));
                Self::Range { from: from?, count: count? }
            }
        };
        let problem = match &seeds {
            _ if seeds.count() == 0 => "there is no seed",
            Self::Range { from, count } if from.0.checked_add(count - 1).is_none() => {
                "the seeds run past the largest 64-bit number"
            }
            _ => return Some(seeds),
        };
        report.error(Code::Seeds, node.head(), problem).label("a run needs a seed");
        None
    }
}

/// One seed, decimal or hexadecimal.
pub(crate) fn seed(node: &Node, report: &mut Report) -> Option<Seed> {
    let text = fields::text(node, "the seed", report)?;
    let seed = text.parse().ok();
    if seed.is_none() {
        let title = format!("`{}` is not a seed", fields::shown(text));
        let error = report.error(Code::Seeds, node.span.clone(), title);
        error.label("write a 64-bit number, as `0x1f3a` or `7994`");
    }
    seed
}
