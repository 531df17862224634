//! Sleep, timeout, interval.

use std::time::Duration;

use squall_io::time::{Elapsed, Instant, interval, now, sleep, sleep_until, timeout};

use super::stage::{forever, ms, nodes, pass, say};

/// Runs one program on one node and gives its words with their milliseconds.
fn words(program: impl Future<Output = ()> + Send + 'static) -> Vec<(u64, String)> {
    let mut stage = nodes(&[("n", 1)]).begin();
    stage.start("n-1", async {
        program.await;
        Ok(())
    });
    stage.run(1_000_000);
    stage.notes().into_iter().map(|(_, at, words)| (at, words)).collect()
}

fn at(ms: u64, words: &str) -> (u64, String) {
    (ms, words.to_owned())
}

#[test]
fn sleeps_last_to_the_nanosecond() {
    let said = words(async {
        for span in [0, 1, 300_000, 1_500_000, 999_999_999] {
            let before = now();
            sleep(Duration::from_nanos(span)).await;
            say(before.elapsed().as_nanos());
        }
    });
    let spans: Vec<&str> = said.iter().map(|(_, words)| words.as_str()).collect();
    assert_eq!(spans, ["0", "1", "300000", "1500000", "999999999"]);
}

#[test]
fn a_deadline_in_the_past_is_over_and_one_beyond_time_never_comes() {
    let said = words(async {
        pass(5).await;
        sleep_until(now() - ms(3)).await;
        say("past");
        let end_of_time = timeout(ms(50), sleep(Duration::MAX)).await;
        say(format!("{end_of_time:?}"));
    });
    assert_eq!(said, [at(5, "past"), at(55, "Err(Elapsed)")]);
}

#[test]
fn timeouts_cut_off_what_is_late_and_nothing_else() {
    let said = words(async {
        say(format!("{:?}", timeout(ms(0), async { 7 }).await));
        say(format!("{:?}", timeout(ms(10), pass(20)).await));
        say(format!("{:?}", timeout(ms(20), pass(10)).await));
        // At the very instant of the deadline the future wins: it is polled first.
        say(format!("{:?}", timeout(ms(10), pass(10)).await));
        say(format!("{:?}", timeout(ms(0), forever()).await.is_err()));
    });
    let expected =
        [at(0, "Ok(7)"), at(10, "Err(Elapsed)"), at(20, "Ok(())"), at(30, "Ok(())"), at(30, "true")];
    assert_eq!(said, expected);
}

#[test]
fn a_timeout_drops_what_it_cut_off_when_it_returns() {
    struct Tell;
    impl Drop for Tell {
        fn drop(&mut self) {
            say("dropped");
        }
    }
    let said = words(async {
        let tell = Tell;
        let cut_off: Result<(), Elapsed> = timeout(ms(10), async move {
            let _tell = tell;
            pass(1_000).await;
        })
        .await;
        say(format!("{cut_off:?}"));
    });
    assert_eq!(said, [at(10, "dropped"), at(10, "Err(Elapsed)")]);
}

#[test]
fn an_interval_ticks_at_once_and_late_ticks_are_not_caught_up() {
    let said = words(async {
        let mut clock = interval(ms(10));
        for busy in [0, 0, 35, 0, 0] {
            clock.tick().await;
            say("tick");
            pass(busy).await;
        }
    });
    let ticks: Vec<u64> = said.iter().map(|(at, _)| *at).collect();
    // Busy from 20 to 55: the tick due at 30 comes at 55, the next a period later.
    assert_eq!(ticks, [0, 10, 20, 55, 65]);
}

#[test]
fn many_cancelled_timers_leave_the_others_alone() {
    // More than the queue keeps before it sweeps dead events out.
    let said = words(async {
        let mut late = std::pin::pin!(sleep(ms(50_000)));
        assert!(timeout(ms(0), late.as_mut()).await.is_err());
        for _ in 0..10_000 {
            timeout(ms(30_000), pass(1)).await.unwrap();
        }
        say("done");
        late.as_mut().await;
        say("late");
    });
    assert_eq!(said, [at(10_000, "done"), at(50_000, "late")]);
}

#[test]
fn a_sleep_moved_to_another_task_wakes_that_one() {
    let said = words(async {
        let mut nap = Box::pin(sleep(ms(20)));
        // Registered with this task's waker first.
        assert!(timeout(ms(5), nap.as_mut()).await.is_err());
        let other = squall_io::task::spawn(async move {
            nap.await;
            say("woken");
        });
        other.await.unwrap();
    });
    assert_eq!(said, [at(20, "woken")]);
}

#[test]
fn readings_of_the_clocks_agree() {
    let said = words(async {
        let (start, wall) = (now(), squall_io::time::wall_clock());
        pass(1_234).await;
        let later = squall_io::time::wall_clock();
        say((now() - start).as_millis());
        say((later.earliest_ns - wall.earliest_ns) / 1_000_000);
        say((later.latest_ns - later.earliest_ns) / 1_000_000);
        say(start.saturating_duration_since(now()).as_nanos());
        let earlier: Instant = start - Duration::from_secs(5);
        say(earlier <= start);
    });
    let readings: Vec<&str> = said.iter().map(|(_, words)| words.as_str()).collect();
    assert_eq!(readings, ["1234", "1234", "100", "0", "true"]);
}
