//! Settings of a worker, with the reason for each default.

use std::path::PathBuf;
use std::time::Duration;

use crate::job::Incarnation;
use crate::protocol::{SHUFFLE_PORT, WORKER_PORT};
use crate::{Bugs, Error};

use super::core::Settings;

/// What a worker has to know.
#[derive(Clone, Debug)]
pub struct WorkerConfig {
    /// Its name: other workers find it by this.
    pub name: String,
    /// The names of the controllers, in the order in which they know themselves.
    pub controllers: Vec<String>,
    /// Where controllers listen for workers.
    pub worker_port: u16,
    /// Where workers serve their outputs to each other.
    pub shuffle_port: u16,
    /// How many attempts it works on at a time.
    pub slots: u32,
    /// Where its files lie, relative to the node's own directory.
    pub directory: PathBuf,
    /// Where input files lie, relative to the node's own directory.
    pub input: PathBuf,
    /// How often it asks for a longer lease.
    pub heartbeat: Duration,
    /// How long it waits for a controller's answer before it tries another.
    pub patience: Duration,
    /// How long a record takes, for work that takes time in a simulation too.
    pub per_record: Duration,
    /// How long another worker is given for a segment, a second for each megabyte added.
    pub fetch_timeout: Duration,
    /// In pieces of how many bytes an output is sent.
    pub chunk: usize,
    /// Planted bugs that are on.
    pub bugs: Bugs,
}

impl WorkerConfig {
    /// A worker with the defaults: the ports of [`protocol`](crate::protocol), two slots, files in
    /// `wrk`, inputs in `input`, a heartbeat every 200 ms (nine may be lost before a lease of 2 s is
    /// over), another controller after a second (so that two more can be tried within a lease),
    /// 500 ms for a segment (a round trip takes a thousandth), pieces of 16 KiB.
    pub fn new(name: &str, controllers: &[String]) -> Self {
        Self {
            name: name.to_owned(),
            controllers: controllers.to_vec(),
            worker_port: WORKER_PORT,
            shuffle_port: SHUFFLE_PORT,
            slots: 2,
            directory: PathBuf::from("wrk"),
            input: PathBuf::from("input"),
            heartbeat: Duration::from_millis(200),
            patience: Duration::from_secs(1),
            per_record: Duration::ZERO,
            fetch_timeout: Duration::from_millis(500),
            chunk: 16 << 10,
            bugs: Bugs::none(),
        }
    }

    /// The same, slower by a factor: for machines and networks that stall now and then.
    #[must_use]
    pub fn slower(mut self, factor: u32) -> Self {
        for span in [&mut self.heartbeat, &mut self.patience, &mut self.fetch_timeout] {
            *span *= factor;
        }
        self
    }

    /// What the core of this incarnation has to know, after checking that it can work.
    ///
    /// # Errors
    /// [`Error::Config`].
    pub fn settings(&self, incarnation: Incarnation) -> Result<Settings, Error> {
        let problem = if self.name.is_empty() {
            "a worker needs a name"
        } else if self.controllers.is_empty() {
            "a worker needs a controller"
        } else if self.slots == 0 {
            "a worker needs a slot"
        } else if self.heartbeat.is_zero() || self.patience < self.heartbeat {
            "a controller must be given at least a heartbeat to answer"
        } else if self.fetch_timeout.is_zero() || self.chunk == 0 {
            "a fetch needs time and comes in pieces"
        } else {
            return Ok(Settings {
                name: self.name.clone(),
                incarnation,
                slots: self.slots,
                heartbeat: self.heartbeat,
                patience: self.patience,
            });
        };
        Err(Error::Config(problem.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_cannot_work_are_refused() {
        let good = WorkerConfig::new("worker-1", &["controller-1".to_owned()]);
        let settings = good.clone().slower(5).settings(Incarnation(3)).unwrap();
        assert_eq!((settings.heartbeat, settings.incarnation), (Duration::from_secs(1), Incarnation(3)));
        for (bad, why) in [
            (WorkerConfig { name: String::new(), ..good.clone() }, "a name"),
            (WorkerConfig { controllers: Vec::new(), ..good.clone() }, "a controller"),
            (WorkerConfig { slots: 0, ..good.clone() }, "a slot"),
            (WorkerConfig { heartbeat: Duration::ZERO, ..good.clone() }, "a heartbeat"),
            (WorkerConfig { patience: Duration::from_millis(199), ..good.clone() }, "a heartbeat"),
            (WorkerConfig { fetch_timeout: Duration::ZERO, ..good.clone() }, "needs time"),
            (WorkerConfig { chunk: 0, ..good }, "in pieces"),
        ] {
            let error = bad.settings(Incarnation(3)).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
