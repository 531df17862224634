//! What `new --system` writes is a crate that a stranger can go on with: it builds, its tests pass, its
//! planted bug is found, shrunk and replayed by the commands that are printed, and nothing of the harness
//! is in what it ships.
//!
//! The crate is made outside the project, and built without a network in the project's own target folder.
#![expect(clippy::unwrap_used, reason = "these are tests, their helpers included")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use object::{Object, ObjectSymbol};
use tempfile::TempDir;

/// A command line with the shipped systems.
const PROGRAM: &str = env!("CARGO_BIN_EXE_squall-hostile");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Where cargo put this test, so that most of what the crate depends on is built already.
fn target() -> PathBuf {
    Path::new(PROGRAM).ancestors().nth(2).unwrap().to_owned()
}

/// The crate, made once for all tests.
fn starter() -> &'static Path {
    static STARTER: OnceLock<TempDir> = OnceLock::new();
    STARTER
        .get_or_init(|| {
            let folder = TempDir::with_prefix("squall-starter-").unwrap();
            let mut new = Command::new(PROGRAM);
            new.args(["new", "--system", "my-kv", "--squall-path"]).arg(root()).current_dir(folder.path());
            let made = new.output().unwrap();
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
            // What is locked is there: cargo needs no network.
            fs::copy(root().join("Cargo.lock"), folder.path().join("my-kv/Cargo.lock")).unwrap();
            folder
        })
        .path()
}

/// The tests take turns: some change what lies in the crate.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Ran {
    code: Option<i32>,
    text: String,
}

impl Ran {
    fn of(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), text: text(&output.stdout) + &text(&output.stderr) }
    }

    #[track_caller]
    fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.text);
        self
    }

    #[track_caller]
    fn says(self, words: &str) -> Self {
        assert!(self.text.contains(words), "no `{words}` in:\n{}", self.text);
        self
    }

    /// What stands behind a label at the start of a line.
    fn after(&self, label: &str) -> &str {
        let found = self.text.lines().find_map(|line| line.trim_start().strip_prefix(label));
        found.unwrap_or_else(|| panic!("no `{label}` in:\n{}", self.text)).trim()
    }
}

/// A line that the user types in the crate's folder.
fn typed(line: &str) -> Ran {
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).current_dir(starter().join("my-kv")).stdin(Stdio::null());
    // What cargo tells this test is not for what the user starts.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if (name.starts_with("CARGO") && name != "CARGO_HOME") || name.starts_with("SQUALL") {
            shell.env_remove(name);
        }
    }
    shell.env("CARGO_TARGET_DIR", target()).env("CARGO_NET_OFFLINE", "true").env_remove("NEXTEST");
    shell.env("GIT_CEILING_DIRECTORIES", starter());
    Ran::of(shell.output().unwrap())
}

#[test]
fn its_tests_are_its_scenarios_and_pass() {
    let _turn = turn();
    let ran = typed("cargo test").expect(0);
    for test in ["calm", "crashes", "swarm", "zoo/lost-update"] {
        assert!(
            ran.text.lines().any(|line| line.starts_with(&format!("test {test} ")) && line.ends_with("ok"))
        );
    }
}

#[test]
fn its_bug_is_caught_shrunk_and_replayed() {
    let _turn = turn();
    let caught = typed("cargo chaos run crashes --bug lost-update").expect(100);
    assert!(caught.text.contains("`linearizable` is violated"), "{}", caught.text);
    let (replay, minimised) = (caught.after("Reproduce with:"), caught.after("Minimised repro:"));
    assert!(replay.starts_with("cargo chaos replay crashes --seed 0x"), "{replay}");
    for command in [replay, minimised] {
        typed(command).expect(100).says("reproduced: ").says("linearizable violated");
    }
}

#[test]
fn a_test_that_fails_prints_a_command_that_works() {
    let _turn = turn();
    let scenario = starter().join("my-kv/scenarios/broken.yaml");
    let text = fs::read_to_string(scenario.with_file_name("zoo/lost-update.yaml")).unwrap();
    let (before, _) = text.split_once("expect:").unwrap();
    fs::write(&scenario, before.replace("zoo-lost-update", "broken")).unwrap();
    let failed = typed("cargo test -- --exact broken");
    fs::remove_file(&scenario).unwrap();
    let failed = failed.expect(101);
    let replay = failed.after("Reproduce with:");
    assert!(replay.starts_with("cargo chaos replay scenarios/broken.yaml --seed 0x"), "{replay}");
    typed(failed.after("Minimised repro:")).expect(100).says("reproduced: ");
}

/// The guide that begins with an empty directory.
const FIRST_STEPS: &str = "docs/your-system/native.md";
/// Those whose commands are typed in the crate that it made.
const GUIDES: [&str; 3] = [FIRST_STEPS, "docs/write-a-scenario.md", "docs/read-a-report.md"];

