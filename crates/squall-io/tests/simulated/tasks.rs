//! Tasks: yield, join, abort, panic, sets.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use squall_io::task::{JoinSet, spawn, yield_now};
use squall_io::time::timeout;

use super::stage::{Stage, forever, ms, nodes, pass, say};

/// Says its words when it is dropped.
struct Tell(&'static str);

impl Drop for Tell {
    fn drop(&mut self) {
        say(self.0);
    }
}

fn run(program: impl Future<Output = io::Result<()>> + Send + 'static) -> Stage {
    let mut stage = nodes(&[("n", 1)]).begin().tolerant();
    stage.start("n-1", program);
    stage.run(10_000);
    stage
}

#[test]
fn a_yield_lets_others_run() {
    let stage = run(async {
        let flag = Arc::new(AtomicBool::new(false));
        let set = flag.clone();
        let setter = spawn(async move { set.store(true, Ordering::Relaxed) });
        let mut yields = 0;
        while !flag.load(Ordering::Relaxed) {
            yields += 1;
            yield_now().await;
        }
        setter.await.unwrap();
        say(format!("after {}", if yields < 1_000 { "some yields" } else { "far too many" }));
        Ok(())
    });
    assert_eq!(stage.said("n-1"), ["after some yields"]);
}

#[test]
fn a_join_gives_the_value_and_a_dropped_handle_detaches() {
    let stage = run(async {
        let handle = spawn(async {
            pass(10).await;
            42
        });
        assert!(!handle.is_finished());
        say(handle.await.unwrap());
        drop(spawn(async {
            pass(10).await;
            say("detached");
        }));
        forever().await
    });
    assert_eq!(stage.said("n-1"), ["42", "detached"]);
}

#[test]
fn an_aborted_task_is_gone_once_it_is_joined_not_before() {
    let stage = run(async {
        let handle = spawn(async {
            let _tell = Tell("dropped");
            pass(1_000).await;
            say("survived");
        });
        pass(10).await;
        handle.abort();
        say(format!("finished at once: {}", handle.is_finished()));
        say(format!("{:?}", handle.await));
        Ok(())
    });
    assert_eq!(stage.said("n-1"), ["finished at once: false", "dropped", "Err(task was cancelled)"]);
}

#[test]
fn an_abort_before_the_first_poll_and_after_the_end_changes_nothing_else() {
    let stage = run(async {
        let never = spawn(async { say("ran") });
        never.abort();
        say(format!("{:?}", never.await.is_err()));
        let done = spawn(async { 5 });
        pass(1).await;
        done.abort();
        say(done.await.unwrap());
        Ok(())
    });
    assert_eq!(stage.said("n-1"), ["true", "5"]);
}

#[test]
fn a_task_that_aborts_itself_ends_at_its_next_wait() {
    let stage = run(async {
        let (send, receive) = tokio::sync::oneshot::channel::<squall_io::task::JoinHandle<()>>();
        let handle = spawn(async move {
            let own = receive.await.unwrap();
            own.abort();
            say("still running");
            pass(1).await;
            say("never");
        });
        send.send(handle).unwrap();
        pass(100).await;
        Ok(())
    });
    assert_eq!(stage.said("n-1"), ["still running"]);
}

#[test]
fn a_panic_reaches_who_joins_and_the_destructors_run() {
    let stage = run(async {
        let handle = spawn(async {
            let _tell = Tell("unwound");
            panic!("no luck");
        });
        let error = handle.await.unwrap_err();
        assert!(error.is_panic() && !error.is_cancelled());
        say(format!("{error}"));
        say(error.into_panic().downcast_ref::<&str>().expect("nothing was formatted"));
        Ok(())
    });
    assert_eq!(stage.said("n-1"), ["unwound", "task panicked", "no luck"]);
}

#[test]
fn a_join_that_fails_is_an_error_like_any_other() {
    async fn joined() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let handle = spawn(pass(1_000));
        handle.abort();
        Ok(handle.await?)
    }
    let stage = run(async {
        say(joined().await.unwrap_err());
        let handle = spawn(pass(1_000));
        handle.abort();
        say(handle.await.unwrap_err().try_into_panic().unwrap_err().is_cancelled());
        Ok(())
    });
    assert_eq!(stage.said("n-1"), ["task was cancelled", "true"]);
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("bomb");
    }
}

#[test]
fn a_destructor_that_panics_is_the_nodes_panic_and_nobody_waits_for_ever() {
    let stage = run(async {
        // In an aborted task, in one nobody joins, and in a value nobody takes.
        let aborted = spawn(async {
            let _bomb = Bomb;
            pass(1_000).await;
        });
        pass(1).await;
        aborted.abort();
        let joined = timeout(ms(100), aborted).await.expect("the join hangs");
        say(joined.is_err());
        drop(spawn(async { Bomb }));
        pass(1).await;
        say("alive");
        Ok(())
    });
    assert_eq!(stage.said("n-1"), ["true", "alive"]);
    let panics = format!("{:?}", stage.life("n-1")).matches("\"bomb\"").count();
    assert_eq!(panics, 2, "{:?}", stage.life("n-1"));
}

#[test]
fn destructors_of_ended_tasks_may_still_draw() {
    struct Draw;
    impl Drop for Draw {
        fn drop(&mut self) {
            squall_io::rand::bits();
            say("drawn");
        }
    }
    let stage = run(async {
        let aborted = spawn(async {
            let _draw = Draw;
            pass(1_000).await;
        });
        pass(1).await;
        aborted.abort();
        assert!(aborted.await.is_err());
        let panicked = spawn(async {
            let _draw = Draw;
            panic!("with a destructor to run");
        });
        assert!(panicked.await.is_err());
        Ok(())
    });
    assert_eq!(stage.said("n-1"), ["drawn", "drawn"]);
}

#[test]
fn a_set_gives_its_tasks_as_they_end_and_aborts_the_rest_when_dropped() {
    let stage = run(async {
        let mut set = JoinSet::new();
        for span in [30, 10, 20, 5_000] {
            set.spawn(async move {
                let _tell = (span == 5_000).then(|| Tell("aborted"));
                pass(span).await;
                span
            });
        }
        assert_eq!((set.len(), set.is_empty()), (4, false));
        for _ in 0..3 {
            say(set.join_next().await.unwrap().unwrap());
        }
        drop(set);
        pass(1).await;
        say(JoinSet::<()>::new().join_next().await.is_none());
        Ok(())
    });
    assert_eq!(stage.said("n-1"), ["10", "20", "30", "aborted", "true"]);
}
