//! The event queue, and spawning, polling and waking.

use std::time::Duration;

use criterion::{Criterion, Throughput};
use squall_io::{task, time};

use crate::stage::{begin, whole};

const SECOND: Duration = Duration::from_secs(1);

pub(crate) fn all(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("tasks");
    // Each timer is an event pushed and popped, and a poll.
    for pending in [10, 1_000, 100_000_u64] {
        let title = format!("timers, {pending} pending");
        let units = Throughput::Elements(100_000);
        whole(&mut group, &title, units, SECOND, move || match pending {
            10 => begin(1, |_| Box::pin(timers(10, 10_000))),
            1_000 => begin(1, |_| Box::pin(timers(1_000, 100))),
            _ => begin(1, |_| Box::pin(timers(100_000, 1))),
        });
    }
    whole(&mut group, "yields of 100 tasks", Throughput::Elements(100_000), SECOND, || {
        begin(1, |_| Box::pin(yields(100, 1_000)))
    });
    whole(&mut group, "spawn and join", Throughput::Elements(10_000), SECOND, || {
        begin(1, |_| Box::pin(spawns(10_000)))
    });
    whole(&mut group, "timeouts that do not fire", Throughput::Elements(20_000), SECOND, || {
        begin(1, |_| Box::pin(timeouts(20_000)))
    });
    group.finish();
}

/// So many tasks that sleep `times` times each, all within a second.
async fn timers(tasks: u64, times: u64) -> Result<(), String> {
    let mut all = Vec::new();
    for number in 0..tasks {
        // Periods that differ, so that the queue is no list of equal times.
        let period = Duration::from_nanos(900_000_000 / times - number % 1_009);
        all.push(task::spawn(async move {
            for _ in 0..times {
                time::sleep(period).await;
            }
        }));
    }
    for one in all {
        one.await.map_err(|error| error.to_string())?;
    }
    Ok(())
}

async fn yields(tasks: u64, times: u64) -> Result<(), String> {
    let mut all = Vec::new();
    for _ in 0..tasks {
        all.push(task::spawn(async move {
            for _ in 0..times {
                task::yield_now().await;
            }
        }));
    }
    for one in all {
        one.await.map_err(|error| error.to_string())?;
    }
    Ok(())
}

async fn spawns(times: u64) -> Result<(), String> {
    for number in 0..times {
        let value = task::spawn(async move { number }).await.map_err(|error| error.to_string())?;
        assert_eq!(value, number, "a task gives its value");
    }
    Ok(())
}

/// A deadline set and dropped for each of so many short waits.
async fn timeouts(times: u64) -> Result<(), String> {
    for _ in 0..times {
        let ended = time::timeout(SECOND, time::sleep(Duration::from_micros(1))).await;
        ended.map_err(|error| error.to_string())?;
    }
    Ok(())
}
