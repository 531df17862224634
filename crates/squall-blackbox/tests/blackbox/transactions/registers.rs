//! Registers: of each anomaly the smallest example, and the nearest history without it.

use serde_json::json;
use squall_blackbox::{Consistency, RwRegister};

use super::history::{Case, Txns, all_as_expected};

const CASES: &[Case] = &[
    Case { anomaly: "garbage-read", history: "0 ok r x 1", besides: &[], near_miss: "0 ok r x null" },
    Case {
        anomaly: "G1a",
        history: "0 fail w x 1
                  1 ok r x 1",
        besides: &[],
        near_miss: "0 info w x 1
                    1 ok r x 1",
    },
    Case {
        anomaly: "G1b",
        history: "0 ok w x 1, w x 2
                  1 ok r x 1",
        besides: &[],
        near_miss: "0 ok w x 1, r x 1, w x 2
                    1 ok r x 2",
    },
    Case {
        anomaly: "future-read",
        history: "0 ok r x 1, w x 1",
        besides: &[],
        near_miss: "0 ok w x 1, r x 1",
    },
    Case {
        anomaly: "internal",
        history: "0 ok w x 1, r x null",
        besides: &[],
        near_miss: "0 ok r x null, r x null, w x 1",
    },
    Case {
        anomaly: "lost-update",
        history: "0 ok r x null, w x 1
                  1 ok r x null, w x 2",
        besides: &["G2-item"],
        near_miss: "0 ok r x null, w x 1
                    1 ok r x 1, w x 2",
    },
    Case {
        anomaly: "cyclic-versions",
        history: "0 ok r x 1, w x 2
                  1 ok r x 2, w x 1",
        besides: &["G1c"],
        near_miss: "0 ok r x 1, w x 2
                    1 ok r x null, w x 1",
    },
    Case {
        anomaly: "G0",
        history: "0 ok r x 1, w x 2, w y 1
                  1 ok w x 1, r y 1, w y 2",
        besides: &["G1c"],
        near_miss: "0 ok r x 1, w x 2, w y 1
                    1 ok w x 1, r y null, w y 2",
    },
    Case {
        anomaly: "G1c",
        history: "0 ok w x 1, r y 1
                  1 ok w y 1, r x 1",
        besides: &[],
        near_miss: "0 ok w x 1, r y null
                    1 ok w y 1, r x 1",
    },
    Case {
        anomaly: "G-single",
        history: "0 ok r x null, r y 1
                  1 ok w x 1, w y 1",
        besides: &[],
        near_miss: "0 ok r x 1, r y 1
                    1 ok w x 1, w y 1",
    },
    Case {
        anomaly: "G-nonadjacent",
        history: "0 ok w x 1
                  1 ok w y 1
                  2 ok r x 1, r y null
                  3 ok r x null, r y 1",
        besides: &[],
        near_miss: "0 ok w x 1
                    1 ok w y 1
                    2 ok r x 1, r y null
                    3 ok r x null, r y null",
    },
    Case {
        anomaly: "G2-item",
        history: "0 ok r x null, w y 1
                  1 ok r y null, w x 1",
        besides: &[],
        near_miss: "0 ok r x null, w y 1
                    1 ok r y 1, w x 1",
    },
    Case {
        anomaly: "G1c-process",
        history: "0@0-1 ok r x 1
                  0@2-3 ok w x 1",
        besides: &[],
        near_miss: "0@0-1 ok r x null
                    0@2-3 ok w x 1",
    },
    Case {
        anomaly: "G1c-realtime",
        history: "0@0-1 ok r x 1
                  1@2-3 ok w x 1",
        besides: &[],
        near_miss: "0@0-2 ok r x 1
                    1@1-3 ok w x 1",
    },
    Case {
        anomaly: "G0-process",
        history: "0@0-1 ok r x 1, w x 2
                  0@2-3 ok w x 1",
        besides: &["G1c-process"],
        near_miss: "0@0-1 ok w x 1
                    0@2-3 ok r x 1, w x 2",
    },
    Case {
        anomaly: "G0-realtime",
        history: "0@0-1 ok r x 1, w x 2
                  1@2-3 ok w x 1",
        besides: &["G1c-realtime"],
        near_miss: "0@0-2 ok r x 1, w x 2
                    1@1-3 ok w x 1",
    },
    Case {
        anomaly: "G-single-process",
        history: "0@0-1 ok w x 1
                  0@2-3 ok r x null",
        besides: &[],
        near_miss: "0@0-1 ok w x 1
                    0@2-3 ok r x 1",
    },
    Case {
        anomaly: "G-single-realtime",
        history: "0@0-1 ok w x 1
                  1@2-3 ok r x null",
        besides: &[],
        near_miss: "0@0-2 ok w x 1
                    1@1-3 ok r x null",
    },
    // Writes that nobody read before: only the order in which they were made says which is older.
    Case {
        anomaly: "G-single-process",
        history: "0@0-1 ok w x 1
                  0@2-3 ok w x 2
                  0@4-5 ok r x 1",
        besides: &[],
        near_miss: "0@0-1 ok w x 1
                    0@2-3 ok w x 2
                    0@4-5 ok r x 2",
    },
    Case {
        anomaly: "G-single-realtime",
        history: "0@0-1 ok w x 1
                  1@2-3 ok w x 2
                  2@4-5 ok r x 1",
        besides: &[],
        near_miss: "0@0-2 ok w x 1
                    1@1-3 ok w x 2
                    2@4-5 ok r x 1",
    },
    // The first two are concurrent, and both are older than the third, which the last one saw.
    Case {
        anomaly: "G-single-realtime",
        history: "0@1-3 ok w x 1
                  1@2-4 ok w x 2
                  2@5-6 ok w x 3, w y 1
                  3@0-7 ok r x 1, r y 1",
        besides: &[],
        near_miss: "0@1-3 ok w x 1
                    1@2-4 ok w x 2
                    2@5-6 ok w x 3, w y 1
                    3@0-7 ok r x 3, r y 1",
    },
    Case {
        anomaly: "G-nonadjacent-process",
        history: "0@0-1 ok w x 1
                  0@2-5 ok r y null
                  1@0-5 ok w y 1
                  2@0-5 ok r y 1, r x null",
        besides: &[],
        near_miss: "0@0-2 ok w x 1
                    3@1-5 ok r y null
                    1@0-5 ok w y 1
                    2@0-5 ok r y 1, r x null",
    },
    Case {
        anomaly: "G-nonadjacent-realtime",
        history: "0@0-1 ok w x 1
                  3@2-5 ok r y null
                  1@0-5 ok w y 1
                  2@0-5 ok r y 1, r x null",
        besides: &[],
        near_miss: "0@0-2 ok w x 1
                    3@1-5 ok r y null
                    1@0-5 ok w y 1
                    2@0-5 ok r y 1, r x null",
    },
    Case {
        anomaly: "G2-item-process",
        history: "0@0-1 ok w x 1
                  0@2-3 ok r z null
                  1@0-3 ok w z 1, r x null",
        besides: &[],
        near_miss: "0@0-1 ok w x 1
                    2@0-3 ok r z null
                    1@0-3 ok w z 1, r x null",
    },
    Case {
        anomaly: "G2-item-realtime",
        history: "0@0-1 ok w x 1
                  2@2-3 ok r z null
                  1@0-3 ok w z 1, r x null",
        besides: &[],
        near_miss: "0@0-2 ok w x 1
                    2@1-3 ok r z null
                    1@0-3 ok w z 1, r x null",
    },
];