/// The fenced blocks of a page in one of these languages, without their last line's end.
fn blocks(page: &str, languages: &[&str]) -> Vec<String> {
    let text = fs::read_to_string(root().join(page)).unwrap();
    let mut blocks = Vec::new();
    let mut inside: Option<Vec<&str>> = None;
    for line in text.lines() {
        inside = match (inside, line.strip_prefix("```")) {
            (None, Some(language)) => Some(vec![language]),
            (Some(block), Some(_)) => {
                if languages.contains(&block[0]) {
                    blocks.push(block[1..].join("\n"));
                }
                None
            }
            (Some(mut block), None) => {
                block.push(line);
                Some(block)
            }
            (None, None) => None,
        };
    }
    blocks
}

#[test]
fn the_commands_of_the_guides_do_what_they_say() {
    let _turn = turn();
    let made = "cargo run --quiet --manifest-path ../squall/Cargo.toml --bin squall-new -- my-kv";
    let written = ["my-first", "leases"].map(|name| starter().join(format!("my-kv/scenarios/{name}.yaml")));
    let mut typed_lines = 0;
    for page in GUIDES {
        let blocks = blocks(page, &["sh"]).join("\n");
        for line in blocks.lines() {
            let (command, comment) = line.split_once(" #").unwrap_or((line, ""));
            match command.trim() {
                command if command == made || command == "cd my-kv" => assert_eq!(page, FIRST_STEPS),
                command => {
                    let code = comment.trim().strip_prefix("exit ").map_or(0, |code| code.parse().unwrap());
                    typed(command).expect(code);
                    typed_lines += 1;
                }
            }
        }
    }
    assert!(typed_lines >= 12, "only {typed_lines} lines were typed");
    for path in written {
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn the_listings_of_the_guide_are_the_crate() {
    let template = root().join("crates/squall-starter/template");
    let files =
        ["Cargo.toml.template", "cargo/config.toml", "chaos/system.rs", "src/server.rs", "src/store.rs"];
    let files = files.map(|file| fs::read_to_string(template.join(file)).unwrap());
    let listings = blocks(FIRST_STEPS, &["rust", "toml"]);
    assert!(listings.len() >= 8, "{listings:#?}");
    for listing in listings {
        assert!(files.iter().any(|file| file.contains(&listing)), "in no file of the template:\n{listing}");
    }
}

/// Functions of the C library that the seal defines again, by its own source.
fn interposed() -> BTreeSet<String> {
    let seal = root().join("crates/squall-seal/src/seal");
    let source =
        ["interpose.rs", "refuse.rs"].map(|file| fs::read_to_string(seal.join(file)).unwrap()).concat();
    let name = |text: &str| text.split('(').next().unwrap().trim().to_owned();
    let names = source.lines().filter_map(|line| {
        let function = line.strip_prefix("pub(super) ").and_then(|rest| rest.split_once("extern \"C\" fn "));
        let defined = function.map(|(_, rest)| name(rest));
        let calls = ["Thread: ", "Process: ", "Socket: ", "Lookup: ", "File: ", "Sleep: ", "Wait: "];
        defined.or_else(|| calls.iter().find_map(|call| line.trim_start().strip_prefix(call)).map(name))
    });
    let names: BTreeSet<String> = names.filter(|name| name != "$name" && name != "real").collect();
    for known in ["getrandom", "clock_gettime", "pthread_create", "socket", "nanosleep"] {
        assert!(names.contains(known), "{known} is not in {names:?}");
    }
    names
}

/// Those of `names` that a program defines itself, for all of its libraries to use.
fn defined(program: &Path, names: &BTreeSet<String>) -> BTreeSet<String> {
    let bytes = fs::read(program).unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let file = object::File::parse(&*bytes).unwrap();
    let all: Vec<_> = file.symbols().chain(file.dynamic_symbols()).collect();
    assert!(all.len() > 50, "{} has no symbols to look at", program.display());
    let global = all.iter().filter(|symbol| symbol.is_definition() && symbol.is_global());
    let global = global.filter_map(|symbol| symbol.name().ok());
    // The C library's own come with a version behind their name.
    let plain = global.map(|name| name.split('@').next().unwrap_or(name).to_owned());
    plain.filter(|name| names.contains(name)).collect()
}

#[test]
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn production_defines_no_function_of_the_c_library() {
    let _turn = turn();
    let interposed = interposed();
    typed("cargo build").expect(0);
    assert_eq!(defined(&target().join("debug/my-kv"), &interposed), BTreeSet::new());
    // The chaos command does define them: else this test could not fail.
    typed("cargo build --example chaos").expect(0);
    assert_eq!(defined(&target().join("debug/examples/chaos"), &interposed), interposed);
    let packages = typed("cargo tree --edges normal --prefix none --format {p}").expect(0).text;
    let own: BTreeSet<&str> = packages.lines().filter_map(|line| line.split(' ').next()).collect();
    let own: Vec<&str> = own.into_iter().filter(|name| name.starts_with("squall")).collect();
    assert_eq!(
        own,
        ["squall-derive", "squall-history", "squall-io"],
        "the simulator and the seal are for development"
    );
}
