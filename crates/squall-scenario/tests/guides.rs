//! Every scenario that the guides show is one: blocks of YAML, whole or in part.

use squall_history::condition::CONDITIONS;
use squall_scenario::{Catalogue, OracleEntry, RoleEntry, Source, SystemEntry, parse};

const GUIDES: [(&str, &str); 2] = [
    ("write-a-scenario.md", include_str!("../../../docs/write-a-scenario.md")),
    ("invariants.md", include_str!("../../../docs/your-system/invariants.md")),
];

/// The system of the guides.
fn catalogue() -> Catalogue {
    let role = |name: &str, default_count, client| RoleEntry { name: name.to_owned(), default_count, client };
    let own = ["lease/granted", "lease/released"];
    let system = SystemEntry {
        oracles: vec![OracleEntry { name: "one-holder".to_owned(), id: None }],
        conditions: CONDITIONS.iter().map(|(name, _)| *name).chain(own).map(str::to_owned).collect(),
        ..SystemEntry::new(vec![role("server", 1, false), role("client", 3, true)])
    };
    Catalogue { systems: [("my-kv".to_owned(), system)].into() }
}

#[test]
fn their_scenarios_are_valid() {
    let mut seen = 0;
    for (page, text) in GUIDES {
        let blocks = text.split("```yaml\n").skip(1);
        for block in blocks.map(|rest| rest.split("```").next().expect("a split has a first part")) {
            let head = "version: 1\nname: part\nsystem: my-kv\nduration: 20s\n";
            let whole =
                if block.contains("version: 1") { block.to_owned() } else { format!("{head}{block}") };
            if let Err(problems) = parse(&Source::new(page, &whole), &catalogue()) {
                panic!("{problems}");
            }
            seen += 1;
        }
    }
    assert!(seen >= 6, "only {seen} blocks were seen");
}
