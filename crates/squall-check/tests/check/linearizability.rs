//! The linearizability checker: classic cases, its evidence, its budget.

use serde_json::{Value, json};
use squall_blackbox::linearizability::{Model, OpView, Split, Values, models::CounterModel};
use squall_check::{
    BlackBox, Budget, CheckError, KvModel, Linearizable, RegisterModel, Status, Verdict, linearizable,
};
use squall_history::{Body, History, Op, OpId, Phase, ProcessId, Record, SimTime};

use crate::support::{checked, header, history, violations};

fn verdict(text: &str) -> Verdict {
    // Cases speak of a register with `read` and `write`, others of a store with `get` and `put`.
    let text = text.replace(" read", " get").replace(" write", " put");
    checked(linearizable(KvModel), &history(30, &text), Budget::default())
}

#[track_caller]
fn check(text: &str, expected: Status) -> Verdict {
    let verdict = verdict(text);
    assert_eq!(verdict.status, expected, "{verdict:#?}");
    verdict
}

#[test]
fn one_after_the_other() {
    let sequence = |read: u8| {
        format!(
            "1 a write 1
             2 a ok
             3 b read
             4 b ok {read}"
        )
    };
    check(&sequence(1), Status::Pass);
    check(&sequence(2), Status::Fail);
    check("1 a read\n2 a ok null", Status::Pass);
    check("1 a read\n2 a ok 0", Status::Fail);
}

#[test]
fn a_read_beside_a_write_sees_either() {
    let beside = |first: &str, second: &str| {
        format!(
            "1 a write 1
             2 b read
             3 b ok {first}
             4 b read
             5 b ok {second}
             6 a ok"
        )
    };
    check(&beside("null", "1"), Status::Pass);
    check(&beside("1", "1"), Status::Pass);
    // New, then old: no moment of the write explains both.
    check(&beside("1", "null"), Status::Fail);
}

#[test]
fn touching_at_one_instant_is_decided_by_the_order_of_records() {
    check("1 a write 1\n2 a ok\n2 b read\n3 b ok null", Status::Fail);
    check("1 a write 1\n2 b read\n2 a ok\n3 b ok null", Status::Pass);
}

#[test]
fn an_unknown_write_may_happen_late_or_never() {
    let unknown = |reads: [&str; 2]| {
        format!(
            "1 a write 1
             2 a ok
             3 b write 2
             4 b info
             5 c read
             6 c ok {}
             7 c read
             8 c ok {}",
            reads[0], reads[1]
        )
    };
    for legal in [["1", "1"], ["1", "2"], ["2", "2"]] {
        check(&unknown(legal), Status::Pass);
    }
    // It happens once.
    check(&unknown(["2", "1"]), Status::Fail);
    check(&unknown(["1", "3"]), Status::Fail);
}

#[test]
fn an_operation_that_never_completed_is_open_to_the_end() {
    check("1 a write 1\n5 b read\n6 b ok 1", Status::Pass);
    check("1 a write 1\n5 b read\n6 b ok null", Status::Pass);
    check("1 b read\n2 b ok 1\n3 a write 1", Status::Fail);
}

#[test]
fn an_open_read_forces_nothing() {
    check("1 a read\n2 a info\n3 b write 1\n4 b ok\n5 b read\n6 b ok 1", Status::Pass);
}

#[test]
fn a_failed_write_did_not_happen() {
    check("1 a write 1\n2 a fail\n3 b read\n4 b ok null", Status::Pass);
    check("1 a write 1\n2 a fail\n3 b read\n4 b ok 1", Status::Fail);
}

#[test]
fn two_writers_and_readers_that_disagree() {
    // Independent reads of independent writes: the readers see the writes in different orders.
    let readers = |last: &str| {
        format!(
            "1 a write 1
             1 b write 2
             2 a ok
             2 b ok
             3 c read
             4 c ok 1
             5 d read
             6 d ok {last}"
        )
    };
    check(&readers("1"), Status::Pass);
    check(&readers("2"), Status::Fail);
}

#[test]
fn keys_are_independent_objects() {
    check("1 a put:x 1\n2 a ok\n3 a get:y\n4 a ok null\n5 a get:x\n6 a ok 1", Status::Pass);
    let verdict = check("1 a put:x 1\n2 a ok\n3 a get:y\n4 a ok 1", Status::Fail);
    assert_eq!(verdict.violations[0].evidence["key"], "y");
}

