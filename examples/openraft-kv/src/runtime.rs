//! openraft's [`AsyncRuntime`] on the ground of `squall_io`: tasks, time and randomness.
//!
//! Channels are tokio's, which need no runtime. openraft takes its `mpsc` and `watch` from there itself.

use std::future::Future;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use openraft::async_runtime::TokioOneShotSender;
use openraft::{AsyncRuntime, OptionalSend};
use rand_core::RngCore;
use squall_io::task::{JoinError, JoinHandle};
use squall_io::time::{Elapsed, Sleep};
use squall_io::{rand, task, time};
use tokio::sync::oneshot;

/// The ground.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Ground;

impl AsyncRuntime for Ground {
    type JoinError = JoinError;
    type JoinHandle<T: OptionalSend + 'static> = JoinHandle<T>;
    type Sleep = Sleep;
    type Instant = Instant;
    type TimeoutError = Elapsed;
    type Timeout<R, T: Future<Output = R> + OptionalSend> = Timeout<T>;
    type ThreadLocalRng = Draws;
    type OneshotSender<T: OptionalSend> = TokioOneShotSender<T>;
    type OneshotReceiver<T: OptionalSend> = oneshot::Receiver<T>;
    type OneshotReceiverError = oneshot::error::RecvError;

    fn spawn<T>(future: T) -> JoinHandle<T::Output>
    where
        T: Future + OptionalSend + 'static,
        T::Output: OptionalSend + 'static,
    {
        task::spawn(future)
    }

    fn sleep(span: Duration) -> Sleep {
        time::sleep(span)
    }

    fn sleep_until(deadline: Instant) -> Sleep {
        time::sleep_until(deadline.0)
    }

    fn timeout<R, F: Future<Output = R> + OptionalSend>(span: Duration, future: F) -> Timeout<F> {
        Timeout { future: Box::pin(future), deadline: time::sleep(span) }
    }

    fn timeout_at<R, F: Future<Output = R> + OptionalSend>(deadline: Instant, future: F) -> Timeout<F> {
        Timeout { future: Box::pin(future), deadline: time::sleep_until(deadline.0) }
    }

    fn is_panic(error: &JoinError) -> bool {
        error.is_panic()
    }

    fn thread_rng() -> Draws {
        Draws
    }

    fn oneshot<T: OptionalSend>() -> (TokioOneShotSender<T>, oneshot::Receiver<T>) {
        let (sender, receiver) = oneshot::channel();
        (TokioOneShotSender(sender), receiver)
    }
}

/// A future with a deadline. (`time::timeout` has no type with a name, which the trait asks for.)
pub(crate) struct Timeout<F> {
    future: Pin<Box<F>>,
    deadline: Sleep,
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.future.as_mut().poll(cx) {
            Poll::Ready(value) => Poll::Ready(Ok(value)),
            Poll::Pending => Pin::new(&mut self.deadline).poll(cx).map(|()| Err(Elapsed)),
        }
    }
}

/// A moment by the node's clock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Instant(time::Instant);

impl openraft::Instant for Instant {
    fn now() -> Self {
        Self(time::now())
    }
}

impl Add<Duration> for Instant {
    type Output = Self;
    fn add(self, span: Duration) -> Self {
        Self(self.0 + span)
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, span: Duration) {
        *self = *self + span;
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;
    fn sub(self, span: Duration) -> Self {
        Self(self.0 - span)
    }
}

impl SubAssign<Duration> for Instant {
    fn sub_assign(&mut self, span: Duration) {
        *self = *self - span;
    }
}

impl Sub for Instant {
    type Output = Duration;
    fn sub(self, earlier: Self) -> Duration {
        self.0 - earlier.0
    }
}

/// The ground's randomness. openraft draws its election time-outs from it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draws;

impl RngCore for Draws {
    fn next_u32(&mut self) -> u32 {
        (rand::bits() >> 32) as u32
    }

    fn next_u64(&mut self) -> u64 {
        rand::bits()
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&rand::bits().to_le_bytes()[..chunk.len()]);
        }
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core::Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}
