//! Jepsen's histories.

use serde_json::{Value, json};
use squall_blackbox::recording::{Format, Keys, Times};
use squall_blackbox::{Analysis, Budget, Findings};
use squall_blackbox::{Linearizable, RegisterModel, operations};

use super::{keys, read, read_with, refused, told};

const REGISTER: &str = r#"
{:type :invoke, :f :write, :value 3, :process 0, :time 10, :index 0}
{:type :invoke, :f :read, :value nil, :process 1, :time 20, :index 1}
{:type :ok, :f :write, :value 3, :process 0, :time 30, :index 2}
{:type :info, :f :start, :value nil, :process :nemesis, :time 31, :index 3}
{:type :ok, :f :read, :value 3, :process 1, :time 40, :index 4}
{:type :invoke, :f :cas, :value [3 4], :process 0, :time 50, :index 5}
{:type :info, :f :cas, :value [3 4], :process 0, :time 60, :error :timeout, :index 6}
"#;

const REGISTER_TOLD: &str = "\
2: op 0 p0 invoke write 3 @10
3: op 1 p1 invoke read null @20
4: op 0 p0 ok write 3 @30
6: op 1 p1 ok read 3 @40
7: op 5 p0 invoke cas [3,4] @50
8: op 5 p0 info cas \"timeout\" @60
";

#[test]
fn one_map_a_line() {
    let recording = read(REGISTER);
    assert_eq!((recording.format, recording.times), (Format::Jepsen, Times::Recorded));
    assert_eq!(told(&recording), REGISTER_TOLD);
}

#[test]
fn a_vector_of_maps_is_the_same() {
    let vector = format!("[{}]", REGISTER.trim());
    let shifted = format!("\n{vector}\n");
    assert_eq!(told(&read(shifted)), REGISTER_TOLD);
    // All on one line: nothing but the lines changes.
    let one_line = vector.replace('\n', " ");
    let strip =
        |text: &str| text.lines().map(|line| line.split_once(": ").unwrap().1.to_owned()).collect::<Vec<_>>();
    assert_eq!(strip(&told(&read(&one_line))), strip(REGISTER_TOLD));
    assert_eq!(told(&read(&one_line)).lines().filter(|line| line.starts_with("1: ")).count(), 6);
}

#[test]
fn records_are_tagged() {
    let tagged = REGISTER.replace("{:type", "#jepsen.history.Op{:type");
    assert_eq!(told(&read(tagged)), REGISTER_TOLD);
}

#[test]
fn forms_may_spread_over_lines_and_share_them() {
    let spread = "; a remark ] } \"\n{:type :invoke ; why } not\n :f :read\n :process 0} {:type :ok, :f :read, :process 0\n, :value \"a } \\\" ]\"}#_{:type :nonsense}\n";
    assert_eq!(told(&read(spread)), "2: op 0 p0 invoke read null @0\n4: op 0 p0 ok read \"a } \\\" ]\" @1\n");
}

#[test]
fn old_files_have_neither_times_nor_indices() {
    let old = ":process 0\n";
    let text = format!("{{:type :invoke :f :read {old}}}\n{{:type :ok :f :read :value 1 {old}}}");
    let recording = read(text);
    assert_eq!(recording.times, Times::Ignored);
    assert_eq!(told(&recording), "1: op 0 p0 invoke read null @0\n3: op 0 p0 ok read 1 @1\n");
}

#[test]
fn stamps_may_be_a_little_early_and_the_order_of_the_file_counts() {
    let stamped = |early: u64| {
        let time = 5_000_000_000 - early;
        format!(
            "{{:type :invoke :f :r :process 0 :time 5000000000}}\n{{:type :invoke :f :r :process 1 :time {time}}}"
        )
    };
    let expected = "1: op 0 p0 invoke r null @5000000000\n2: op 1 p1 invoke r null @5000000000\n";
    assert_eq!(told(&read(stamped(1_000_000_000))), expected);
    assert!(refused(stamped(1_000_000_001)).title.starts_with("time runs backwards"));
    // Numbered, they may be as early as they like.
    let numbered = stamped(4_999_999_999).replacen("5000000000}", "5000000000 :index 0}", 1);
    let numbered = numbered.replace(":time 1}", ":time 1 :index 1}");
    assert_eq!(told(&read(numbered)), expected);
}

#[test]
fn files_for_transactions_need_not_say_so() {
    let text = "{:type :invoke :value [[:r 1 nil]] :process 0}\n{:type :ok :value [[:r 1 2]] :process 0}";
    let expected = "1: op 0 p0 invoke txn [[\"r\",1,null]] @0\n2: op 0 p0 ok txn [[\"r\",1,2]] @1\n";
    assert_eq!(told(&read(text)), expected);
}

#[test]
fn the_reason_of_what_went_wrong() {
    let ends = |end: &str| {
        let text =
            format!("{{:type :invoke :f :w :value 3 :process 0}}\n{{:type :fail :f :w :process 0 {end}}}");
        read(text).events().last().unwrap().op.value.clone()
    };
    assert_eq!(ends(":value 3 :error :no-leader"), json!("no-leader"));
    assert_eq!(ends(":value [:negative 2]"), json!(["negative", 2]));
    assert_eq!(ends(":value 3"), json!(null), "the argument is no reason");
    assert_eq!(ends(""), json!(null));
}

