//! Lists: of each anomaly the smallest example, and the nearest history without it.

use squall_blackbox::{Consistency, ListAppend};

use super::history::{Case, Txns, all_as_expected};

const CASES: &[Case] = &[
    Case {
        anomaly: "duplicate-elements",
        history: "0 ok append x 1
                  1 ok r x [1,1]",
        besides: &[],
        near_miss: "0 ok append x 1
                    1 ok r x [1]",
    },
    Case { anomaly: "garbage-read", history: "0 ok r x [1]", besides: &[], near_miss: "0 ok r x []" },
    Case {
        anomaly: "G1a",
        history: "0 fail append x 1
                  1 ok r x [1]",
        besides: &[],
        near_miss: "0 info append x 1
                    1 ok r x [1]",
    },
    Case {
        anomaly: "dirty-update",
        history: "0 fail append x 1
                  1 ok append x 2
                  2 ok r x [1,2]",
        besides: &["G1a"],
        near_miss: "0 open append x 1
                    1 ok append x 2
                    2 ok r x [1,2]",
    },
    Case {
        anomaly: "incompatible-order",
        history: "0 ok append x 1
                  1 ok append x 2
                  2 ok r x [1]
                  3 ok r x [2]",
        besides: &[],
        near_miss: "0 ok append x 1
                    1 ok append x 2
                    2 ok r x [1]
                    3 ok r x [1,2]",
    },
    Case {
        anomaly: "incompatible-order",
        history: "0 ok append x 1, append x 2
                  1 ok r x [2,1]",
        besides: &["G1b"],
        near_miss: "0 ok append x 1
                    2 ok append x 2
                    1 ok r x [2,1]",
    },
    Case {
        anomaly: "incompatible-order",
        history: "0 ok append x 1, append x 2
                  1 ok r x [2]",
        besides: &["G-single"],
        near_miss: "0 ok append x 1
                    2 ok append x 2
                    1 ok r x [2]",
    },
    Case {
        anomaly: "G1b",
        history: "0 ok append x 1, append x 2
                  1 ok r x [1]",
        besides: &["G-single"],
        near_miss: "0 ok append x 1, append x 2
                    1 ok r x [1,2]",
    },
    Case {
        anomaly: "future-read",
        history: "0 ok r x [1], append x 1",
        besides: &[],
        near_miss: "0 ok append x 1, r x [1]",
    },
    Case {
        anomaly: "internal",
        history: "0 ok append x 1
                  1 ok append x 2, r x [1]",
        besides: &[],
        near_miss: "0 ok append x 1
                    1 ok append x 2, r x [1,2]",
    },
    Case {
        anomaly: "lost-update",
        history: "0 ok r x [], append x 1
                  1 ok r x [], append x 2",
        besides: &["G2-item"],
        near_miss: "0 ok r x [], append x 1
                    1 ok r x [1], append x 2",
    },
    Case {
        anomaly: "G0",
        history: "0 ok append x 1, append y 1
                  1 ok append x 2, append y 2
                  2 ok r x [1,2]
                  3 ok r y [2,1]",
        besides: &[],
        near_miss: "0 ok append x 1, append y 1
                    1 ok append x 2, append y 2
                    2 ok r x [1,2]
                    3 ok r y [1,2]",
    },
    Case {
        anomaly: "G1c",
        history: "0 ok append x 1, r y [1]
                  1 ok append y 1, r x [1]",
        besides: &[],
        near_miss: "0 ok append x 1, r y []
                    1 ok append y 1, r x [1]",
    },
    Case {
        anomaly: "G-single",
        history: "0 ok r x [], r y [1]
                  1 ok append x 1, append y 1
                  2 ok r x [1]",
        besides: &[],
        near_miss: "0 ok r x [1], r y [1]
                    1 ok append x 1, append y 1
                    2 ok r x []",
    },
    Case {
        anomaly: "G-nonadjacent",
        history: "0 ok append x 1
                  1 ok append y 1
                  2 ok r x [1], r y []
                  3 ok r x [], r y [1]",
        besides: &[],
        near_miss: "0 ok append x 1
                    1 ok append y 1
                    2 ok r x [1], r y []
                    3 ok r x [1], r y [1]",
    },
    Case {
        anomaly: "G2-item",
        history: "0 ok r x [], append y 1
                  1 ok r y [], append x 1",
        besides: &[],
        near_miss: "0 ok r x [], append y 1
                    1 ok r y [1], append x 1",
    },
    Case {
        anomaly: "G0-process",
        history: "0@0-1 ok append x 1
                  0@2-3 ok append x 2
                  1@4-5 ok r x [2,1]",
        besides: &[],
        near_miss: "0@0-1 ok append x 1
                    0@2-3 ok append x 2
                    1@4-5 ok r x [1,2]",
    },
    Case {
        anomaly: "G1c-process",
        history: "0@0-1 ok r x [1]
                  0@2-3 ok append x 1",
        besides: &[],
        near_miss: "0@0-1 ok r x []
                    0@2-3 ok append x 1",
    },
    Case {
        anomaly: "G-single-process",
        history: "0@0-1 ok append x 1
                  0@2-3 ok r x []
                  1@4-5 ok r x [1]",
        besides: &[],
        near_miss: "0@0-1 ok append x 1
                    0@2-3 ok r x [1]
                    1@0-5 ok r x []",
    },
    Case {
        anomaly: "G-nonadjacent-process",
        history: "0@0-1 ok append x 1
                  0@2-5 ok r y []
                  1@0-5 ok append y 1
                  2@0-5 ok r y [1], r x []",
        besides: &[],
        near_miss: "0@0-2 ok append x 1
                    3@1-5 ok r y []
                    1@0-5 ok append y 1
                    2@0-5 ok r y [1], r x []",
    },
    Case {
        anomaly: "G2-item-process",
        history: "0@0-1 ok append x 1
                  0@2-3 ok r z []
                  1@0-3 ok append z 1, r x []",
        besides: &[],
        near_miss: "0@0-1 ok append x 1
                    2@0-3 ok r z []
                    1@0-3 ok append z 1, r x []",
    },
    Case {
        anomaly: "G0-realtime",
        history: "0@0-1 ok append x 1
                  1@2-3 ok append x 2
                  2@4-5 ok r x [2,1]",
        besides: &[],
        near_miss: "0@0-2 ok append x 1
                    1@1-3 ok append x 2
                    2@4-5 ok r x [2,1]",
    },
    Case {
        anomaly: "G1c-realtime",
        history: "0@0-1 ok r x [1]
                  1@2-3 ok append x 1",
        besides: &[],
        near_miss: "0@0-2 ok r x [1]
                    1@1-3 ok append x 1",
    },
    Case {
        anomaly: "G-single-realtime",
        history: "0@0-1 ok append x 1
                  1@2-3 ok r x []",
        besides: &[],
        near_miss: "0@0-2 ok append x 1
                    1@1-3 ok r x []",
    },
    Case {
        anomaly: "G-nonadjacent-realtime",
        history: "0@0-1 ok append x 1
                  3@2-5 ok r y []
                  1@0-5 ok append y 1
                  2@0-5 ok r y [1], r x []",
        besides: &[],
        near_miss: "0@0-2 ok append x 1
                    3@1-5 ok r y []
                    1@0-5 ok append y 1
                    2@0-5 ok r y [1], r x []",
    },
    Case {
        anomaly: "G2-item-realtime",
        history: "0@0-1 ok append x 1
                  2@2-3 ok r z []
                  1@0-3 ok append z 1, r x []",
        besides: &[],
        near_miss: "0@0-2 ok append x 1
                    2@1-3 ok r z []
                    1@0-3 ok append z 1, r x []",
    },
];

