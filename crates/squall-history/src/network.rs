//! Links as data: how they behave before any fault, and what can be wrong with their speed and with
//! names.
//!
//! How the simulator does it is told in `docs/faults.md`; nothing here does anything.

use serde::{Deserialize, Serialize};

use crate::{Direction, NodeName, Ppm, SimDuration};

/// Behaviour of every link that no fault touches.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NetworkProfile {
    /// One-way latency.
    pub latency: SimDuration,
    /// Scale of what is added to it; how it is spread is the `shape`.
    pub jitter: SimDuration,
    /// Chance that a packet vanishes.
    pub loss: Ppm,
    /// Chance that a datagram arrives twice.
    pub duplicate: Ppm,
    /// Chance that a packet is held back so that later ones overtake it.
    pub reorder: Ppm,
    /// How the jitter is spread.
    #[serde(default, skip_serializing_if = "LatencyShape::is_uniform")]
    pub shape: LatencyShape,
    /// Speed and queue of each link, in each direction; absent: without bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bandwidth: Option<Bandwidth>,
    /// Most bytes of a packet, IP header included. A datagram that is longer travels in fragments.
    #[serde(default = "mtu", skip_serializing_if = "is_mtu")]
    pub mtu: u16,
}

/// Ethernet's most bytes of a packet (RFC 894).
const MTU: u16 = 1_500;

/// Most bytes of a stream that are under way.
const WINDOW: u64 = 64 << 10;

const fn mtu() -> u16 {
    MTU
}

const fn is_mtu(mtu: &u16) -> bool {
    *mtu == MTU
}

impl NetworkProfile {
    /// Everything at once, and never lost.
    pub const PERFECT: Self = Self {
        latency: SimDuration::ZERO,
        jitter: SimDuration::ZERO,
        loss: Ppm::ZERO,
        duplicate: Ppm::ZERO,
        reorder: Ppm::ZERO,
        shape: LatencyShape::Uniform,
        bandwidth: None,
        mtu: MTU,
    };
    /// One data centre: 0.2 to 0.5 ms, no loss. The default.
    pub const LAN: Self = Self {
        latency: SimDuration::from_micros(200),
        jitter: SimDuration::from_micros(300),
        ..Self::PERFECT
    };
    /// Between regions: 20 to 30 ms, 0.01 % loss.
    pub const WAN: Self = Self {
        latency: SimDuration::from_millis(20),
        jitter: SimDuration::from_millis(10),
        loss: match Ppm::new(100) {
            Some(loss) => loss,
            None => Ppm::ZERO,
        },
        ..Self::PERFECT
    };
    /// A bad day: 1 to 10 ms, 1 % loss, 1 % duplicates, 2 % held back.
    pub const FLAKY: Self = Self {
        latency: SimDuration::from_millis(1),
        jitter: SimDuration::from_millis(9),
        loss: Ppm::percent(1),
        duplicate: Ppm::percent(1),
        reorder: Ppm::percent(2),
        ..Self::PERFECT
    };

    /// How long a stream's window takes at most, nothing being lost or held back, on a link that is
    /// otherwise idle.
    pub fn slowest(&self) -> SimDuration {
        let added = match self.shape {
            LatencyShape::Constant => 0,
            LatencyShape::Uniform | LatencyShape::Normal => self.jitter.0,
            LatencyShape::HeavyTail => self.jitter.0.saturating_mul(47) / 2,
        };
        let sent = self.bandwidth.map_or(0, |bandwidth| {
            let nanos = u128::from(WINDOW) * 1_000_000_000 / u128::from(bandwidth.bytes_per_second.max(1));
            u64::try_from(nanos).unwrap_or(u64::MAX)
        });
        self.latency + SimDuration(added) + SimDuration(sent)
    }

    /// A profile by its name in the scenario schema.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "perfect" => Self::PERFECT,
            "lan" => Self::LAN,
            "wan" => Self::WAN,
            "flaky" => Self::FLAKY,
            _ => return None,
        })
    }

    /// Names that [`named`](Self::named) knows.
    pub const NAMES: [&'static str; 4] = ["perfect", "lan", "wan", "flaky"];
}

impl Default for NetworkProfile {
    fn default() -> Self {
        Self::LAN
    }
}

/// How long packets take on some links, in place of the network's own profile.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LinkProfile {
    /// One end: these nodes.
    pub from: Vec<NodeName>,
    /// The other end: these. A node never matches itself.
    pub to: Vec<NodeName>,
    /// Packets from→to, to→from, or both.
    #[serde(default)]
    pub direction: Direction,
    /// Everything about them, also what equals the network's own profile.
    pub profile: NetworkProfile,
    /// Chance that a packet takes the jitter of the one before it.
    #[serde(default, skip_serializing_if = "Ppm::is_zero")]
    pub correlation: Ppm,
}

