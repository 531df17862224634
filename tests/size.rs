//! Files stay small, say what they are, keep `unsafe` to the places that argue for it, and assert in every
//! build.
//!
//! What clippy and rustc check already (long functions, docs of public items) is not repeated.

use std::path::{Path, PathBuf};

/// A file aims at 300 lines, explains itself at 500 and is refused at this many.
const LINES_MAX: usize = 800;

/// In two parts, so that this file does not hold the word itself.
const KEYWORD: &str = concat!("un", "safe");

/// Where the keyword may stand: the seal around a run, and the packed wakers.
const MAY_USE_IT: [&str; 2] = ["crates/squall-seal/", "crates/squall-sim/src/waker.rs"];

/// A Rust file of the project, by its path from the root.
struct File {
    path: String,
    text: String,
}

fn files() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the project");
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of the project can be read") {
            let entry = entry.expect("a folder of the project can be read");
            let (path, name) = (entry.path(), entry.file_name());
            let hidden = name.to_string_lossy().starts_with('.') || name == "target";
            if entry.file_type().expect("an entry has a type").is_dir() {
                folders.extend((!hidden).then_some(path));
            } else if path.extension().is_some_and(|end| end == "rs") {
                found.push(read(root, &path));
            }
        }
    }
    found.sort_by(|left, right| left.path.cmp(&right.path));
    assert!(found.len() > 100, "the walk saw only {} files", found.len());
    found
}

fn read(root: &Path, path: &PathBuf) -> File {
    let text = std::fs::read_to_string(path).expect("Rust is UTF-8");
    let path = path.strip_prefix(root).expect("found below the root");
    File { path: path.to_string_lossy().into_owned(), text }
}

/// Whether code, not a comment or a longer word, holds the keyword.
fn uses_keyword(text: &str) -> bool {
    let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    let is_word = |part: char| part.is_alphanumeric() || part == '_';
    code.flat_map(|line| line.split(|part| !is_word(part))).any(|word| word == KEYWORD)
}

#[test]
fn no_file_is_too_long() {
    let lines = |file: &File| file.text.lines().count();
    let long: Vec<_> = files().iter().map(|file| (file.path.clone(), lines(file))).collect();
    let long: Vec<_> = long.iter().filter(|(_, lines)| *lines > LINES_MAX).collect();
    assert!(long.is_empty(), "longer than {LINES_MAX} lines: {long:?}");
}

#[test]
fn every_file_opens_with_what_it_is() {
    let silent: Vec<_> = files().into_iter().filter(|file| !file.text.starts_with("//! ")).collect();
    let silent: Vec<_> = silent.iter().map(|file| &file.path).collect();
    assert!(silent.is_empty(), "these do not begin with `//! ` and what they are: {silent:?}");
}

#[test]
fn the_keyword_stays_where_it_is_argued_for() {
    let users: Vec<_> = files().into_iter().filter(|file| uses_keyword(&file.text)).collect();
    let may = |path: &str| MAY_USE_IT.iter().any(|place| path.starts_with(place));
    let wrong: Vec<_> = users.iter().map(|file| &file.path).filter(|path| !may(path)).collect();
    assert!(wrong.is_empty(), "`{KEYWORD}` outside of {MAY_USE_IT:?}: {wrong:?}");
    for place in MAY_USE_IT {
        assert!(users.iter().any(|file| file.path.starts_with(place)), "{place} needs no exception any more");
    }
}

/// What sweeps run is built without `debug-assertions` (`profile.chaos`), which are the standard library's too.
#[test]
fn every_assertion_is_there_in_every_build() {
    let words = ["", "_eq", "_ne"].map(|kind| format!("debug_{}{kind}!", "assert"));
    let has_one = |file: &File| words.iter().any(|word| file.text.contains(word));
    let wrong: Vec<_> = files().into_iter().filter(has_one).map(|file| file.path).collect();
    assert!(wrong.is_empty(), "{words:?} are not in what sweeps run; `assert!` is: {wrong:?}");
}

#[test]
fn the_search_tells_code_from_talk() {
    for code in ["KW { x }", "    KW fn f()", "let x = KW{};", "a(KW { b })"] {
        assert!(uses_keyword(&code.replace("KW", KEYWORD)), "{code}");
    }
    for talk in ["// KW { x }", "x(); // KW", "KW_code = \"forbid\"", "fn not_KW()", "/// KW"] {
        assert!(!uses_keyword(&talk.replace("KW", KEYWORD)), "{talk}");
    }
}
