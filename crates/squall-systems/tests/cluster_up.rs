//! `cluster up` as a user runs it: real processes, real sockets, real files, compared with
//! `tr | sort | uniq -c`; also with a leader and a worker killed for real.

#![expect(clippy::unwrap_used, reason = "what the tests have in common stands outside of them")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A text of about `bytes` bytes in a folder of its own: words of every length, capitals, digits,
/// letters that are no ASCII, empty lines, no newline at the end.
fn text(bytes: usize) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("text.txt");
    let mut text = String::new();
    let mut state = 1_u64;
    while text.len() < bytes {
        // Knuth, MMIX; skewed, so that some words are frequent and thousands are rare.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (drawn, kind) = ((state >> 33) % 4_000, (state >> 20) % 16);
        let rank = drawn * drawn / 4_000;
        let word: String = rank.to_string().bytes().map(|digit| char::from(digit - b'0' + b'a')).collect();
        match kind {
            0 => text += &format!("{}.\n", word.to_uppercase()),
            1 => text += &format!("({word}), "),
            2 => text += &format!("{word}-{rank}\n\n"),
            3 => text += &format!("é{word}ß "),
            _ => text += &format!("{word} "),
        }
    }
    fs::write(&path, text).unwrap();
    (folder, path)
}

fn cluster(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_squall")).args(["cluster", "up"]).args(args).output().unwrap()
}

/// What everybody's shell says.
fn expected(path: &Path) -> String {
    let script = r"tr -cs A-Za-z '\n' <text.txt | tr A-Z a-z | sed '/^$/d' | LC_ALL=C sort | uniq -c";
    let shell = Command::new("sh").args(["-c", script]).current_dir(path.parent().unwrap()).output().unwrap();
    assert!(shell.status.success());
    String::from_utf8(shell.stdout).unwrap()
}

fn check(output: &Output, path: &Path) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let (counted, expected) = (String::from_utf8_lossy(&output.stdout), expected(path));
    assert!(expected.lines().count() > 1_000, "the text has many words");
    let differs = counted.lines().zip(expected.lines()).find(|(one, other)| one != other);
    assert_eq!(differs, None, "{said}");
    assert_eq!(counted.len(), expected.len(), "{said}");
    said
}

#[test]
fn a_word_count_is_what_the_shell_says() {
    let (_folder, path) = text(3_000_000);
    let output = cluster(&["--input", path.to_str().unwrap()]);
    let said = check(&output, &path);
    assert!(said.contains("is accepted"), "{said}");
}

#[test]
fn a_leader_and_a_worker_may_die() {
    let (_folder, path) = text(2_000_000);
    let kills = ["--kill", "leader@400ms", "--kill", "worker-2@700ms", "--record-cost", "500us"];
    let mut args = vec!["--input", path.to_str().unwrap()];
    args.extend(kills);
    let said = check(&cluster(&args), &path);
    let killed: Vec<&str> = said.lines().filter(|line| line.ends_with(" is killed")).collect();
    assert_eq!(killed.len(), 2, "{said}");
    assert!(killed[0].starts_with("controller-") && killed[1].starts_with("worker-2"), "{said}");
}

#[test]
fn mistakes_are_told() {
    let (folder, path) = text(100);
    let input = path.to_str().unwrap();
    let refused = |args: &[&str], code: i32, says: &str| {
        let output = cluster(args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(says), "{said}");
    };
    refused(&[], 2, "--input");
    refused(&["--input", "/nowhere/at-all.txt"], 65, "cannot read `/nowhere/at-all.txt`");
    refused(&["--input", input, "--kill", "leader"], 2, "such as `leader@2s`");
    refused(&["--input", input, "--kill", "worker-9@1s"], 2, "there is no node `worker-9`");
    let full = folder.path().to_str().unwrap();
    refused(&["--input", input, "--directory", full], 2, "is not empty");
    refused(&["--input", input, "--kill", "leader@1h"], 3, "was due");
}