impl LinkProfile {
    /// The directed links, each once, in order.
    pub fn pairs(&self) -> Vec<(NodeName, NodeName)> {
        let mut pairs = Vec::new();
        for (from, to) in self.from.iter().flat_map(|from| self.to.iter().map(move |to| (from, to))) {
            if from != to && self.direction != Direction::From {
                pairs.push((from.clone(), to.clone()));
            }
            if from != to && self.direction != Direction::To {
                pairs.push((to.clone(), from.clone()));
            }
        }
        pairs.sort();
        pairs.dedup();
        pairs
    }
}

/// How a jitter is spread. Each is a table of whole numbers; the mean addition is half of the jitter
/// in every shape but `Constant`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LatencyShape {
    /// Nothing is added.
    Constant,
    /// From nothing to the jitter, all alike.
    #[default]
    Uniform,
    /// A bell from nothing to the jitter: its standard deviation is a sixth of it.
    Normal,
    /// Mostly little, rarely much (Lomax, shape 2): half of all below 0.21 of the jitter, a
    /// hundredth above 4.5 times, none above 23.5 times.
    HeavyTail,
}

impl LatencyShape {
    /// Every one with its name in the scenario schema.
    pub const ALL: [(&'static str, Self); 4] = [
        ("constant", Self::Constant),
        ("uniform", Self::Uniform),
        ("normal", Self::Normal),
        ("heavy-tail", Self::HeavyTail),
    ];

    /// Its name in the scenario schema.
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, shape)| *shape == self)
            .map(|(name, _)| *name)
            .expect("ALL lists every one")
    }

    /// Whether it is the default.
    pub fn is_uniform(&self) -> bool {
        *self == Self::Uniform
    }
}

/// How fast a link is, in one direction.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Bandwidth {
    /// Bytes per second, headers included. At least one.
    pub bytes_per_second: u64,
    /// Bytes that wait at most; a datagram that finds no room is dropped, a stream's sender waits.
    pub queue_bytes: u64,
}

impl Bandwidth {
    /// A queue of about 170 full packets, if none is given.
    pub const QUEUE_BYTES: u64 = 256 << 10;
}

/// What is wrong with the lookup of names.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DnsTrouble {
    /// The name is unknown, said at once.
    Fail,
    /// Nothing answers: the lookup is repeated once after five seconds and gives up after ten.
    TimeOut,
    /// The answer takes longer, by a drawn time.
    Slow {
        /// Shortest and longest addition.
        latency: (SimDuration, SimDuration),
    },
}

impl DnsTrouble {
    /// Its word in the scenario schema, the value of `fault`.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::TimeOut => "timeout",
            Self::Slow { .. } => "slow",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_packet_has_all_of_its_jitter_and_waits_for_its_window() {
        let slowest = |shape, bandwidth| {
            let (latency, jitter) = (SimDuration::from_millis(3), SimDuration::from_millis(2));
            NetworkProfile { latency, jitter, shape, bandwidth, ..NetworkProfile::PERFECT }.slowest()
        };
        assert_eq!(slowest(LatencyShape::Constant, None), SimDuration::from_millis(3));
        assert_eq!(slowest(LatencyShape::Normal, None), SimDuration::from_millis(5));
        assert_eq!(slowest(LatencyShape::HeavyTail, None), SimDuration::from_millis(50));
        let narrow = Bandwidth { bytes_per_second: 64 << 10, queue_bytes: 1 };
        assert_eq!(slowest(LatencyShape::Uniform, Some(narrow)), SimDuration::from_millis(1_005));
    }

    #[test]
    fn a_profile_without_the_newer_fields_is_written_and_read_as_ever() {
        let text = r#"{"latency":"200us","jitter":"300us","loss":"0%","duplicate":"0%","reorder":"0%"}"#;
        assert_eq!(serde_json::to_string(&NetworkProfile::LAN).unwrap(), text);
        assert_eq!(serde_json::from_str::<NetworkProfile>(text).unwrap(), NetworkProfile::LAN);
        let bandwidth = Some(Bandwidth { bytes_per_second: 1_000, queue_bytes: Bandwidth::QUEUE_BYTES });
        let newer =
            NetworkProfile { shape: LatencyShape::HeavyTail, bandwidth, mtu: 9_000, ..NetworkProfile::WAN };
        let text = serde_json::to_string(&newer).unwrap();
        assert_eq!(serde_json::from_str::<NetworkProfile>(&text).unwrap(), newer);
    }
}