/// The result of a read that gave this EDN.
fn value(edn: &str) -> Value {
    let text = format!("{{:type :invoke :f :r :process 0}}\n{{:type :ok :f :r :process 0 :value {edn} }}");
    let recording = read(text);
    recording.events().last().unwrap().op.value.clone()
}

#[test]
fn values_become_json() {
    let cases = [
        ("nil", json!(null)),
        ("true", json!(true)),
        ("false", json!(false)),
        ("-17", json!(-17)),
        ("+17", json!(17)),
        ("18446744073709551615", json!(18_446_744_073_709_551_615_u64)),
        ("18446744073709551616", json!("18446744073709551616")),
        ("12N", json!(12)),
        ("1.5", json!(1.5)),
        ("1e3", json!(1000.0)),
        ("1.50M", json!("1.50")),
        ("2/3", json!("2/3")),
        ("##NaN", json!("NaN")),
        (":x", json!("x")),
        (":x/y", json!("x/y")),
        ("x.y.Z", json!("x.y.Z")),
        ("-", json!("-")),
        ("\\a", json!("a")),
        ("\\newline", json!("\n")),
        ("\\u0041", json!("A")),
        ("[\\} \\[ 1]", json!(["}", "[", 1])),
        (r#""a\n\"\\\u00e9\ud83d\ude00""#, json!("a\n\"\\é😀")),
        ("\"ü→\"", json!("ü→")),
        ("[1 nil :a]", json!([1, null, "a"])),
        ("(1 2)", json!([1, 2])),
        ("#{1 2}", json!([1, 2])),
        ("{:a 1, \"b\" 2, 3 4}", json!({"a": 1, "b": 2, "3": 4})),
        ("#inst \"2026-01-01\"", json!("2026-01-01")),
        // What is no EDN, but is printed by Clojure all the same.
        ("#object[java.lang.Object 0x1f \"x\"]", json!(["java.lang.Object", "0x1f", "x"])),
        ("#\"a[^\\\"]+\"", json!("a[^\\\"]+")),
        ("#:db{:id 1}", json!({"id": 1})),
        ("#_ skipped 7", json!(7)),
        ("[[:append 1 2] [:r 1 [2 3]]]", json!([["append", 1, 2], ["r", 1, [2, 3]]])),
    ];
    for (edn, expected) in cases {
        assert_eq!(value(edn), expected, "{edn}");
    }
}

const INDEPENDENT: &str = "\
{:type :invoke, :f :read, :value [0 nil], :process 0}
{:type :invoke, :f :cas, :value [:b [1 2]], :process 1}
{:type :ok, :f :read, :value [0 nil], :process 0}
{:type :fail, :f :cas, :value [:b [1 2]], :process 1}
";

#[test]
fn keys_of_independent_objects_are_taken_out_of_the_values() {
    let split = "\
1: op 0 p0 invoke read 0 null @0
2: op 1 p1 invoke cas b [1,2] @1
3: op 0 p0 ok read 0 null @2
4: op 1 p1 fail cas b null @3
";
    assert_eq!(told(&read(INDEPENDENT)), split);
    assert_eq!(told(&read_with(INDEPENDENT, keys(Keys::Pairs)).unwrap()), split);
    let whole = told(&read_with(INDEPENDENT, keys(Keys::Field)).unwrap());
    assert!(whole.starts_with("1: op 0 p0 invoke read [0,null] @0\n"), "{whole}");
}

#[test]
fn pairs_that_are_no_keys_stay_values() {
    // One read without a key: the pairs of the others are arguments of `cas`.
    let cas =
        "{:type :invoke :f :cas :value [1 2] :process 0}\n{:type :invoke :f :read :value nil :process 1}";
    assert!(told(&read(cas)).starts_with("1: op 0 p0 invoke cas [1,2]"));
    // Transactions of two steps each.
    let txn = "{:type :invoke :f :txn :value [[:r 1 nil] [:w 1 2]] :process 0}";
    assert!(told(&read(txn)).contains(r#"[["r",1,null],["w",1,2]]"#));
    // The pair of the result is another one.
    let other =
        "{:type :invoke :f :swap :value [1 2] :process 0}\n{:type :ok :f :swap :value [2 1] :process 0}";
    assert!(told(&read(other)).contains("ok swap [2,1]"));
    // Where pairs are asked for, a value that is none has a place.
    let malformed = read_with(cas, keys(Keys::Pairs)).unwrap_err();
    assert_eq!(malformed.line, 2);
}

#[test]
fn what_is_read_can_be_judged() {
    let judge = |text: &str| {
        let recording = read(text);
        let mut findings = Findings::default();
        let operations = operations(recording.events()).unwrap();
        Linearizable::new(RegisterModel).analyse(&operations, &mut Budget::default(), &mut findings);
        assert_eq!(findings.unknown, None);
        findings.violations.len()
    };
    assert_eq!(judge(REGISTER), 0);
    // A read of what nobody wrote.
    assert_eq!(judge(&REGISTER.replace(":ok, :f :read, :value 3", ":ok, :f :read, :value 5")), 1);
}
