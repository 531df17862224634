//! Time as the node sees it.

use std::fmt;
use std::future::Future;
use std::ops::{Add, Sub};
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::ground::{Ground, Machine, current, machine};

/// A reading of the node's monotonic clock, in nanoseconds since some moment before the node's
/// first incarnation. Readings of two nodes do not compare.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Instant(u64);

impl Instant {
    /// Nanoseconds since the clock's origin.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// From `earlier` to here; zero if `earlier` is later.
    pub const fn saturating_duration_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// How long ago this was.
    pub fn elapsed(self) -> Duration {
        now().saturating_duration_since(self)
    }
}

impl Add<Duration> for Instant {
    type Output = Self;
    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;
    fn sub(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl Sub for Instant {
    type Output = Duration;
    fn sub(self, earlier: Self) -> Duration {
        self.saturating_duration_since(earlier)
    }
}

/// The wall clock as an interval that holds the true time (Corbett et al., "Spanner", OSDI 2012,
/// section 3), in nanoseconds since the Unix epoch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WallClock {
    /// The true time is not earlier.
    pub earliest_ns: u64,
    /// The true time is not later.
    pub latest_ns: u64,
}

/// Half the width of [`wall_clock`]'s interval unless a scenario says otherwise: the uncertainty of a
/// well-kept NTP client.
pub const CLOCK_UNCERTAINTY: Duration = Duration::from_millis(50);

/// The wall clock now. It may step either way; for spans use [`now`].
pub fn wall_clock() -> WallClock {
    let (reading, half) = match machine() {
        #[cfg(feature = "sim")]
        Machine::Simulated => (squall_sim::wall_ns(), squall_sim::clock_uncertainty_ns()),
        Machine::Real(_) => {
            (real_wall_ns(), u64::try_from(CLOCK_UNCERTAINTY.as_nanos()).expect("a few milliseconds"))
        }
    };
    WallClock { earliest_ns: reading.saturating_sub(half), latest_ns: reading.saturating_add(half) }
}

#[expect(clippy::disallowed_methods, reason = "the tokio ground is where real time comes from")]
fn real_wall_ns() -> u64 {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since_epoch.map_or(0, |span| u64::try_from(span.as_nanos()).unwrap_or(u64::MAX))
}

fn real_origin() -> tokio::time::Instant {
    static ORIGIN: OnceLock<tokio::time::Instant> = OnceLock::new();
    *ORIGIN.get_or_init(tokio::time::Instant::now)
}

/// The node's monotonic clock now.
#[inline]
pub fn now() -> Instant {
    match current() {
        #[cfg(feature = "sim")]
        Ground::Sim => Instant(squall_sim::monotonic_ns()),
        #[cfg(all(feature = "turmoil", not(madsim)))]
        Ground::Turmoil => Instant(crate::turmoil::now_ns()),
        #[cfg(all(feature = "sim", madsim))]
        Ground::Madsim => Instant(crate::madsim::now_ns()),
        Ground::Tokio(_) => real_now(),
    }
}

fn real_now() -> Instant {
    Instant(u64::try_from(real_origin().elapsed().as_nanos()).unwrap_or(u64::MAX))
}

/// Waits for `span`.
pub fn sleep(span: Duration) -> Sleep {
    sleep_until(now() + span)
}

/// Waits until the node's clock shows `deadline`.
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep(match current() {
        #[cfg(feature = "sim")]
        Ground::Sim => Inner::Sim(squall_sim::Sleep::until_clock_shows(deadline.0)),
        #[cfg(all(feature = "turmoil", not(madsim)))]
        Ground::Turmoil => {
            let left = deadline.saturating_duration_since(Instant(crate::turmoil::now_ns()));
            Inner::Tokio(Box::pin(tokio::time::sleep(left)))
        }
        #[cfg(all(feature = "sim", madsim))]
        Ground::Madsim => {
            let left = deadline.saturating_duration_since(Instant(crate::madsim::now_ns()));
            Inner::Madsim(Box::pin(::madsim::time::sleep(left)))
        }
        Ground::Tokio(_) => {
            let deadline = real_origin() + Duration::from_nanos(deadline.0);
            Inner::Tokio(Box::pin(tokio::time::sleep_until(deadline)))
        }
    })
}

/// Finishes at its deadline.
#[must_use = "futures do nothing unless awaited"]
pub struct Sleep(Inner);

enum Inner {
    #[cfg(feature = "sim")]
    Sim(squall_sim::Sleep),
    #[cfg(all(feature = "sim", madsim))]
    Madsim(Pin<Box<::madsim::time::Sleep>>),
    Tokio(Pin<Box<tokio::time::Sleep>>),
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sleep")
    }
}

impl Future for Sleep {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.0 {
            #[cfg(feature = "sim")]
            Inner::Sim(sleep) => sleep.poll_elapsed(cx),
            #[cfg(all(feature = "sim", madsim))]
            Inner::Madsim(sleep) => sleep.as_mut().poll(cx),
            Inner::Tokio(sleep) => sleep.as_mut().poll(cx),
        }
    }
}

/// The time ran out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Elapsed;

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("deadline has elapsed")
    }
}

impl std::error::Error for Elapsed {}

impl From<Elapsed> for std::io::Error {
    fn from(_: Elapsed) -> Self {
        std::io::ErrorKind::TimedOut.into()
    }
}

/// `future`'s value, unless `span` passes first.
///
/// # Errors
/// [`Elapsed`] if it does.
pub async fn timeout<F: Future>(span: Duration, future: F) -> Result<F::Output, Elapsed> {
    let mut future = std::pin::pin!(future);
    let mut deadline = sleep(span);
    std::future::poll_fn(move |cx| {
        // The future first: one that is ready wins over a deadline of zero.
        if let Poll::Ready(value) = future.as_mut().poll(cx) {
            return Poll::Ready(Ok(value));
        }
        Pin::new(&mut deadline).poll(cx).map(|()| Err(Elapsed))
    })
    .await
}

/// Ticks at once, then every `period`.
///
/// # Panics
/// If `period` is zero.
pub fn interval(period: Duration) -> Interval {
    assert!(!period.is_zero(), "an interval needs a period above zero");
    Interval { next: now(), period }
}

/// A clock that ticks. A tick that comes late does not bring the following ones forward: the next
/// one is due a period after it.
#[derive(Debug)]
pub struct Interval {
    next: Instant,
    period: Duration,
}

impl Interval {
    /// Waits for the next tick and gives the moment it was due.
    pub async fn tick(&mut self) -> Instant {
        let due = self.next;
        sleep_until(due).await;
        self.next = now().max(due) + self.period;
        due
    }
}
