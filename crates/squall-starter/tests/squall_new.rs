//! The program `squall-new`, as a stranger types it. That what it writes builds and runs is for
//! `tests/starter.rs` of the project to see.
#![expect(clippy::unwrap_used, reason = "these are tests, their helpers included")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

fn typed(args: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_squall-new")).args(args).current_dir(folder).output().unwrap()
}

#[track_caller]
fn refused(args: &[&str], folder: &Path, why: &str) {
    let output = typed(args, folder);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(why), "{said}");
}

#[test]
fn a_crate_is_written_with_its_name_and_the_way_to_squall() {
    let folder = TempDir::new().unwrap();
    let output = typed(&["lock-service"], folder.path());
    assert!(output.status.success());
    assert!(String::from_utf8(output.stdout).unwrap().contains("cd lock-service && cargo test"));
    let made = folder.path().join("lock-service");
    let manifest = fs::read_to_string(made.join("Cargo.toml")).unwrap();
    assert!(manifest.contains("name = \"lock-service\""), "{manifest}");
    let squall = manifest.lines().find_map(|line| line.strip_prefix("squall = { path = \""));
    assert!(Path::new(squall.unwrap().trim_end_matches("\" }")).join("Cargo.toml").is_file(), "{manifest}");
    let system = fs::read_to_string(made.join("chaos/system.rs")).unwrap();
    assert!(system.contains("LockService") && !system.to_lowercase().contains("my_kv"), "{system}");
}

#[test]
fn nothing_is_overwritten_and_what_cannot_be_is_refused() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("mine")).unwrap();
    refused(&["mine"], folder.path(), "mine is there already: nothing was written");
    refused(&["Mine"], folder.path(), "`Mine` is no name for a new crate: it must begin with a small letter");
    refused(&["tokio"], folder.path(), "it is taken");
    refused(&["my-kv", "--squall-path", "."], folder.path(), "Squall's source is not at .");
    refused(&[], folder.path(), "<NAME>");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_eq!(fs::read_dir(folder.path().join("mine")).unwrap().count(), 0);
}
