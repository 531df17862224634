//! Tasks of a node.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use crate::ground::{Ground, current};

/// Starts a task beside the caller, on the same node and in the same incarnation. Dropping the
/// handle lets it run on.
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let place = Location::caller();
    let _ = place;
    JoinHandle(match current() {
        #[cfg(feature = "sim")]
        Ground::Sim => Inner::Sim(squall_sim::spawn(future, place)),
        #[cfg(all(feature = "turmoil", not(madsim)))]
        Ground::Turmoil => Inner::Guest(tokio::spawn(squall_sim::guest_task(future))),
        #[cfg(all(feature = "sim", madsim))]
        Ground::Madsim => Inner::Madsim(::madsim::task::spawn(squall_sim::guest_task(future))),
        Ground::Tokio(_) => Inner::Tokio(tokio::spawn(future)),
    })
}

/// Lets other tasks run.
pub async fn yield_now() {
    match current() {
        #[cfg(feature = "sim")]
        Ground::Sim => squall_sim::yield_now().await,
        #[cfg(all(feature = "sim", madsim))]
        Ground::Madsim => squall_sim::yield_now().await,
        _ => tokio::task::yield_now().await,
    }
}

/// Waits for a task, or aborts it.
pub struct JoinHandle<T>(Inner<T>);

enum Inner<T> {
    #[cfg(feature = "sim")]
    Sim(squall_sim::JoinHandle<T>),
    #[cfg(all(feature = "turmoil", not(madsim)))]
    Guest(tokio::task::JoinHandle<Guested<T>>),
    #[cfg(all(feature = "sim", madsim))]
    Madsim(::madsim::task::JoinHandle<Guested<T>>),
    Tokio(tokio::task::JoinHandle<T>),
}

/// What a guest's task gives: its value, or what it panicked with.
#[cfg(any(feature = "turmoil", madsim))]
type Guested<T> = Result<T, Box<dyn Any + Send>>;

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JoinHandle")
    }
}

impl<T> JoinHandle<T> {
    /// Asks the task to end. It is gone once the handle is joined, not before.
    pub fn abort(&self) {
        match &self.0 {
            #[cfg(feature = "sim")]
            Inner::Sim(handle) => handle.abort(),
            #[cfg(all(feature = "turmoil", not(madsim)))]
            Inner::Guest(handle) => handle.abort(),
            #[cfg(all(feature = "sim", madsim))]
            Inner::Madsim(handle) => handle.abort(),
            Inner::Tokio(handle) => handle.abort(),
        }
    }

    /// Whether the task has ended.
    pub fn is_finished(&self) -> bool {
        match &self.0 {
            #[cfg(feature = "sim")]
            Inner::Sim(handle) => handle.is_finished(),
            #[cfg(all(feature = "turmoil", not(madsim)))]
            Inner::Guest(handle) => handle.is_finished(),
            #[cfg(all(feature = "sim", madsim))]
            Inner::Madsim(handle) => handle.is_finished(),
            Inner::Tokio(handle) => handle.is_finished(),
        }
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            #[cfg(feature = "sim")]
            Inner::Sim(handle) => handle.poll_join(cx).map(|ended| {
                ended.map_err(|why| match why {
                    squall_sim::JoinError::Cancelled => JoinError::CANCELLED,
                    squall_sim::JoinError::Panicked(payload) => JoinError::panicked(payload),
                })
            }),
            #[cfg(all(feature = "turmoil", not(madsim)))]
            Inner::Guest(handle) => Pin::new(handle).poll(cx).map(|ended| match ended {
                Ok(guested) => guested.map_err(JoinError::panicked),
                Err(_) => Err(JoinError::CANCELLED),
            }),
            #[cfg(all(feature = "sim", madsim))]
            Inner::Madsim(handle) => Pin::new(handle).poll(cx).map(|ended| match ended {
                Ok(guested) => guested.map_err(JoinError::panicked),
                Err(_) => Err(JoinError::CANCELLED),
            }),
            Inner::Tokio(handle) => Pin::new(handle).poll(cx).map(|ended| {
                ended.map_err(|error| match error.try_into_panic() {
                    Ok(payload) => JoinError::panicked(payload),
                    Err(_) => JoinError::CANCELLED,
                })
            }),
        }
    }
}

/// Why a task gave no value: it was aborted, its node stopped, or it panicked.
pub struct JoinError {
    /// What it panicked with. A mutex makes it `Sync`, as errors are expected to be.
    payload: Option<Mutex<Box<dyn Any + Send>>>,
}

impl JoinError {
    pub(crate) const CANCELLED: Self = Self { payload: None };

    pub(crate) const fn panicked(payload: Box<dyn Any + Send>) -> Self {
        Self { payload: Some(Mutex::new(payload)) }
    }

    /// Whether the task panicked.
    pub const fn is_panic(&self) -> bool {
        self.payload.is_some()
    }

    /// Whether it was aborted, or its node stopped.
    pub const fn is_cancelled(&self) -> bool {
        self.payload.is_none()
    }

    /// What the task panicked with, for `std::panic::resume_unwind`.
    ///
    /// # Panics
    /// If it did not panic.
    pub fn into_panic(self) -> Box<dyn Any + Send> {
        self.try_into_panic().expect("the task was cancelled: it did not panic")
    }

    /// What the task panicked with.
    ///
    /// # Errors
    /// Itself, if the task did not panic.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send>, Self> {
        let payload = self.payload.ok_or(Self::CANCELLED)?;
        Ok(payload.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_panic() { "task panicked" } else { "task was cancelled" })
    }
}

impl std::error::Error for JoinError {}

/// Tasks that are joined in the order they finish and aborted together when dropped.
#[derive(Debug)]
pub struct JoinSet<T> {
    tasks: Vec<JoinHandle<T>>,
}

impl<T> Default for JoinSet<T> {
    fn default() -> Self {
        Self { tasks: Vec::new() }
    }
}

impl<T: Send + 'static> JoinSet<T> {
    /// An empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a task in the set.
    #[track_caller]
    pub fn spawn<F: Future<Output = T> + Send + 'static>(&mut self, future: F) {
        self.tasks.push(spawn(future));
    }

    /// Number of tasks not joined yet.
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether every task was joined.
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Waits for the next task to end; `None` if the set is empty.
    pub async fn join_next(&mut self) -> Option<Result<T, JoinError>> {
        std::future::poll_fn(|cx| {
            if self.tasks.is_empty() {
                return Poll::Ready(None);
            }
            for place in 0..self.tasks.len() {
                if let Poll::Ready(ended) = Pin::new(&mut self.tasks[place]).poll(cx) {
                    drop(self.tasks.remove(place));
                    return Poll::Ready(Some(ended));
                }
            }
            Poll::Pending
        })
        .await
    }

    /// Asks every task to end.
    pub fn abort_all(&self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl<T> Drop for JoinSet<T> {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}
