//! The core's words towards its surroundings: settings, events, outputs.

use std::time::Duration;

use squall_io::vocab::batch;

use crate::job::{AttemptId, Epoch, Incarnation, Manifest};
use crate::protocol::{FromWorker, ToWorker, Work};
use crate::state::Failure;

/// What a worker's core has to know of its surroundings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// The worker's name.
    pub name: String,
    /// Which incarnation of it this is.
    pub incarnation: Incarnation,
    /// How many attempts it works on at a time.
    pub slots: u32,
    /// How often it asks for a longer lease, and repeats what was not settled.
    pub heartbeat: Duration,
    /// How long it waits for an answer before it tries another controller.
    pub patience: Duration,
}

/// What can happen to a worker.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// The line that [`Output::Connect`] asked for is up.
    Connected,
    /// That line is down, or could not be had.
    Disconnected,
    /// The controller at its other end says something. What came over earlier lines must not come
    /// here.
    Message(ToWorker),
    /// An attempt that was begun has ended by itself. If it succeeded, its output is durable.
    Finished {
        /// Which.
        attempt: AttemptId,
        /// What it made, or why it failed.
        result: Result<Manifest, Failure>,
    },
    /// An attempt got on.
    Worked {
        /// Which.
        attempt: AttemptId,
        /// Its count of work done, from its beginning.
        count: u64,
    },
    /// [`wake_at`](super::Worker::wake_at) has come. Too many ticks do no harm.
    Tick,
}

/// What a worker does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// Say to the controller, over the line that is up.
    Say(FromWorker),
    /// Give up the line, if there is one, and have another: to this controller, or to the next.
    Connect {
        /// The leader's place among the controllers, as another one told.
        leader: Option<usize>,
    },
    /// Begin an attempt.
    Begin {
        /// Which.
        attempt: AttemptId,
        /// Under which lease.
        epoch: Epoch,
        /// What to do.
        work: Work,
    },
    /// End an attempt that was begun, and remove whatever it has written.
    Stop {
        /// Which.
        attempt: AttemptId,
    },
    /// Remove an attempt's output, if it is there.
    Forget {
        /// Which.
        attempt: AttemptId,
    },
    /// Tell the harness.
    Observe(batch::Event),
}
