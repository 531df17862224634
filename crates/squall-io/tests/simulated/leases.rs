//! What an interval clock is for: a lease that its holder and its granter judge by their own wall
//! clocks is held by one at a time as long as the clocks keep to the uncertainty they claim, and only if
//! both reckon with it (Corbett et al., "Spanner", OSDI 2012, section 4.2; the batch cluster's B9).

use squall_history::{ClockChange, ClockOffset};
use squall_io::net::UdpSocket;
use squall_io::time::{WallClock, wall_clock};

use super::stage::{nodes, pass, say};

/// How the two of them read their clocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Reading {
    /// As an interval: the holder by its late end, the granter by its early one.
    Interval,
    /// As if the middle were the truth.
    Bare,
}

impl Reading {
    /// Whether `deadline` may be over.
    fn may_be_over(self, deadline: u64, clock: WallClock) -> bool {
        deadline
            <= match self {
                Self::Interval => clock.latest_ns,
                Self::Bare => u64::midpoint(clock.earliest_ns, clock.latest_ns),
            }
    }

    /// Whether it is over for certain.
    fn is_over(self, deadline: u64, clock: WallClock) -> bool {
        deadline
            <= match self {
                Self::Interval => clock.earliest_ns,
                Self::Bare => u64::midpoint(clock.earliest_ns, clock.latest_ns),
            }
    }
}

const LEASE_NS: u64 = 500_000_000;

/// For how many milliseconds two nodes held the lease at once: the first by its own clock, the second
/// because the granter's clock said that the first one's time was over.
fn overlap(reading: Reading, holder_off_ms: i64, granter_off_ms: i64) -> u64 {
    let mut stage = nodes(&[("holder", 1), ("granter", 1)]).begin();
    let off = |ms: i64| ClockChange { skew: Some(ClockOffset(ms * 1_000_000)), ..ClockChange::default() };
    let rules = [stage.clock("holder-1", off(holder_off_ms)), stage.clock("granter-1", off(granter_off_ms))];
    stage.start("granter-1", async move {
        let socket = UdpSocket::bind(("0.0.0.0", 9)).await?;
        let deadline = wall_clock().latest_ns + LEASE_NS;
        socket.send_to(&deadline.to_be_bytes(), ("holder-1", 9)).await?;
        while !reading.is_over(deadline, wall_clock()) {
            pass(1).await;
        }
        say("granted to another");
        Ok(())
    });
    stage.start("holder-1", async move {
        let socket = UdpSocket::bind(("0.0.0.0", 9)).await?;
        let mut deadline = [0; 8];
        socket.recv_from(&mut deadline).await?;
        while !reading.may_be_over(u64::from_be_bytes(deadline), wall_clock()) {
            pass(1).await;
        }
        say("gave it up");
        Ok(())
    });
    stage.run(2_000);
    for (rule, off) in rules.into_iter().zip([holder_off_ms, granter_off_ms]) {
        assert_eq!(!stage.remove_node_rule(rule).is_empty(), off != 0);
    }
    let at = |who: &str| stage.notes().iter().find(|(node, ..)| node == who).map(|(_, at, _)| *at).unwrap();
    at("holder-1").saturating_sub(at("granter-1"))
}

#[test]
fn a_lease_kept_by_intervals_is_held_by_one_within_the_uncertainty() {
    for holder in [-50, -20, 0, 35, 50] {
        for granter in [-50, 0, 50] {
            assert_eq!(overlap(Reading::Interval, holder, granter), 0, "{holder} {granter}");
        }
    }
}

#[test]
fn it_is_held_by_two_if_they_trust_their_readings_or_the_clocks_break_their_promise() {
    assert!((98..=101).contains(&overlap(Reading::Bare, -50, 50)));
    assert_eq!(overlap(Reading::Bare, 0, 0), 0);
    // 100 ms late and 50 ms early: 50 ms beyond what both reckon with.
    assert!((48..=51).contains(&overlap(Reading::Interval, -100, 50)));
}
