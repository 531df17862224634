//! Laws: whatever the bytes, reading ends with a recording or a place; values come through as they are.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Value, json};
use squall_blackbox::operations;
use squall_blackbox::recording::Options;

use super::{read, read_with};

const RECORDINGS: [&str; 5] = [
    "[{\"process\":0,\"type\":\"invoke\",\"f\":\"read\"},\n\
     {\"process\":0,\n\"type\":\"info\",\"error\":\"]}\\\"\"}]\n",
    "{:type :invoke, :f :cas, :value [1 \"a\\n\"], :process 0, :time 5, :index 0}\n\
     {:type :ok, :f :cas, :value #{1 2}, :process 0, :time 6, :index 1} ; done\n",
    "[#jepsen.history.Op{:type :invoke :f :r :process 0 :value [:k nil]}\n\
     {:type :info :f :r :process 0 :error {:via [\\x 1.5M ##Inf]}}]",
    "{\"process\":0,\"type\":\"invoke\",\"f\":\"read\",\"key\":\"x\",\"time\":5,\"id\":3}\n\
     {\"process\":0,\"type\":\"ok\",\"value\":[1,{\"a\":null}],\"time\":6,\"id\":3}\n",
    "{\"format\":1,\"sim_format\":1,\"scenario\":\"s\",\"seed\":\"0x7\",\"engine\":\"native\",\"system\":\"kv\",\
     \"config\":null,\"topology\":{\"nodes\":[]},\"duration\":\"5s\",\"capabilities\":[],\"client_roles\":[]}\n\
     {\"at\":20,\"op\":{\"id\":4,\"process\":1,\"phase\":\"invoke\",\"f\":\"put\",\"key\":\"k\",\"value\":3}}\n",
];

/// What may be put into a recording to break it.
const SPLINTERS: [&[u8]; 16] = [
    b"{",
    b"}",
    b"[",
    b"]",
    b"(",
    b"\"",
    b"\\",
    b"#",
    b"#_",
    b";",
    b"\n",
    b":",
    b"\xff",
    b"\xe2\x86",
    b"0",
    b" ",
];

/// Reads, and insists that what is well formed is also a history of operations, and that what is not has
/// a place in the text.
fn examine(bytes: &[u8]) {
    match read_with(bytes, Options::default()) {
        Ok(recording) => drop(operations(recording.events()).unwrap()),
        Err(malformed) => {
            let lines = bytes.split(|&byte| byte == b'\n').count() as u64;
            assert!((1..=lines).contains(&malformed.line), "{malformed}");
            assert!(malformed.column >= 1);
            let marked = malformed.excerpt.text.get(malformed.excerpt.span.clone());
            assert!(marked.is_some(), "{:?}", malformed.excerpt);
        }
    }
}

/// Values of JSON whose objects, numbers and texts EDN writes as well.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        // Longer ones `serde_json` rounds to a neighbour.
        any::<i32>().prop_map(|quarters| json!(f64::from(quarters) / 4.0)),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let object = btree_map(any::<String>(), inner.clone(), 0..4);
        prop_oneof![
            vec(inner, 0..4).prop_map(Value::from),
            object.prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// A value as EDN.
fn edn(value: &Value) -> String {
    match value {
        Value::Null => "nil".to_owned(),
        Value::Array(items) => format!("[{}]", items.iter().map(edn).collect::<Vec<_>>().join(" ")),
        Value::Object(fields) => {
            let field = |(key, value): (&String, &Value)| format!("{} {}", text(key), edn(value));
            format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        Value::String(string) => text(string),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

fn text(string: &str) -> String {
    Value::from(string).to_string()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_broken_recording_has_a_place(
        which in 0..RECORDINGS.len(),
        breaks in vec((any::<prop::sample::Index>(), 0..SPLINTERS.len(), 0_usize..4), 0..4),
    ) {
        let mut bytes = RECORDINGS[which].as_bytes().to_vec();
        for (place, splinter, length) in breaks {
            let start = place.index(bytes.len() + 1);
            let end = (start + length).min(bytes.len());
            bytes.splice(start..end, SPLINTERS[splinter].iter().copied());
        }
        examine(&bytes);
    }

    #[test]
    fn a_recording_that_is_cut_off_has_a_place(which in 0..RECORDINGS.len(), at in any::<prop::sample::Index>()) {
        let bytes = RECORDINGS[which].as_bytes();
        examine(&bytes[..at.index(bytes.len())]);
    }

    #[test]
    fn any_bytes_have_a_place(bytes in vec(any::<u8>(), 0..200)) {
        examine(&bytes);
    }

    #[test]
    fn values_come_through(value in value()) {
        let edn = edn(&value);
        let jepsen = format!("{{:type :invoke :f :r :process 0 :time 1}}{{:type :ok :process 0 :time 2 :value {edn}}}");
        let lines = format!(
            "{}\n{}\n",
            json!({"process": 0, "type": "invoke", "f": "r"}),
            json!({"process": 0, "type": "ok", "value": value})
        );
        for recording in [jepsen, lines] {
            let read = read(&recording);
            prop_assert_eq!(&read.events().last().unwrap().op.value, &value, "{}", recording);
        }
    }
}