#[test]
fn compare_and_swap() {
    let swap = |result: &str, read: &str| {
        format!("1 a put 1\n2 a ok\n3 a cas [1,2]\n4 a {result}\n5 a get\n6 a ok {read}")
    };
    check(&swap("ok true", "2"), Status::Pass);
    check(&swap("ok", "2"), Status::Pass);
    check(&swap("ok true", "1"), Status::Fail);
    check(&swap("ok false", "1"), Status::Fail);
    check(&swap("fail", "1"), Status::Pass);
    let second = "1 a put 1\n2 a ok\n3 a cas [1,2]\n4 a ok true\n5 a cas [1,3]\n6 a ok";
    check(&format!("{second} true"), Status::Fail);
    check(&format!("{second} false"), Status::Pass);
    let unknown = |read: u8| {
        format!("1 a put 1\n2 a ok\n3 a cas [1,2]\n4 a info\n5 a cas [2,3]\n6 a info\n7 a get\n8 a ok {read}")
    };
    for legal in 1..=3 {
        check(&unknown(legal), Status::Pass);
    }
    check(&unknown(4), Status::Fail);
}

#[test]
fn append_and_delete() {
    let appends = |tail: &str| {
        format!(
            r#"1 a append "x"
               2 b append "y"
               3 a ok
               4 b ok
               5 a {tail}"#
        )
    };
    check(&appends("get\n6 a ok \"xy\""), Status::Pass);
    check(&appends("get\n6 a ok \"yx\""), Status::Pass);
    check(&appends("get\n6 a ok \"x\""), Status::Fail);
    check(&appends("append \"z\"\n6 a ok \"yxz\""), Status::Pass);
    check(&appends("append \"z\"\n6 a ok \"z\""), Status::Fail);
    check(&appends("delete\n6 a ok true\n7 a get\n8 a ok null"), Status::Pass);
    check(&appends("delete\n6 a ok false"), Status::Fail);
    check(&appends("delete\n6 a ok\n7 a get\n8 a ok \"xy\""), Status::Fail);
    check("1 a put 5\n2 a ok\n3 a append \"x\"\n4 a ok", Status::Fail);
}

#[test]
fn a_violation_shows_the_longest_order_and_what_has_no_place() {
    let verdict = check(
        "1 a put:x 1
         2 a ok
         3 b put:x 2
         4 c put:x 3
         5 b ok
         6 c ok
         7 a get:x
         8 d get:y
         9 a ok 1
         9 d ok null
         11 a get:x
         12 a ok 7",
        Status::Fail,
    );
    assert_eq!(
        violations(&verdict),
        ["linearizable 0.009s `get` of key `x` by a returned 1, which fits no legal order of the operations"]
    );
    let violation = &verdict.violations[0];
    let ids = |value: &Value| -> Vec<u64> {
        value.as_array().unwrap().iter().map(|op| op["op"].as_u64().unwrap()).collect()
    };
    let evidence = &violation.evidence;
    assert_eq!(evidence["cannot-place"]["op"], 4);
    assert_eq!(ids(&evidence["longest-order"]), [1, 2, 3], "the first of the longest orders");
    assert_eq!(evidence["state-after-it"], 3);
    assert_eq!(ids(&evidence["concurrent"]), [] as [u64; 0], "the operation on y is another object's");
    assert_eq!(violation.ops, [OpId(4), OpId(3)]);
    assert_eq!(violation.nodes[0].as_str(), "a");
    assert_eq!(verdict.exercised["linearizable"], 6);
}

#[test]
fn of_two_orders_that_get_as_far_the_longer_is_shown() {
    // With the put first the swap has no place; the other way round both have one.
    let verdict = check(
        "1 a put 5
         2 b cas [null,7]
         3 c get
         4 c ok 9
         5 a ok
         6 b ok true",
        Status::Fail,
    );
    let evidence = &verdict.violations[0].evidence;
    assert_eq!(evidence["longest-order"][0]["op"], 2);
    assert_eq!(evidence["longest-order"][1]["op"], 1);
    assert_eq!(evidence["state-after-it"], 5);
}

