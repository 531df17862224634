//! Everything that can lie in the future: one closed enum, executed in one place (`world.rs`).

use crate::net::ConnKey;
use crate::timer::TimerKey;

/// Something that happens at a later instant. Acknowledgements and window updates of streams are
/// not here: they are state (`net/pipe.rs`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Event {
    /// A deadline passes.
    Timer(TimerKey),
    /// A connection request reaches the listener's node.
    Syn(ConnKey),
    /// The answer to it reaches the client.
    SynAck(ConnKey),
    /// The refusal of it reaches the client.
    Refused(ConnKey),
    /// The client asks again, for the `attempt`-th time.
    SynRetry { conn: ConnKey, attempt: u8 },
    /// All bytes of a direction up to `upto` reach the other side, then the end of it if `fin`.
    Segment { conn: ConnKey, from: u8, epoch: u32, upto: u64, fin: bool },
    /// A sender's retransmission timer fires.
    Retransmit { conn: ConnKey, from: u8 },
    /// A reset reaches this side.
    Reset { conn: ConnKey, to: u8 },
    /// A datagram reaches its node.
    Datagram(u32),
    /// The processor of a slow node is free again.
    Processor(u32),
    /// A side's keep-alive timer fires.
    Keepalive { conn: ConnKey, side: u8, turn: u32 },
    /// A keep-alive probe reaches this side.
    Probe { conn: ConnKey, to: u8 },
    /// The answer to one does.
    ProbeAnswer { conn: ConnKey, to: u8 },
    /// A side's user time-out may be over.
    Patience { conn: ConnKey, side: u8, turn: u32 },
}

impl Event {
    /// The kind as a number, for the digest.
    pub(crate) const fn kind(self) -> u64 {
        match self {
            Self::Timer(_) => 1,
            Self::Syn(_) => 2,
            Self::SynAck(_) => 3,
            Self::Refused(_) => 4,
            Self::SynRetry { .. } => 5,
            Self::Segment { .. } => 6,
            Self::Retransmit { .. } => 7,
            Self::Reset { .. } => 8,
            Self::Datagram(_) => 9,
            Self::Processor(_) => 24,
            Self::Keepalive { .. } => 20,
            Self::Probe { .. } => 21,
            Self::ProbeAnswer { .. } => 22,
            Self::Patience { .. } => 23,
        }
    }
}
