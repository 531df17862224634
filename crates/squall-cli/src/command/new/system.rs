//! A crate to begin with: a small key-value store, its production binary and its chaos tests.
//!
//! The template is a crate named `my-kv`; what is written has the user's name in its place. It depends on
//! Squall by path, since Squall is in no registry.

use std::path::{Path, PathBuf};

use super::write_new;
use crate::args::NewArgs;
use crate::error::CliError;

/// Its files: where each goes, and its text.
macro_rules! template {
    ($($path:literal from $file:literal),+ $(,)?) => {
        [$(($path, include_str!(concat!("../../../templates/system/", $file)))),+]
    };
}

const FILES: &[(&str, &str)] = &template![
    ".cargo/config.toml" from "cargo/config.toml",
    ".gitignore" from "gitignore",
    "Cargo.toml" from "Cargo.toml.template",
    "README.md" from "README.md",
    "chaos/main.rs" from "chaos/main.rs",
    "chaos/system.rs" from "chaos/system.rs",
    "chaos/tests.rs" from "chaos/tests.rs",
    "scenarios/calm.yaml" from "scenarios/calm.yaml",
    "scenarios/crashes.yaml" from "scenarios/crashes.yaml",
    "scenarios/swarm.yaml" from "scenarios/swarm.yaml",
    "scenarios/zoo/lost-update.yaml" from "scenarios/zoo/lost-update.yaml",
    "src/client.rs" from "src/client.rs",
    "src/lib.rs" from "src/lib.rs",
    "src/main.rs" from "src/main.rs",
    "src/protocol.rs" from "src/protocol.rs",
    "src/server.rs" from "src/server.rs",
    "src/store.rs" from "src/store.rs",
];

/// Names that the crate could not have: Rust's own, and those of what it depends on.
const TAKEN: [&str; 14] = [
    "alloc",
    "client",
    "core",
    "crate",
    "proc-macro",
    "self",
    "serde",
    "serde-json",
    "squall",
    "squall-cli",
    "squall-io",
    "std",
    "test",
    "tokio",
];

/// Makes the folder NAME.
pub(super) fn begin(args: &NewArgs) -> Result<u8, CliError> {
    let name = &args.name;
    check(name)?;
    let squall = squall_path(args.squall_path.as_deref())?;
    let folder = Path::new(name);
    if folder.exists() {
        return Err(CliError::Exists { path: folder.to_owned() });
    }
    for (path, text) in FILES {
        write_new(&folder.join(path), &filled(text, name, &squall))?;
    }
    anstream::println!(
        "{name}/ is written: a key-value store and its chaos tests.\n\
         Begin with:  cd {name} && cargo test\n\
         Then:        cargo chaos run crashes --bug lost-update"
    );
    Ok(0)
}

fn check(name: &str) -> Result<(), CliError> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let problem = match name {
        _ if !name.starts_with(|c: char| c.is_ascii_lowercase()) => "it must begin with a small letter",
        _ if !name.chars().all(is_plain) => "small letters, digits and hyphens only",
        _ if TAKEN.contains(&name) => "it is taken, by Rust or by what the crate depends on",
        _ => return Ok(()),
    };
    Err(CliError::Usage(format!("`{name}` is no name for a new crate: {problem}")))
}

/// The root of Squall's source.
fn squall_path(given: Option<&Path>) -> Result<PathBuf, CliError> {
    let built_from = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    let path = given.or(built_from).unwrap_or(Path::new("."));
    let is_source = ["squall", "squall-io", "squall-cli"]
        .iter()
        .all(|name| path.join("crates").join(name).join("Cargo.toml").is_file());
    match path.canonicalize() {
        Ok(path) if is_source => Ok(path),
        _ => Err(CliError::Usage(format!(
            "Squall's source is not at {}: say where it is with --squall-path DIR (the folder with `crates/squall`)",
            path.display()
        ))),
    }
}

fn filled(text: &str, name: &str, squall: &Path) -> String {
    // A path within the quotes of a TOML string.
    let squall = squall.display().to_string().replace('\\', "\\\\").replace('"', "\\\"");
    let type_name: String = name.split('-').map(capitalised).collect();
    text.replace("my-kv", name)
        .replace("my_kv", &name.replace('-', "_"))
        .replace("MyKv", &type_name)
        .replace("\"SQUALL/", &format!("\"{squall}/"))
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}