#[test]
fn concurrent_operations_are_named() {
    let verdict = check(
        "1 a write 1
         2 b read
         3 c write 2
         4 b ok 9",
        Status::Fail,
    );
    assert_eq!(verdict.violations[0].ops, [OpId(2), OpId(1), OpId(3)]);
}

/// A history of operations given as (operation, process, phase).
fn raw(steps: &[(u64, u64, Phase)]) -> History {
    let record = |(at, &(id, process, phase)): (u64, &(u64, u64, Phase))| Record {
        at: SimTime(at),
        node: Some("client-1".into()),
        boot: None,
        body: Body::Op(Op {
            id: OpId(id),
            process: ProcessId(process),
            phase,
            f: "write".into(),
            key: None,
            value: json!(1),
        }),
    };
    History { header: header(30), records: (0..).zip(steps).map(record).collect() }
}

#[test]
fn an_ill_formed_history_is_a_violation() {
    use Phase::{Fail, Info, Invoke, Ok};
    let problem = |steps: &[(u64, u64, Phase)]| {
        let verdict = checked(linearizable(RegisterModel), &raw(steps), Budget::default());
        verdict.violations.first().map_or(String::new(), |violation| violation.message.clone())
    };
    let ill = |text: &str| format!("the history is ill-formed: {text}");
    assert_eq!(problem(&[(1, 1, Ok)]), ill("op 1 completes but was never invoked"));
    assert_eq!(problem(&[(1, 1, Invoke), (1, 1, Invoke)]), ill("op 1 is invoked twice"));
    assert_eq!(
        problem(&[(1, 1, Invoke), (2, 1, Invoke)]),
        ill("process 1 invokes op 2 while its op 1 may be in flight")
    );
    assert_eq!(
        problem(&[(1, 1, Invoke), (1, 1, Info), (2, 1, Invoke)]),
        ill("process 1 invokes op 2 while its op 1 may be in flight")
    );
    assert_eq!(
        problem(&[(1, 1, Invoke), (1, 1, Info), (1, 1, Ok)]),
        ill("op 1 completes twice, first as Info, then as Ok")
    );
    assert_eq!(problem(&[(1, 1, Invoke), (1, 2, Ok)]), ill("process 2 completes op 1 of process 1"));
    for end in [Ok, Fail] {
        assert_eq!(problem(&[(1, 1, Invoke), (1, 1, end), (2, 1, Invoke), (3, 2, Invoke)]), "");
    }
}

#[test]
fn what_the_model_cannot_read_is_unknown_and_says_why() {
    let why = |text: &str| {
        let verdict = verdict(text);
        assert_eq!(verdict.status, Status::Unknown);
        verdict.unknown["linearizable"].clone()
    };
    assert_eq!(why("1 a scan\n2 a ok"), "op 1: the model `kv` knows no operation `scan`");
    assert_eq!(
        why("1 a cas 5\n2 a ok"),
        "op 1: the model `kv` cannot read the argument 5 of `cas`: it takes the pair `[from, to]`"
    );
    assert_eq!(
        why("1 a put 5\n2 a ok 6"),
        "op 1: the model `kv` cannot read the result 6 of `put`: it gives nothing, or its argument again"
    );
}

/// Unknown additions of powers of three and a read of a sum that none of them give: every subset must
/// be tried.
fn hard(additions: u32, key: &str) -> String {
    let add = |n| format!("1 {key}{n} add:{key} {}\n1 {key}{n} info\n", 3_i64.pow(n));
    let additions: String = (1..=additions).map(add).collect();
    format!("{additions}1 {key} read:{key}\n1 {key} ok 2\n")
}

fn within(steps: u64, bytes: u64, text: &str) -> Verdict {
    checked(linearizable(CounterModel), &history(30, text), Budget { steps, bytes, ..Budget::default() })
}

#[test]
fn a_hard_history_is_unknown_within_its_budget() {
    let verdict = within(1_000_000, 1 << 30, &hard(30, "x"));
    assert_eq!(verdict.status, Status::Unknown);
    assert_eq!(verdict.unknown["linearizable"], "steps ran out with 1 of 1 objects undecided");
    let verdict = within(100_000_000, 4 << 20, &hard(30, "x"));
    assert_eq!(verdict.unknown["linearizable"], "memory ran out with 1 of 1 objects undecided");
    // A smaller one of the same kind has an answer in the same budget.
    assert_eq!(within(1_000_000, 1 << 30, &hard(8, "x")).status, Status::Fail);
}

