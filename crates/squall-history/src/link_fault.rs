//! Faults of links as data: on which links, and what is wrong with them.
//!
//! How a simulated link behaves under each is told in `docs/faults.md`; nothing here does anything.
//! A partition is not among them: it has shapes, and it counts against the fault budget.

use serde::{Deserialize, Serialize};

use crate::{Bandwidth, DnsTrouble, LatencyShape, LinkSelector, Ppm, SimDuration};

/// Something wrong with links.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct LinkFault {
    /// Which links.
    pub link: LinkSelector,
    /// What is wrong.
    pub trouble: LinkTrouble,
}

/// What is wrong with a link.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkTrouble {
    /// Packets take longer.
    Latency {
        /// Added to the link's latency.
        latency: SimDuration,
        /// Added on top, from 0 to this.
        jitter: SimDuration,
        /// How the jitter is spread.
        #[serde(default, skip_serializing_if = "LatencyShape::is_uniform")]
        shape: LatencyShape,
        /// Chance that a packet takes the jitter of the one before it.
        #[serde(default, skip_serializing_if = "Ppm::is_zero")]
        correlation: Ppm,
    },
    /// Packets vanish. Streams retransmit, datagrams are gone.
    Loss(Chance),
    /// Datagrams arrive twice (streams discard the copy).
    Duplicate(Chance),
    /// Packets are held back, so that later ones overtake them.
    Reorder {
        /// Which packets.
        #[serde(flatten)]
        chance: Chance,
        /// Held back for a drawn time up to this.
        delay: SimDuration,
    },
    /// A bit turns on the way, and no checksum of the network's own notices.
    Corrupt(Chance),
    /// Packets wait for their turn, as many as the queue holds.
    Bandwidth(Bandwidth),
    /// Packets stand still, and go on in order when the fault ends.
    Hold,
    /// Open connections end as if the other side had reset them: an instant.
    Reset,
    /// Connections from `from` to `to` are refused; those that are open stay so.
    Refuse,
    /// Lookups of `to` by `from` go wrong.
    Dns(DnsTrouble),
}

/// A chance for each packet, and how much it sticks to what happened to the packet before.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Chance {
    /// Chance per packet.
    pub percent: Ppm,
    /// Chance that a packet fares as the one before it did.
    #[serde(default, skip_serializing_if = "Ppm::is_zero")]
    pub correlation: Ppm,
}

impl From<Ppm> for Chance {
    /// Each packet for itself.
    fn from(percent: Ppm) -> Self {
        Self { percent, correlation: Ppm::ZERO }
    }
}

impl LinkTrouble {
    /// Keyword of the scenario schema.
    pub const fn keyword(&self) -> &'static str {
        match self {
            Self::Latency { .. } => "latency",
            Self::Loss(_) => "loss",
            Self::Duplicate(_) => "duplicate",
            Self::Reorder { .. } => "reorder",
            Self::Corrupt(_) => "corrupt",
            Self::Bandwidth(_) => "bandwidth",
            Self::Hold => "hold",
            Self::Reset => "reset",
            Self::Refuse => "refuse",
            Self::Dns(_) => "dns",
        }
    }

    /// Whether it is over as soon as it is done.
    pub const fn is_instant(&self) -> bool {
        matches!(self, Self::Reset)
    }
}
