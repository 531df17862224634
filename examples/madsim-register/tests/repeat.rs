//! Same seed, same history, to the byte: twice in one process, and in two processes.
//!
//! For builds with `--cfg madsim`, as this folder's `.cargo/config.toml` makes them.

#![cfg(madsim)]

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs the chaos command in this folder, as `cargo chaos` does; the exit code.
fn chaos(words: &[&str]) -> Option<i32> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["run", "--quiet", "--offline", "--example", "madsim-chaos", "--"]).args(words);
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    cargo.output().expect("cargo that built this test can be run").status.code()
}

/// The histories of a run's failing seeds, with their paths inside its folder.
fn histories(folder: &Path) -> io::Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name == "history.ndjson") {
                let inside = path.strip_prefix(folder).expect("it was found in there").to_owned();
                found.push((inside, fs::read(&path)?));
            }
        }
    }
    found.sort();
    Ok(found)
}

#[test]
fn a_seed_has_one_history() {
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str, jobs: &str| {
        let output = folder.path().join(name);
        let output_option = format!("--output={}", output.display());
        // Seeds that fail leave their histories, and each is run a second time in another worker: 102 if
        // that differs.
        let scenario = "scenarios/zoo/no-write-back.yaml";
        let words = [
            "run",
            scenario,
            "--seed=0x68aa4df5ab3464c0",
            "--no-shrink",
            "--check-determinism",
            jobs,
            &output_option,
        ];
        assert_eq!(chaos(&words), Some(0), "{name}");
        output
    };
    let (one, other) = (run("one", "--jobs=1"), run("other", "--jobs=2"));
    let results = |folder: &Path| fs::read(folder.join("results.ndjson")).unwrap();
    assert_eq!(results(&one), results(&other));
    let (one, other) = (histories(&one).unwrap(), histories(&other).unwrap());
    assert!(
        !one.is_empty() && one.iter().all(|(_, history)| history.len() > 10_000),
        "there is much to compare"
    );
    assert!(one == other, "histories differ");
}
