//! The edges between the crates of this project are those that ARCHITECTURE.md allows.
//!
//! The table there is the wish, `cargo metadata` is the fact; what crates outside the project
//! somebody uses is not judged here. Edges for tests alone (`dev-dependencies`) are free.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// The package of these tests, which may use everything and which nothing may use.
const TESTS: &str = "squall-tests";

type Edges = BTreeMap<String, BTreeSet<String>>;

/// The first section of the document with that heading, without what follows it.
fn section<'t>(document: &'t str, heading: &str) -> &'t str {
    let start = document.find(heading).unwrap_or_else(|| panic!("no heading `{heading}`"));
    let text = &document[start + heading.len()..];
    text.find("\n## ").map_or(text, |end| &text[..end])
}

/// Rows `| crate | … | may depend on |`: the first and the last column. A name may leave out its
/// `squall-`, and may have a remark in brackets behind it.
fn allowed(document: &str) -> Edges {
    let rows = section(document, "## Dependencies").lines().filter(|line| line.starts_with('|'));
    let rows: Vec<(Vec<String>, Vec<String>)> = rows
        .skip(2)
        .map(|row| {
            let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
            let [first, .., last] = cells[..] else { panic!("a row has two columns or more: {row}") };
            (names(first), names(last))
        })
        .collect();
    let known: BTreeSet<&str> = rows.iter().flat_map(|(first, _)| first).map(String::as_str).collect();
    let full = |name: &String| {
        let long = format!("squall-{name}");
        if known.contains(long.as_str()) { long } else { name.clone() }
    };
    let all = |(first, last): &(Vec<String>, Vec<String>)| {
        let links: BTreeSet<String> = last.iter().map(full).collect();
        first.iter().map(|name| (name.clone(), links.clone())).collect::<Vec<_>>()
    };
    rows.iter().flat_map(all).collect()
}

fn names(cell: &str) -> Vec<String> {
    let plain = cell.split(',').map(|part| part.split('(').next().unwrap_or_default());
    let plain = plain.map(|part| part.trim_matches(|letter: char| !letter.is_ascii_lowercase()));
    plain.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// Every package of the workspace but the examples, with those of its own kind that it links.
fn actual() -> Edges {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--no-deps", "--format-version", "1", "--offline"]).current_dir(here);
    let output = cargo.output().expect("cargo that built this test can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("metadata is JSON");
    let packages = metadata["packages"].as_array().expect("metadata lists packages");
    let name = |value: &Value| value["name"].as_str().expect("everything has a name").to_owned();
    let own: BTreeSet<String> = packages.iter().map(name).collect();
    // Examples are laid out as users' crates: they use what they like, and nothing may use them.
    let is_example = |package: &&Value| {
        let path = package["manifest_path"].as_str().expect("a package has a manifest");
        Path::new(path).parent().and_then(Path::parent).is_some_and(|folder| folder.ends_with("examples"))
    };
    let edges = packages.iter().filter(|package| !is_example(package)).map(|package| {
        let links = package["dependencies"].as_array().expect("a package lists its dependencies");
        // `kind` is null for what is linked, else "dev" or "build".
        let links = links.iter().filter(|link| link["kind"] != "dev").map(name);
        (name(package), links.filter(|link| own.contains(link)).collect())
    });
    edges.collect()
}

/// Everything that `start` links, itself included.
fn reachable(edges: &Edges, start: &str) -> BTreeSet<String> {
    let (mut seen, mut next) = (BTreeSet::new(), vec![start.to_owned()]);
    while let Some(name) = next.pop() {
        next.extend(edges.get(&name).into_iter().flatten().cloned());
        seen.insert(name);
    }
    seen
}

/// Edges that the table does not allow, and crates that it does not know.
fn forbidden(allowed: &Edges, actual: &Edges) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, links) in actual.iter().filter(|(name, _)| *name != TESTS) {
        let Some(may) = allowed.get(name) else {
            wrong.push(format!("`{name}` has no row in the table"));
            continue;
        };
        wrong.extend(links.difference(may).map(|link| format!("`{name}` depends on `{link}`")));
    }
    wrong
}

#[test]
fn crates_depend_on_what_the_table_allows() {
    let allowed = allowed(include_str!("../ARCHITECTURE.md"));
    let actual = actual();
    assert!(actual.len() > 10, "cargo metadata saw only {actual:?}");
    let wrong = forbidden(&allowed, &actual);
    assert!(wrong.is_empty(), "not as ARCHITECTURE.md (Dependencies) says:\n{}", wrong.join("\n"));
    let gone: Vec<_> = allowed.keys().filter(|name| !actual.contains_key(*name)).collect();
    assert!(gone.is_empty(), "ARCHITECTURE.md has rows for crates that do not exist: {gone:?}");
}

/// A symbol like `getrandom` in any linked crate becomes the symbol of a user's production binary.
#[test]
fn the_seal_is_linked_by_the_command_alone() {
    let actual = actual();
    assert!(reachable(&actual, "squall-cli").contains("squall-seal"), "the walk finds nothing");
    for name in [
        "squall-history",
        "squall-sim",
        "squall-io",
        "squall-scenario",
        "squall-check",
        "squall",
        "squall-report",
    ] {
        let reached = reachable(&actual, name);
        assert!(!reached.contains("squall-seal"), "`{name}` reaches squall-seal: {reached:?}");
    }
}

#[test]
fn the_comparison_notices_edges_and_crates_too_many() {
    let table = "x\n## Dependencies\n\n| crate | is | may depend on |\n|---|---|---|\n\
                 | `a` | one | – |\n| `squall-b` | two | `a` (optional), c |\n| `c` | three | b |\n\n\
                 ## Next\n| `d` | `a` |\n";
    let edges = |list: &[(&str, &[&str])]| -> Edges {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        list.iter().map(|(name, links)| ((*name).to_owned(), owned(links))).collect()
    };
    let allowed = allowed(table);
    assert_eq!(allowed, edges(&[("a", &[]), ("squall-b", &["a", "c"]), ("c", &["squall-b"])]));
    assert!(forbidden(&allowed, &edges(&[("a", &[]), ("squall-b", &["a"])])).is_empty());
    let wrong = forbidden(&allowed, &edges(&[("a", &["b"]), ("d", &[])]));
    assert_eq!(wrong, ["`a` depends on `b`", "`d` has no row in the table"]);
    let chain = edges(&[("a", &["b"]), ("b", &["c"]), ("c", &[])]);
    assert_eq!(reachable(&chain, "a").len(), 3);
    assert_eq!(reachable(&chain, "c").len(), 1);
}