#[test]
fn open_reads_cost_nothing() {
    let reads: String = (0..40).map(|n| format!("1 r{n} read\n1 r{n} info\n")).collect();
    let text = format!("{reads}2 a add 1\n3 a ok\n4 a read\n5 a ok 2\n");
    assert_eq!(within(200, 1 << 20, &text).status, Status::Fail);
}

#[test]
fn one_hard_key_does_not_hide_another_that_is_quickly_illegal() {
    let illegal = "2 a add:z 1\n3 a ok\n4 a read:z\n5 a ok 2\n";
    let verdict = within(1_000_000, 1 << 30, &format!("{}{illegal}", hard(30, "x")));
    assert_eq!(verdict.status, Status::Fail);
    assert_eq!(verdict.violations[0].evidence["key"], "z");
    // Nor does one that runs out of memory.
    let verdict = within(100_000_000, 4 << 20, &format!("{}{}", hard(30, "a"), hard(11, "z")));
    assert_eq!(verdict.status, Status::Fail, "{:?}", verdict.unknown);
    assert_eq!(verdict.violations[0].evidence["key"], "z");
}

#[test]
fn a_long_history_of_many_clients_is_quick() {
    // 5 clients that overlap all the time, 4,000 operations: a search without memory would not end.
    let mut text = String::new();
    let mut now = 0;
    for round in 0..800 {
        for client in 0..5 {
            now += 1;
            let op = if client == 0 { format!("append \"{}\"", round % 10) } else { "get".to_owned() };
            text.push_str(&format!("{now} c{client} {op}\n"));
        }
        let value: String = (0..=round).map(|n| (n % 10).to_string()).collect();
        for client in (0..5).rev() {
            now += 1;
            let result = if client == 0 { String::new() } else { format!("\"{value}\"") };
            text.push_str(&format!("{now} c{client} ok {result}\n"));
        }
    }
    let verdict = checked(
        linearizable(KvModel),
        &history(30, &text),
        Budget { steps: 50_000, bytes: 16 << 20, ..Budget::default() },
    );
    assert_eq!(verdict.status, Status::Pass, "{:?}", verdict.unknown);
    assert_eq!(verdict.exercised["linearizable"], 4_000);
}

/// A bank: a transfer moves between two accounts, a read sees both. No key of its own.
struct Bank;

impl Model for Bank {
    type State = (i64, i64);
    type Call = (String, Value, Option<Value>);

    fn name(&self) -> &'static str {
        "bank"
    }

    fn split(&self) -> Split {
        Split::Whole
    }

    fn init(&self) -> (i64, i64) {
        (10, 0)
    }

    fn call<'h>(&self, op: OpView<'h>, _values: &mut Values<'h>) -> Result<Self::Call, CheckError> {
        Ok((op.f.to_owned(), op.input.clone(), op.output.cloned()))
    }

    fn step(&self, &(a, b): &(i64, i64), (f, input, output): &Self::Call) -> Option<(i64, i64)> {
        match (f.as_str(), output) {
            ("move", _) => input.as_i64().map(|amount| (a - amount, b + amount)),
            (_, None) => Some((a, b)),
            (_, Some(output)) => (*output == json!([a, b])).then_some((a, b)),
        }
    }
}

#[test]
fn a_model_of_the_whole_history_sees_all_keys() {
    let both = |seen: &str| {
        let text = format!("1 a move:x 3\n2 a ok\n3 b move:y 4\n4 b ok\n5 c both\n6 c ok {seen}");
        let checker = BlackBox::new(Linearizable::new(Bank)).named("bank-adds-up", Some("K1"));
        checked(Box::new(checker), &history(30, &text), Budget::default())
    };
    assert_eq!(both("[3,7]").status, Status::Pass);
    let verdict = both("[7,3]");
    assert_eq!(verdict.violations[0].oracle, "bank-adds-up");
    assert_eq!(verdict.violations[0].evidence["model"], "bank");
}
