//! Assertions: what is told of them, and that every one is in the catalogue whether it is met or not.

use squall_history::{Assertion, Body};
use squall_io::assert;
use squall_io::catalogue::{PointKind, catalogue};

use super::stage::{Stage, forever, nodes, pass, say};

/// Asserts all sorts of things, at every millisecond.
async fn asserting() -> std::io::Result<()> {
    for turn in 0_u32..500 {
        assert::always!(turn < 100, "test/below-a-hundred", "turn {turn}");
        assert::always!(turn < 1_000, "test/below-a-thousand");
        assert::sometimes!(turn > 3, "test/above-three");
        assert::sometimes!(turn > 1_000, "test/above-a-thousand");
        if turn == 7 {
            assert::reachable!("test/seven");
            assert::unreachable!("test/never-seven");
        }
        if turn > 1_000 {
            assert::reachable!("test/after-the-end");
            assert::unreachable!("test/beyond");
        }
        pass(1).await;
    }
    forever().await
}

fn told(stage: &Stage) -> Vec<(u64, String)> {
    let told = stage.records.iter().filter_map(|record| {
        let ms = record.at.0 / 1_000_000;
        match &record.body {
            Body::Assert(Assertion::Broken { name, details, place }) => {
                assert!(place.starts_with("simulated::assertions:"), "{place}");
                Some((ms, format!("broken {name} {details}")))
            }
            Body::Assert(Assertion::Reached { name }) => Some((ms, format!("reached {name}"))),
            _ => None,
        }
    });
    told.collect()
}

#[test]
fn what_holds_is_not_told_what_is_reached_once_and_what_is_broken_a_hundred_times() {
    let mut stage = nodes(&[("n", 1)]).begin();
    stage.start("n-1", asserting());
    stage.run(1_000);
    let told = told(&stage);
    let early: Vec<(u64, &str)> = told.iter().map(|(at, what)| (*at, what.as_str())).take(4).collect();
    assert_eq!(
        early,
        [
            (4, "reached test/above-three"),
            (7, "reached test/seven"),
            (7, "broken test/never-seven "),
            (100, "broken test/below-a-hundred turn 100"),
        ]
    );
    assert_eq!(told.last().unwrap(), &(199, "broken test/below-a-hundred turn 199".to_owned()));
    assert_eq!(told.len(), 3 + 100);
}

#[test]
fn each_run_tells_anew_and_runs_on_other_threads_do_not_mind() {
    let run = || {
        let mut stage = nodes(&[("n", 2)]).begin();
        stage.start("n-1", asserting());
        stage.start("n-2", asserting());
        stage.run(50);
        (told(&stage), stage.end().digest)
    };
    let first = run();
    assert_eq!(
        first.0.iter().filter(|(_, what)| what == "reached test/seven").count(),
        1,
        "once, not per node"
    );
    assert_eq!(run(), first);
    let others = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..2).map(|_| scope.spawn(run)).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(others, [first.clone(), first]);
}

#[test]
fn what_is_reached_folds_into_no_digest() {
    let run = |asserts: bool| {
        let mut stage = nodes(&[("n", 1)]).begin();
        stage.start("n-1", async move {
            for turn in 0..10 {
                if asserts {
                    assert::sometimes!(turn == 5, "test/five");
                }
                pass(1).await;
            }
            say("done");
            forever().await
        });
        stage.run(100);
        assert_eq!(told(&stage).len(), usize::from(asserts));
        stage.end().digest
    };
    assert_eq!(run(true), run(false));
}

/// Its points are in the catalogue though nobody ever calls it.
#[expect(dead_code, reason = "what it holds is to be found without being reached")]
fn never_called<T: Default>(value: &T) {
    assert::reachable!("test/in-a-generic-function-that-nobody-calls");
    let closure = || assert::sometimes!(true, "test/in-a-closure");
    closure();
    _ = value;
}

#[test]
fn the_catalogue_holds_every_point_met_or_not_in_order() {
    let all = catalogue();
    let here: Vec<(PointKind, &str)> = all
        .iter()
        .filter(|point| point.is_in("simulated::assertions"))
        .map(|point| (point.kind(), point.name()))
        .collect();
    assert_eq!(
        here,
        [
            (PointKind::Sometimes, "test/above-a-thousand"),
            (PointKind::Sometimes, "test/above-three"),
            (PointKind::Reachable, "test/after-the-end"),
            (PointKind::Always, "test/below-a-hundred"),
            (PointKind::Always, "test/below-a-thousand"),
            (PointKind::Unreachable, "test/beyond"),
            (PointKind::Sometimes, "test/five"),
            (PointKind::Sometimes, "test/in-a-closure"),
            (PointKind::Reachable, "test/in-a-generic-function-that-nobody-calls"),
            (PointKind::Unreachable, "test/never-seven"),
            (PointKind::Reachable, "test/seven"),
        ]
    );
    let kinds = |module: &str, kind: PointKind| {
        all.iter()
            .filter(|point| point.is_in(module) && point.kind() == kind)
            .map(|point| point.name())
            .collect::<Vec<_>>()
    };
    assert_eq!(kinds("simulated::hooks", PointKind::Hook).len(), 7);
    assert!(kinds("simulated::buggify", PointKind::Buggify).contains(&"other/e"));
    assert_eq!(kinds("simulated::buggify", PointKind::Knob), ["test/knob"]);
    assert!(kinds("simulated::bug", PointKind::Buggify).is_empty(), "a prefix of a name is no module");
}
