//! JSON operations, one a line.

use squall_blackbox::recording::{Format, Keys, Options, Times};

use super::{keys, places, read, read_with, refused, told};

#[test]
fn all_fields() {
    let text = r#"
{"process":0,"type":"invoke","f":"read","key":"x","value":null,"time":5,"id":7,"node":"client-1"}

{"process":"nemesis","type":"info","f":"kill"}
{"process":0,"type":"ok","value":[1,"a"],"time":9,"id":7}
"#;
    let recording = read(text);
    assert_eq!((recording.format, recording.times), (Format::Operations, Times::Recorded));
    assert_eq!(
        told(&recording),
        "2: op 7 p0 invoke read x null @5 on client-1\n5: op 7 p0 ok read x [1,\"a\"] @9\n"
    );
}

#[test]
fn an_array_is_the_same_as_lines() {
    let lines = [
        r#"{"process":0,"type":"invoke","f":"txn","value":[["append","]",1]],"index":0}"#,
        r#"{"process":"nemesis","type":"info","f":"{","index":1}"#,
        r#"{"process":0,"type":"ok","value":[["append","]",1]],"index":2}"#,
    ];
    let shown = |text: String| told(&read(text)).lines().map(|line| line[1..].to_owned()).collect::<Vec<_>>();
    let expected = shown(lines.join("\n"));
    assert_eq!(expected.len(), 2);
    assert_eq!(shown(format!("[{}]", lines.join(",\n"))), expected);
    assert_eq!(shown(format!("\u{feff} [{}]\n\n", lines.join(","))), expected);
}

#[test]
fn the_fewest_fields() {
    let text = "\u{feff}{\"process\":0,\"type\":\"invoke\",\"f\":\"read\"}\r\n{\"process\":0,\"type\":\"ok\",\"value\":1}";
    assert_eq!(told(&read(text)), "1: op 0 p0 invoke read null @0\n2: op 0 p0 ok read 1 @1\n");
}

#[test]
fn the_reason_of_what_went_wrong_is_its_value() {
    let text = r#"{"process":0,"type":"invoke","f":"add","key":3,"value":1}
{"process":0,"type":"fail","value":1,"error":"no"}
{"process":0,"type":"invoke","f":"add","key":["a"],"value":1}
{"process":0,"type":"info","error":"timeout"}"#;
    let expected = "\
1: op 0 p0 invoke add 3 1 @0
2: op 0 p0 fail add 3 \"no\" @1
3: op 2 p0 invoke add [\"a\"] 1 @2
4: op 2 p0 info add [\"a\"] \"timeout\" @3
";
    assert_eq!(told(&read(text)), expected);
}

#[test]
fn a_misspelt_field_is_refused() {
    let malformed = refused("{\"process\":0,\"type\":\"invoke\",\"f\":\"w\",\"vaule\":1}\n");
    assert!(malformed.title.starts_with("unknown field `vaule`, expected one of"), "{malformed}");
    assert_eq!((malformed.line, malformed.column), (1, 44));
}

#[test]
fn times_that_run_backwards_can_be_left_aside() {
    let text = r#"{"process":0,"type":"invoke","f":"read","time":5}
{"process":0,"type":"ok","time":4}"#;
    assert_eq!(refused(text).line, 2);
    assert_eq!(
        told(&read_with(text, places()).unwrap()),
        "1: op 0 p0 invoke read null @0\n2: op 0 p0 ok read null @1\n"
    );
}

#[test]
fn keys_are_in_the_field_unless_pairs_are_asked_for() {
    let text = r#"{"process":0,"type":"invoke","f":"read","value":["x",null]}"#;
    assert!(told(&read(text)).contains(r#"read ["x",null]"#));
    assert!(told(&read_with(text, keys(Keys::Pairs)).unwrap()).contains("read x null"));
}

#[test]
fn a_format_can_be_insisted_on() {
    let text = "{:process 0 :type :invoke :f :read}";
    let options = Options { format: Some(Format::Operations), ..Options::default() };
    let malformed = read_with(text, options).unwrap_err();
    assert!(malformed.title.starts_with("this is not JSON"), "{malformed}");
}