#[test]
fn each_anomaly_is_found_in_its_smallest_example_and_not_in_a_near_miss() {
    all_as_expected(CASES, &RwRegister::new(Consistency::default()));
}

#[test]
fn each_source_of_versions_sees_what_the_others_do_not() {
    // Two reads in a row, by one process and then another, of which the later sees the older version.
    let stale = Txns::parse(
        "0@0-1 ok w x 1
         1@2-3 ok w x 2
         2@4-5 ok r x 2
         2@6-7 ok r x 1",
    );
    let by = |sources: &[&str]| {
        let options = json!({ "versions": sources, "consistency": "serializable" });
        stale.anomalies(&RwRegister::from_options(&options).unwrap())
    };
    assert_eq!(by(&["initial-state", "writes-follow-reads"]), [] as [&str; 0]);
    assert_eq!(by(&["sequential-keys"]), [] as [&str; 0]);
    assert_eq!(by(&["linearizable-keys"]), ["cyclic-versions"]);

    let back = Txns::parse(
        "0@0-9 ok w x 1
         1@0-9 ok w x 2
         2@1-2 ok r x 1
         2@3-4 ok r x 2
         2@5-6 ok r x 1",
    );
    let options = json!({ "versions": ["sequential-keys"], "consistency": "serializable" });
    assert_eq!(back.anomalies(&RwRegister::from_options(&options).unwrap()), ["cyclic-versions"]);
}

#[test]
fn versions_in_a_row_make_edges() {
    // Process 0 writes 1 and then 2; whoever reads x = 1 and process 0's later y sees a mixture.
    let text = "0@0-1 ok w x 1
                0@2-3 ok w x 2, w y 2
                1@0-9 ok r y 2, r x 1";
    let by = |sources: &[&str]| {
        let options = json!({ "versions": sources, "consistency": "serializable" });
        Txns::parse(text).anomalies(&RwRegister::from_options(&options).unwrap())
    };
    assert_eq!(by(&["initial-state", "writes-follow-reads"]), [] as [&str; 0]);
    assert_eq!(by(&["sequential-keys"]), ["G-single"]);
    assert_eq!(by(&["linearizable-keys"]), ["G-single"]);
}

/// What was overwritten by its own transaction has no place in the order, as far as anybody knows.
#[test]
fn an_intermediate_version_orders_nothing() {
    let text = "0 ok w x 1, w x 2, r y 5, w y 6
                1 ok r x 1, w x 3, w y 5";
    let at = |name| Txns::parse(text).anomalies(&RwRegister::new(Consistency::named(name).unwrap()));
    assert_eq!(at("read-uncommitted"), [] as [&str; 0]);
    assert_eq!(at("read-committed"), ["G1b", "G1c"]);
}

#[test]
fn another_initial_value_is_an_option() {
    let zero = RwRegister::from_options(&json!({ "initial": 0 })).unwrap();
    let history = Txns::parse("0 ok r x 0, r x 0");
    assert_eq!(history.anomalies(&zero), [] as [&str; 0]);
    assert_eq!(history.anomalies(&RwRegister::new(Consistency::default())), ["garbage-read"]);
}

#[test]
fn wrong_options_are_told() {
    let told = |options| RwRegister::from_options(&options).unwrap_err();
    assert_eq!(told(json!({ "x": 1 })), "there is no option `x`; there are consistency, initial, versions");
    assert_eq!(told(json!({ "versions": "x" })), "`versions` is a list of words, not \"x\"");
    assert!(told(json!({ "versions": ["x"] })).starts_with("there is no source of versions `x`"));
    assert!(told(json!({ "consistency": "x" })).starts_with("there is no consistency `x`"));
}
