//! Databases of known isolation are judged to have it, and not more.

use std::collections::BTreeSet;

use squall_blackbox::transactions::{Anomaly, Boundary, Consistency, Shape, Via};

use super::brute_force::Data;
use super::databases::{Database, history};
use super::history::anomalies;

/// A database, the strongest levels that it keeps to, and what it must be caught at.
const CASES: &[(Database, &[Consistency], &[&str])] = &[
    (Database::Nothing, &[], &["G0", "G1a", "G1b", "G1c", "G-single", "G2-item"]),
    (Database::ReadUncommitted, &[Consistency::ReadUncommitted], &["G1a", "G1b", "G1c"]),
    (
        Database::ReadCommitted,
        &[Consistency::StrongReadCommitted],
        &["internal", "lost-update", "G-single", "G2-item"],
    ),
    (Database::ParallelSnapshot, &[Consistency::ParallelSnapshotIsolation], &["G-nonadjacent", "G2-item"]),
    (Database::Snapshot, &[Consistency::SnapshotIsolation], &["G2-item", "G-single-realtime"]),
    (Database::StrongSnapshot, &[Consistency::StrongSnapshotIsolation], &["G2-item"]),
    (Database::Serializable, &[Consistency::Serializable], &["G-single-process", "G-single-realtime"]),
    (Database::StrongSessionSerializable, &[Consistency::StrongSessionSerializable], &["G-single-realtime"]),
    (Database::StrictSerializable, &[Consistency::StrictSerializable], &[]),
];

/// Judges many histories of each database; what is wrong with the judgement.
fn classified(data: Data, seeds: u64) -> Vec<String> {
    let strictest = data.analysis(Consistency::StrictSerializable);
    let mut wrong = Vec::new();
    for (database, keeps, caught_at) in CASES {
        let mut found = BTreeSet::new();
        for seed in 0..seeds {
            let history = history(*database, data, seed, 60);
            found.extend(anomalies(&history.judged(&*strictest)));
            for level in *keeps {
                let judged = history.judged(&*data.analysis(*level));
                if !judged.violations.is_empty() || judged.unknown.is_some() {
                    wrong.push(format!("{database:?} {seed}: {judged:?}"));
                }
            }
        }
        let forbidden = keeps.iter().flat_map(|level| level.forbids().iter()).map(|anomaly| anomaly.name());
        let forbidden: Vec<_> = forbidden.filter(|name| found.contains(name)).collect();
        // Registers that are written and never read tell no order of their versions.
        let blind = |name: &&&str| data == Data::Registers && **name == "G0";
        let missed = caught_at.iter().filter(|name| !found.contains(**name) && !blind(name));
        let missed: Vec<_> = missed.collect();
        if !forbidden.is_empty() || !missed.is_empty() {
            wrong.push(format!("{database:?}: found {forbidden:?}, missed {missed:?}"));
        }
    }
    wrong
}

/// Histories of each database.
const SEEDS: u64 = 150;

#[test]
fn lists_tell_the_level() {
    let wrong = classified(Data::Lists, SEEDS);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn registers_tell_the_level() {
    let wrong = classified(Data::Registers, SEEDS);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a set of anomalies says of all levels.
fn boundary(found: &[Anomaly]) -> String {
    let all = Consistency::StrictSerializable.forbids();
    Boundary::of(found.iter().copied().collect(), all).sentence()
}

#[test]
fn anomalies_rule_out_levels() {
    let cycle = Anomaly::Cycle;
    let cases = [
        (cycle(Shape::G0, Via::Data), "not read-uncommitted"),
        (cycle(Shape::G0, Via::Realtime), "not strong-read-uncommitted; may be strong-session-serializable"),
        (Anomaly::G1a, "not read-committed; may be strong-read-uncommitted"),
        (Anomaly::LostUpdate, "not cursor-stability; may be strong-read-committed"),
        (
            Anomaly::Internal,
            "not parallel-snapshot-isolation; may be cursor-stability or strong-read-committed",
        ),
        (
            cycle(Shape::GNonadjacent, Via::Data),
            "not snapshot-isolation; may be parallel-snapshot-isolation or strong-read-committed",
        ),
        (
            cycle(Shape::GNonadjacent, Via::Process),
            "not strong-session-snapshot-isolation; may be repeatable-read or serializable or \
             strong-read-committed",
        ),
        (
            cycle(Shape::G2Item, Via::Data),
            "not repeatable-read, not serializable; may be strong-snapshot-isolation",
        ),
        (
            cycle(Shape::GSingle, Via::Realtime),
            "not strong-snapshot-isolation; may be strong-session-serializable or strong-read-committed",
        ),
    ];
    for (anomaly, sentence) in cases {
        assert_eq!(boundary(&[anomaly]), sentence, "{}", anomaly.name());
    }
    let both = [Anomaly::G1a, cycle(Shape::G2Item, Via::Data)];
    assert_eq!(boundary(&both), boundary(&[Anomaly::G1a]));
}
