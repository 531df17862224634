//! A crate to begin with: a small key-value store, its production binary and its chaos tests.
//!
//! The template is a crate named `my-kv`; what is written has the user's name in its place. It depends on
//! Squall by path, since Squall is in no registry. Nothing is ever overwritten.
//!
//! It stands apart from the command line so that a stranger's first command, `squall-new`, builds in seconds.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Its files: where each goes, and its text.
macro_rules! template {
    ($($path:literal from $file:literal),+ $(,)?) => {
        [$(($path, include_str!(concat!("../template/", $file)))),+]
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

/// Why no crate was written.
#[derive(Debug, thiserror::Error)]
pub enum StarterError {
    /// A crate cannot have that name.
    #[error("`{name}` is no name for a new crate: {why}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// There is no source of Squall to depend on.
    #[error(
        "Squall's source is not at {}: say where it is with --squall-path DIR (the folder with `crates/squall`)",
        path.display()
    )]
    Source {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// What was to be written is there.
    #[error("{} is there already: nothing was written", path.display())]
    Exists {
        /// What is there.
        path: PathBuf,
    },
    /// A file or a folder could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl StarterError {
    /// What a program ends with: 2 for wrong usage, 74 if the environment failed.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Name { .. } | Self::Source { .. } | Self::Exists { .. } => 2,
            Self::Write { .. } => 74,
        }
    }
}

/// Makes the folder `name` in `parent`, with a crate of that name in it that depends on the Squall in the
/// folder `squall`; without one, on that which this was built from. What to do next, in words.
///
/// # Errors
/// If it cannot have the name, is there already, cannot be written, or if Squall's source is not there.
pub fn begin(parent: &Path, name: &str, squall: Option<&Path>) -> Result<String, StarterError> {
    check(name)?;
    let squall = squall_path(squall)?;
    let folder = parent.join(name);
    if folder.exists() {
        return Err(StarterError::Exists { path: folder });
    }
    for (path, text) in FILES {
        write_new(&folder.join(path), &filled(text, name, &squall))?;
    }
    Ok(format!(
        "{name}/ is written: a key-value store and its chaos tests.\n\
         Begin with:  cd {name} && cargo test\n\
         Then:        cargo chaos run crashes --bug lost-update"
    ))
}

/// Writes a file that is not there yet, with the folders above it.
///
/// # Errors
/// If it is there, or cannot be written.
pub fn write_new(path: &Path, text: &str) -> Result<(), StarterError> {
    let failed = |source: std::io::Error| match source.kind() {
        ErrorKind::AlreadyExists => StarterError::Exists { path: path.to_owned() },
        _ => StarterError::Write { path: path.to_owned(), source },
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|source| StarterError::Write { path: folder.to_owned(), source })?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}

fn check(name: &str) -> Result<(), StarterError> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let why = match name {
        _ if !name.starts_with(|c: char| c.is_ascii_lowercase()) => "it must begin with a small letter",
        _ if !name.chars().all(is_plain) => "small letters, digits and hyphens only",
        _ if TAKEN.contains(&name) => "it is taken, by Rust or by what the crate depends on",
        _ => return Ok(()),
    };
    Err(StarterError::Name { name: name.to_owned(), why })
}

/// The root of Squall's source.
fn squall_path(given: Option<&Path>) -> Result<PathBuf, StarterError> {
    let built_from = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    let path = given.or(built_from).unwrap_or(Path::new("."));
    let is_source = ["squall", "squall-io", "squall-cli"]
        .iter()
        .all(|name| path.join("crates").join(name).join("Cargo.toml").is_file());
    match path.canonicalize() {
        Ok(path) if is_source => Ok(path),
        _ => Err(StarterError::Source { path: path.to_owned() }),
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
