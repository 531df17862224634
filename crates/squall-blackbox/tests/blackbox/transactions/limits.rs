//! What cannot be read or told apart, and budgets that run out: no answer, and never a guess.

use serde_json::json;
use squall_blackbox::{Analysis, Budget, Consistency, Findings, ListAppend, RwRegister, catalogue};

use super::brute_force::Data;
use super::databases::{Database, history};
use super::history::Txns;

/// Why there is no answer.
fn unknown(text: &str, analysis: &impl Analysis) -> String {
    let findings = Txns::parse(text).judged(analysis);
    assert_eq!(findings.violations, []);
    findings.unknown.unwrap()
}

#[test]
fn what_cannot_be_read_is_told() {
    let lists = ListAppend::default();
    let registers = RwRegister::new(Consistency::default());
    let told = |text| unknown(text, &lists);
    assert_eq!(told("0 ok w x 1"), "op 1: micro-operations here are `r` and `append`, not `w`");
    assert_eq!(told("0 ok r x 1"), "op 1: a read of a list returns a list, not 1");
    assert_eq!(
        told("0 ok append x 1\n1 info append x 1"),
        "1 is appended to key \"x\" twice, by op 1 and op 2, so that nobody can tell which is read"
    );
    assert_eq!(
        unknown("0 ok w x 1, w x 1", &registers),
        "1 is written to key \"x\" twice, by op 1 and op 1, so that nobody can tell which is read"
    );
    assert_eq!(
        unknown("0 ok w x null", &registers),
        "null is written to key \"x\" and is its initial value too, so that nobody can tell which is read"
    );
}

#[test]
fn operations_that_are_no_transactions_are_told() {
    let txns = Txns::parse("0 ok r x []");
    let told = |change: fn(&mut squall_blackbox::Operation<'_>)| {
        let mut operations = txns.operations();
        change(&mut operations[0]);
        let mut findings = Findings::default();
        ListAppend::default().analyse(&operations, &mut Budget::default(), &mut findings);
        findings.unknown.unwrap()
    };
    assert_eq!(told(|operation| operation.f = "read"), "op 1: transactions are called `txn`, not `read`");
    assert_eq!(
        told(|operation| {
            operation.completed = None;
            operation.input = &serde_json::Value::Null;
        }),
        "op 1: a transaction is a list of micro-operations, not null"
    );
}

#[test]
fn keys_and_values_are_any_json() {
    let text =
        "0 ok append x \"a\", append x 18446744073709551615, append x 4611686018427387904, append x [1]
                1 ok r x [\"a\",18446744073709551615,4611686018427387904,[1]], append y 1
                2 ok r y [1]";
    assert_eq!(Txns::parse(text).anomalies(&ListAppend::default()), [] as [&str; 0]);
    let text = "0 ok append x \"1\"
                1 ok r x [1]";
    assert_eq!(Txns::parse(text).anomalies(&ListAppend::default()), ["garbage-read"]);
}

#[test]
fn a_budget_that_runs_out_leaves_no_answer_or_a_true_one() {
    for (data, database) in
        [(Data::Lists, Database::Snapshot), (Data::Registers, Database::StrictSerializable)]
    {
        let history = history(database, data, 3, 200);
        let operations = history.operations();
        let analysis = data.analysis(Consistency::Serializable);
        let judged = |steps: u64, bytes: u64| {
            let mut budget = Budget { steps, bytes, ..Budget::default() };
            let mut findings = Findings::default();
            analysis.analyse(&operations, &mut budget, &mut findings);
            assert_eq!(budget.bytes, bytes, "what was held is given back");
            (findings, steps - budget.steps)
        };
        let (whole, steps) = judged(1 << 40, 1 << 40);
        assert_eq!(whole.unknown, None);
        for part in 0..40 {
            let (findings, _) = judged(steps * part / 40, 1 << 40);
            assert_eq!(findings.unknown.unwrap(), "steps ran out before all transactions were judged");
            for finding in findings.violations {
                assert!(whole.violations.iter().any(|other| other.ops == finding.ops));
            }
        }
        assert_eq!(judged(steps, 1 << 40).0.violations, whole.violations);
        let (findings, _) = judged(1 << 40, 1 << 10);
        assert_eq!(findings.unknown.unwrap(), "memory ran out before all transactions were judged");
    }
}

/// Steps for a history of so many readers of one state and so many writers who come after it.
fn crossing(count: usize) -> u64 {
    let readers = (0..count).map(|reader| format!("{reader} ok r x []"));
    let writers = (0..count).map(|writer| format!("{} ok append x {writer}", writer + count));
    let text: Vec<String> = readers.chain(writers).collect();
    let history = Txns::parse(&text.join("\n"));
    let mut budget = Budget::default();
    let (steps, mut findings) = (budget.steps, Findings::default());
    ListAppend::default().analyse(&history.operations(), &mut budget, &mut findings);
    assert!(findings.violations.is_empty() && findings.unknown.is_none());
    steps - budget.steps
}

#[test]
fn many_readers_and_many_writers_of_one_version_cost_their_sum() {
    let (count, steps) = (5_000, crossing(5_000));
    assert!(steps < 2 * count * 10, "{steps} steps for {count} readers and as many writers");
}

#[test]
fn both_are_in_the_catalogue() {
    let build = |name: &str, options| {
        let entry = catalogue().iter().find(|entry| entry.name == name).unwrap();
        entry.build(&options).map(|analysis| analysis.name())
    };
    assert_eq!(build("list-append", json!(null)), Ok("list-append"));
    assert_eq!(build("list-append", json!({ "consistency": "snapshot-isolation" })), Ok("list-append"));
    assert_eq!(build("rw-register", json!({ "versions": ["linearizable-keys"] })), Ok("rw-register"));
    assert!(build("list-append", json!({ "versions": [] })).unwrap_err().starts_with("there is no option"));
}
