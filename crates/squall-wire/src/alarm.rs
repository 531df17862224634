//! One timer for a deadline that is put off far more often than it is reached.
//!
//! A loop that sleeps anew after every message has a timer made and thrown away for each. An alarm
//! keeps its timer while the deadline moves away, and looks again when it rings.

use squall_io::time::{self, Instant, Sleep};

/// A timer that is kept from one wait to the next.
#[derive(Debug, Default)]
pub struct Alarm {
    /// Its timer, and when that rings.
    armed: Option<(Instant, Sleep)>,
}

impl Alarm {
    /// Without a timer yet.
    pub const fn new() -> Self {
        Self { armed: None }
    }

    /// Waits until the node's clock shows `deadline`. It may be dropped and called again, with an
    /// earlier deadline or a later one.
    pub async fn until(&mut self, deadline: Instant) {
        loop {
            let now = time::now();
            if now >= deadline {
                return;
            }
            match &mut self.armed {
                // Rings in time, or too early: then this looks again.
                Some((at, sleep)) if *at > now && *at <= deadline => sleep.await,
                armed => (&mut armed.insert((deadline, time::sleep_until(deadline))).1).await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn real<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
    }

    #[test]
    fn it_rings_at_its_deadline_however_often_that_moved() {
        real(async {
            let mut alarm = Alarm::new();
            let after = |millis| time::now() + Duration::from_millis(millis);
            // Put off, drawn near, put off again.
            for minutes in [20, 60, 10, 40] {
                let brief = time::timeout(Duration::ZERO, alarm.until(after(minutes * 60_000))).await;
                assert!(brief.is_err(), "it rang before {minutes} minutes");
            }
            // A timer that rings too early is made anew.
            _ = time::timeout(Duration::ZERO, alarm.until(after(20))).await;
            let deadline = after(60);
            alarm.until(deadline).await;
            assert!(time::now() >= deadline);
        });
    }

    #[test]
    fn a_deadline_that_has_passed_needs_no_waiting() {
        real(async {
            let mut alarm = Alarm::new();
            let deadline = time::now();
            time::timeout(Duration::ZERO, alarm.until(deadline)).await.unwrap();
            assert!(alarm.armed.is_none());
        });
    }
}