#[test]
fn each_anomaly_is_found_in_its_smallest_example_and_not_in_a_near_miss() {
    all_as_expected(CASES, &ListAppend::default());
}

#[test]
fn a_level_allows_what_only_stronger_ones_forbid() {
    let skew = Txns::parse(
        "0 ok r x [], append y 1
         1 ok r y [], append x 1",
    );
    let at = |name| skew.anomalies(&ListAppend::new(Consistency::named(name).unwrap()));
    assert_eq!(at("snapshot-isolation"), [] as [&str; 0]);
    assert_eq!(at("serializable"), ["G2-item"]);
    assert_eq!(at("repeatable-read"), ["G2-item"]);
}

/// Found with a database that reads what is not committed: a transaction of which nobody knows was seen,
/// and taken back all the same.
#[test]
fn who_may_have_aborted_is_in_no_cycle_where_aborted_writes_may_be_seen() {
    let text = "0 info append x 1, append y 2
                1 ok append y 1, append x 2
                2 ok r x [1]
                3 ok r y [1]";
    let at = |name| Txns::parse(text).anomalies(&ListAppend::new(Consistency::named(name).unwrap()));
    assert_eq!(at("read-uncommitted"), [] as [&str; 0]);
    assert_eq!(at("read-committed"), ["G1c"]);
}

#[test]
fn an_order_that_reads_contradict_proves_nothing() {
    let text = "0 ok append x 1, append y 1
                1 ok append x 2, append y 2
                2 ok r x [1,2]
                3 ok r x [2,1]
                4 ok r y [2,1]";
    let at = |name| Txns::parse(text).anomalies(&ListAppend::new(Consistency::named(name).unwrap()));
    assert_eq!(at("read-uncommitted"), [] as [&str; 0]);
    assert_eq!(at("read-committed"), ["incompatible-order"]);
}

#[test]
fn a_cycle_is_told() {
    let findings = Txns::parse(
        "0 ok r x [], r y [1]
         1 ok append x 1, append y 1",
    )
    .judged(&ListAppend::default());
    let told: Vec<_> = findings.violations.iter().map(|finding| &*finding.message).collect();
    assert_eq!(
        told,
        [
            "op 1 < op 2 because op 1 read key \"x\" when it was empty, without op 2's append of 1; op 2 < op 1 \
         because op 1 read op 2's append of 1 to key \"y\" (not parallel-snapshot-isolation; \
         may be cursor-stability or strong-read-committed)"
        ]
    );
}
