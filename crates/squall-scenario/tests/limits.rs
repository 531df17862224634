//! Files that are too much: each ends in a diagnostic, quickly, and never in memory or stack.

#[path = "support/base.rs"]
mod support;

use squall_scenario::{Code, Colour};
use support::read;

/// The only diagnostic of a text: its code, line and column. Rendering it must stay small.
fn refusal(text: &str) -> (Code, usize, usize) {
    let diagnostics = read(text).expect_err("it is too much");
    assert_eq!(diagnostics.len(), 1, "{diagnostics}");
    assert!(diagnostics.render(Colour::Always).len() < 4_000);
    let first = diagnostics.iter().next().expect("there is one");
    let (line, column) = diagnostics.position(first);
    (first.code, line, column)
}

#[test]
fn a_mebibyte_of_garbage() {
    let garbage = "]\u{7f}x{".repeat(1 << 18);
    assert_eq!(refusal(&garbage), (Code::Syntax, 1, 1));
    assert_eq!(refusal(&(garbage + "x")), (Code::TooLarge, 1, 1));
    assert_eq!(refusal(&"a".repeat(1 << 20)).0, Code::WrongType);
}

#[test]
fn too_many_values() {
    let text = format!("tags: [{}]", "a, ".repeat(30_000));
    assert_eq!(refusal(&text).0, Code::TooLarge);
}

#[test]
fn an_alias_bomb() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for k in 1..10 {
        let aliases = format!("*a{}, ", k - 1).repeat(9);
        text.push_str(&format!("a{k}: &a{k} [{aliases}]\n"));
    }
    assert_eq!(refusal(&text).0, Code::TooLarge);
}

#[test]
fn too_many_aliases() {
    let text = format!("a: &a x\ntags: [{}]", "*a, ".repeat(101));
    assert_eq!(refusal(&text).0, Code::TooLarge);
}

#[test]
fn nesting_without_end() {
    assert_eq!(refusal(&"[".repeat(100_000)).0, Code::TooLarge);
    assert_eq!(refusal(&"{a: ".repeat(100_000)).0, Code::TooLarge);
    let block: String = (0..200).map(|k| format!("{}a:\n", " ".repeat(k))).collect();
    assert_eq!(refusal(&block).0, Code::TooLarge);
    assert_eq!(refusal(&"- ".repeat(1_000)).0, Code::TooLarge);
    assert_eq!(refusal(&"? ".repeat(1_000)).0, Code::TooLarge);
    assert_eq!(refusal(&format!("{{{}: x}}", "[".repeat(30))).0, Code::Syntax);
}

#[test]
fn nesting_hidden_in_aliases() {
    let mut sequences = format!("a0: &a0 {}{}\n", "[".repeat(20), "]".repeat(20));
    let mut merges = "a0: &a0 { x: 1 }\n".to_owned();
    for k in 1..50 {
        let below = k - 1;
        sequences.push_str(&format!("a{k}: &a{k} {}*a{below}{}\n", "[".repeat(20), "]".repeat(20)));
        merges.push_str(&format!("a{k}: &a{k} {{ <<: *a{below}, y: {{ <<: *a{below} }} }}\n"));
    }
    assert_eq!(refusal(&sequences).0, Code::TooLarge);
    assert_eq!(refusal(&merges).0, Code::TooLarge);
}

#[test]
fn a_long_line_is_not_quoted() {
    let text = format!("version: 1\nname: {}\nsystem: batch\nduration: 1s\n", "X".repeat(5_000));
    let shown = read(&text).expect_err("the name is wrong").to_string();
    assert!(shown.len() < 300 && shown.contains(" --> scenario.yaml:2:7\n"), "{shown}");
}
