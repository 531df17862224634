//! What is left to chance: which task is next, which branch is first. Seeds explore both orders, and
//! one seed gives one order.

use std::collections::BTreeSet;

use squall_io::task::spawn;
use squall_io::{rand, select};

use super::stage::{nodes, pass, say};

/// The order in which four tasks that are ready together run.
fn order_of_tasks(seed: u64) -> Vec<String> {
    let mut stage = nodes(&[("n", 1)]).seed(seed).begin();
    stage.start("n-1", async {
        for name in ["a", "b", "c"] {
            drop(spawn(async move { say(name) }));
        }
        Ok(())
    });
    stage.run(1);
    stage.said("n-1")
}

#[test]
fn seeds_explore_every_order_of_ready_tasks() {
    let orders: BTreeSet<Vec<String>> = (0..100).map(order_of_tasks).collect();
    assert_eq!(orders.len(), 6, "three tasks have six orders: {orders:?}");
    assert!((0..20).all(|seed| order_of_tasks(seed) == order_of_tasks(seed)));
}

/// Which of several ready branches wins, ten times in a row.
fn winners(seed: u64) -> Vec<String> {
    let mut stage = nodes(&[("n", 1)]).seed(seed).begin();
    stage.start("n-1", async {
        for _ in 0..10 {
            select! {
                () = async {} => say("first"),
                () = async {} => say("second"),
                () = async {} => say("third"),
            }
        }
        Ok(())
    });
    stage.run(1);
    stage.said("n-1")
}

#[test]
fn select_lets_each_branch_win_and_a_seed_repeats_it() {
    let all: Vec<String> = (0..30).flat_map(winners).collect();
    for branch in ["first", "second", "third"] {
        let wins = all.iter().filter(|winner| *winner == branch).count();
        // 300 turns: a hundred each, five standard deviations are 41.
        assert!(wins.abs_diff(100) < 42, "{branch} won {wins} of 300");
    }
    assert!((0..10).all(|seed| winners(seed) == winners(seed)));
    assert_ne!(winners(1), winners(2));
}

#[test]
fn select_takes_two_to_five_branches_and_binds_their_values() {
    let mut stage = nodes(&[("n", 1)]).begin();
    stage.start("n-1", async {
        let word = select! {
            () = pass(50) => "late".to_owned(),
            (number, text) = async { pass(10).await; (4, "x") } => format!("{number}{text}"),
            () = pass(40) => "late".to_owned(),
            () = pass(30) => "late".to_owned(),
            () = pass(20) => "late".to_owned(),
        };
        say(word);
        let mut count = 0;
        loop {
            select! {
                () = pass(1) => count += 1,
                () = std::future::pending() => {}
            }
            if count == 3 {
                break;
            }
        }
        say(count);
        Ok(())
    });
    stage.run(1_000);
    assert_eq!(stage.notes(), [("n-1".into(), 10, "4x".into()), ("n-1".into(), 13, "3".into())]);
}

/// What a task draws while another one draws more or less.
fn draws_beside(others: usize) -> Vec<String> {
    let mut stage = nodes(&[("n", 1)]).begin();
    stage.start("n-1", async move {
        let own = spawn(async {
            for _ in 0..5 {
                say(rand::below(1_000_000));
                pass(1).await;
            }
        });
        let other = spawn(async move {
            for _ in 0..others {
                rand::bits();
                pass(1).await;
            }
        });
        own.await.unwrap();
        other.await.unwrap();
        Ok(())
    });
    stage.run(1_000);
    stage.said("n-1")
}

#[test]
fn a_tasks_draws_are_its_own() {
    assert_eq!(draws_beside(0), draws_beside(100));
    let distinct: BTreeSet<String> = draws_beside(0).into_iter().collect();
    assert_eq!(distinct.len(), 5);
}

#[test]
fn each_incarnation_draws_anew() {
    let mut stage = nodes(&[("n", 1)]).begin();
    for _ in 0..3 {
        stage.start("n-1", async {
            say(rand::bits());
            Ok(())
        });
        let next = stage.now().0 / 1_000_000 + 1;
        stage.run(next);
        stage.killed("n-1");
    }
    let distinct: BTreeSet<String> = stage.said("n-1").into_iter().collect();
    assert_eq!(distinct.len(), 3);
}

#[test]
fn draws_keep_to_their_range() {
    let mut stage = nodes(&[("n", 1)]).begin();
    stage.start("n-1", async {
        let (low, high) = (std::time::Duration::from_nanos(10), std::time::Duration::from_nanos(12));
        let seen: BTreeSet<u128> = (0..200).map(|_| rand::between(low, high).as_nanos()).collect();
        say(format!("{seen:?} {} {}", rand::below(0), rand::below(1)));
        Ok(())
    });
    stage.run(1);
    assert_eq!(stage.said("n-1"), ["{10, 11, 12} 0 0"]);
}
