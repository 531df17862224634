//! What is no recording: the first thing wrong with it, and its place.

use super::refused;

/// Refused at this line and column, with these words in the title; `here` is what the carets mark.
#[track_caller]
fn at(text: impl AsRef<[u8]>, (line, column): (u64, u64), here: &str, title: &str) {
    let malformed = refused(text);
    let marked = &malformed.excerpt.text[malformed.excerpt.span.clone()];
    let found = (malformed.line, malformed.column, marked);
    assert_eq!(found, (line, column, here), "{malformed}; {:?}", malformed.excerpt);
    assert!(malformed.title.contains(title), "no `{title}` in `{}`", malformed.title);
}

const INVOKE: &str = r#"{"process":0,"type":"invoke","f":"read"}"#;
const OK: &str = r#"{"process":0,"type":"ok","value":1}"#;

/// JSON operations, one a line.
fn json(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[test]
fn nothing_at_all() {
    at("", (1, 1), "", "empty");
    at(" \n\n\t\n", (1, 1), "", "empty");
}

#[test]
fn no_recording() {
    at("hello\n", (1, 1), "h", "begins neither as JSON nor as EDN");
    at("  17", (1, 3), "1", "begins neither as JSON nor as EDN");
    at("version: 1\nname: x\n", (1, 1), "v", "begins neither");
}

#[test]
fn a_type_that_is_none() {
    at(json(&[INVOKE, &OK.replace("ok", "okay")]), (2, 21), "\"okay\"", "unknown type `okay`");
    at("{:process 0, :type :started, :f :read}", (1, 20), ":started", "unknown type `started`");
    at("{:process 0, :f :read}", (1, 1), "{", "without `:type`");
    at("{\"process\":0,\"f\":\"read\"}", (1, 24), "}", "missing field `type`");
}

#[test]
fn a_completion_without_an_invocation() {
    at(json(&[OK]), (1, 12), "0", "process 0 completes an operation that it never invoked");
    at(json(&[INVOKE, OK, OK]), (3, 12), "0", "never invoked");
    at(
        "{:type :invoke :f :read :process 1}\n{:type :ok :f :read :process 2}",
        (2, 30),
        "2",
        "process 2 completes an operation that it never invoked",
    );
}

#[test]
fn two_invocations_at_once() {
    at(json(&[INVOKE, INVOKE]), (2, 12), "0", "while another of its is in flight");
    at("{:type :invoke :f :r :process 1} {:type :invoke :f :r :process 1}", (1, 64), "1", "in flight");
}

#[test]
fn a_process_that_acts_after_an_info() {
    let info = OK.replace("ok", "info");
    at(json(&[INVOKE, &info, INVOKE]), (3, 12), "0", "acts again after an operation of it ended in `info`");
    at(json(&[INVOKE, &info, OK]), (3, 12), "0", "completes an operation twice");
}

#[test]
fn another_operation_than_was_invoked() {
    let other = r#"{"process":0,"type":"ok","f":"write"}"#;
    at(json(&[INVOKE, other]), (2, 30), "\"write\"", "invoked `read`, and completes `write`");
    at(json(&[r#"{"process":0,"type":"invoke"}"#]), (1, 1), "{", "without `f`");
}

#[test]
fn ids_that_do_not_fit() {
    let with = |id: u64, process: u64, phase: &str| {
        format!(r#"{{"process":{process},"type":"{phase}","f":"r","id":{id}}}"#)
    };
    let invoke = with(3, 0, "invoke");
    at(json(&[&invoke, &with(3, 1, "invoke")]), (2, 43), "3", "op 3 is invoked twice");
    at(json(&[&invoke, &with(4, 0, "ok")]), (2, 39), "4", "op 4 completes, but was never invoked");
    at(json(&[&invoke, &with(3, 1, "ok")]), (2, 12), "1", "process 1 completes op 3 of process 0");
    at(json(&[&invoke, &with(3, 0, "ok"), &with(3, 0, "fail")]), (3, 41), "3", "op 3 completes twice");
}

#[test]
fn time_that_runs_backwards() {
    let (one, two) = (INVOKE.replace('}', ",\"time\":9}"), OK.replace('}', ",\"time\":8}"));
    at(json(&[&one, &two]), (2, 43), "8", "time runs backwards: 8ns after 9ns");
    at(json(&[&one, OK]), (2, 1), "{", "the time is missing");
    at(json(&[INVOKE, &two]), (2, 43), "8", "this event has a time");
    at(json(&[&one.replace('9', "-9")]), (1, 48), "-9", "`time` is a whole number from 0 on");
    let edn = "{:type :invoke :f :r :process 0 :index 7}\n{:type :ok :f :r :process 0 :index 7}";
    at(edn, (2, 36), "7", "the index runs backwards: 7 after 7");
    at("{:type :invoke :f :r :process 0 :time 1.5}", (1, 39), "1.5", "`:time` is a whole number");
}

#[test]
fn processes_that_are_none() {
    at(json(&[&INVOKE.replace(":0", ":-1")]), (1, 12), "-1", "`process` is a whole number");
    at("{:type :invoke :f :r}", (1, 1), "{", "without `:process`");
    at("{:type :invoke :f :r :process [1]}", (1, 31), "[1]", "a process is a whole number");
    at("{:type :invoke :f 3 :process 1}", (1, 19), "3", "`:f` is a keyword");
}

#[test]
fn brackets_that_do_not_match() {
    at("{:type :invoke, :value [1 2}, :f :r}", (1, 28), "}", "does not close what is open");
    at("{:type :invoke, :value 1]", (1, 25), "]", "does not close the map");
    at("{:type :ok :type :ok}", (1, 12), ":type", "`:type` is in the map twice");
    at("{:type :ok :value}", (1, 18), "}", "a value is missing");
    at("{:type :ok :value {:a}}", (1, 20), ":a", "a key without a value");
    at("{\"process\":0,\"type\":\"ok\"]\n{}", (1, 25), "]", "this is not JSON");
    at(json(&[INVOKE, "{{}}"]), (2, 2), "{", "this is not JSON");
}

#[test]
fn json_arrays() {
    let two = |second: &str| format!("[{INVOKE},\n  {second}]");
    at(two(&OK.replace("ok", "okay")), (2, 23), "\"okay\"", "unknown type `okay`");
    at(two("{\"process\":0,\n \"type\":\"ok\",\n \"vaule\":1}"), (4, 8), "\"", "unknown field `vaule`");
    at(two("17"), (2, 3), "1", "an operation was expected");
    at(two("{:process 0}"), (2, 4), ":", "this is not JSON");
    at(two(OK).trim_end_matches(']'), (2, 38), " ", "the file ends within the vector of operations");
    at(two("{\"process\":0"), (2, 15), "]", "this is not JSON");
    at(
        two("{\"process\":0").trim_end_matches(']'),
        (2, 3),
        "{",
        "the file ends in the middle of an operation",
    );
}

#[test]
fn forms_that_are_no_operations() {
    let op = "{:type :invoke :f :r :process 0}";
    at(format!("{op}\n17"), (2, 1), "1", "an operation was expected");
    at(format!("[{op}]\n{op}"), (2, 1), "{", "something follows the end of the vector");
    at(format!("{op})"), (1, 33), ")", "closes what was never opened");
    at(format!("[{op})"), (1, 34), ")", "closes what was never opened");
    at(format!("#{{1}}{op}"), (1, 1), "#", "an operation was expected");
    at("{:type :invoke 3 4}", (1, 16), "3", "the name of a field was expected");
}

#[test]
fn the_end_that_is_missing() {
    let (start, cut) = OK.split_at(17);
    assert!(!cut.is_empty());
    at(format!("{INVOKE}\n{start}"), (2, 17), "p", "the file ends in the middle of an operation");
    at(
        "{:type :invoke :f :r :process 0}\n{:type :ok, :f",
        (2, 1),
        "{",
        "the file ends in the middle of an operation",
    );
    at(
        "[{:type :invoke :f :r :process 0}\n",
        (2, 1),
        " ",
        "the file ends within the vector of operations that opens on line 1",
    );
    at("{:type :ok :value \"never closed}\n", (1, 1), "{", "the file ends in the middle");
}

#[test]
fn bytes_that_are_no_text() {
    let mut line = json(&[INVOKE]).into_bytes();
    line.extend(b"{\"process\":0,\"\xff\":1}\n");
    at(line, (2, 15), "\u{fffd}", "not UTF-8");
    at(b"{:type :ok\n :f \"\xc3\x28\"}", (2, 6), "\u{fffd}", "not UTF-8");
}

#[test]
fn texts_and_numbers_that_are_none() {
    at("{:value \"a\\q\"}", (1, 11), "\\q", "escape");
    at("{:value \\nothing}", (1, 9), "\\nothing", "is no character");
    at("{:value 12abc}", (1, 9), "12abc", "is no number");
    at("{:value :}", (1, 9), ":", "a keyword without a name");
    at("{:value #}", (1, 9), "#", "`#` begins");
}

#[test]
fn columns_count_characters_and_tell_of_the_whole_line() {
    let text = "{:type :invoke :f :ü :process 0} {:type :ok :f :ü :process 0} {:type :no :process 0}";
    at(text, (1, 70), ":no", "unknown type");
}
