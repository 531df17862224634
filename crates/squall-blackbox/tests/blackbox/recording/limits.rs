//! What is too long or too deep; and what is long and may be.

use std::io::{BufReader, Cursor, Read};

use squall_blackbox::recording::{DEPTH_MAX, Malformed, OPERATION_BYTES_MAX, Options, ReadError, Recording};

use super::{read, refused};

fn refused_stream(input: impl Read) -> Box<Malformed> {
    match Recording::read(BufReader::new(input), Options::default()) {
        Err(ReadError::Malformed(malformed)) => malformed,
        other => panic!("{other:?}"),
    }
}

/// A hundred million bytes and no newline.
fn endless(first: &'static str) -> impl Read {
    Cursor::new(first).chain(std::io::repeat(b' ').take(100_000_000))
}

#[test]
fn a_hundred_megabytes_on_one_line_are_no_operation() {
    let malformed = refused_stream(endless("{\"process\":0,"));
    assert_eq!((malformed.line, malformed.column), (1, 1));
    assert!(malformed.title.contains("longer than 16 MiB"), "{malformed}");
    assert!(malformed.excerpt.text.len() < 1_000);

    let malformed = refused_stream(endless("{:type :invoke :value \""));
    assert_eq!((malformed.line, malformed.column), (1, 1));
    assert!(malformed.title.contains("an operation is longer than 16 MiB"), "{malformed}");
    assert!(malformed.excerpt.text.len() < 3_000);
}

#[test]
fn a_line_of_many_operations_may_be_long() {
    let op = |k: u64| {
        let process = k / 2;
        let kind = if k.is_multiple_of(2) { "invoke" } else { "ok" };
        format!("{{:type :{kind}, :f :write, :value {k}, :process {process}, :padding \"{:200}\"}} ", "")
    };
    let mut text = String::from("[");
    let mut events = 0;
    while text.len() <= OPERATION_BYTES_MAX + 1_000 {
        text += &op(events);
        events += 1;
    }
    let whole = format!("{text}]");
    let recording = Recording::read(BufReader::new(whole.as_bytes()), Options::default()).unwrap();
    assert_eq!(recording.events().len() as u64, events);

    // The place of what is wrong far along the line is exact, and not all of the line is repeated.
    let malformed = refused_stream(Cursor::new(format!("{text}{{:type :no :process 0}}]")));
    assert_eq!((malformed.line, malformed.column), (1, text.len() as u64 + 8));
    assert!(malformed.excerpt.cut && malformed.excerpt.text.len() < 3_000);
    assert_eq!(&malformed.excerpt.text[malformed.excerpt.span.clone()], ":no");
}

#[test]
fn a_long_line_is_quoted_around_the_place() {
    let value = "ü".repeat(4_000);
    let malformed = refused(format!("{{\"process\":0,\"type\":\"no\",\"value\":\"{value}\"}}\n"));
    assert_eq!((malformed.line, malformed.column), (1, 21));
    assert!(malformed.excerpt.cut && malformed.excerpt.text.len() < 300, "{:?}", malformed.excerpt);
    assert_eq!(&malformed.excerpt.text[malformed.excerpt.span.clone()], "\"no\"");
}

fn nested(depth: usize) -> String {
    format!("{{:type :invoke :f :r :process 0 :value {}{}}}", "[".repeat(depth), "]".repeat(depth))
}

#[test]
fn values_may_be_nested_so_deep_and_no_deeper() {
    assert_eq!(read(nested(DEPTH_MAX)).events().len(), 1);
    let malformed = refused(nested(DEPTH_MAX + 2));
    assert!(malformed.title.contains("nested deeper than 128"), "{malformed}");
    // Far deeper than a stack could bear.
    assert_eq!(refused(nested(1_000_000)).title, malformed.title);
    let json = "[".repeat(1_000_000);
    let malformed = refused(format!("{{\"process\":0,\"type\":\"ok\",\"value\":{json}"));
    assert!(malformed.title.contains("recursion limit"), "{malformed}");
}
