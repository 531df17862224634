//! The word to stop: software that is asked to has some time to end well before it is killed.
//!
//! Root software ends by returning; what else runs on the node ends with it. In a simulation the word
//! comes from a fault (`stop`). Elsewhere it comes from [`real::RealNode::ask_to_stop`], or, for a
//! process that is one node ([`real::run`]), from SIGTERM and ctrl-c.
//!
//! [`real::RealNode::ask_to_stop`]: crate::real::RealNode::ask_to_stop
//! [`real::run`]: crate::real::run

use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::task::Poll;

use tokio::sync::watch;

use crate::ground::{Machine, machine};

/// The word to stop, for the node that asks. Clones hear the same.
pub fn token() -> StopToken {
    StopToken(match machine() {
        #[cfg(feature = "sim")]
        Machine::Simulated => Inner::Sim,
        Machine::Real(place) => Inner::Tokio(place.map(|place| place.stop.clone())),
    })
}

/// Runs `future` until it ends or the node is asked to stop: then it is dropped, and there is no value.
/// At one instant its end wins.
pub async fn until_stopped<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut stopped = pin!(token().stopped());
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => stopped.as_mut().poll(cx).map(|()| None),
    })
    .await
}

/// Hears the word to stop.
#[derive(Clone, Debug)]
pub struct StopToken(Inner);

#[derive(Clone, Debug)]
enum Inner {
    #[cfg(feature = "sim")]
    Sim,
    /// Absent on a runtime that is no node's: nobody can ask.
    Tokio(Option<watch::Receiver<bool>>),
}

impl StopToken {
    /// Whether the node was asked to stop.
    pub fn is_stopping(&self) -> bool {
        match &self.0 {
            #[cfg(feature = "sim")]
            Inner::Sim => squall_sim::is_stopping(),
            Inner::Tokio(word) => word.as_ref().is_some_and(|word| *word.borrow()),
        }
    }

    /// Waits for the word.
    pub fn stopped(&self) -> impl Future<Output = ()> + Send + use<> {
        let token = self.clone();
        async move { token.wait().await }
    }

    async fn wait(self) {
        match self.0 {
            #[cfg(feature = "sim")]
            Inner::Sim => {
                let mut wait = squall_sim::StopWait::default();
                std::future::poll_fn(|cx| wait.poll_stopping(cx)).await;
            }
            Inner::Tokio(Some(mut word)) => {
                let told = word.wait_for(|asked| *asked).await.is_ok();
                if !told {
                    // Whoever could ask is gone.
                    pending::<()>().await;
                }
            }
            Inner::Tokio(None) => pending().await,
        }
    }
}
