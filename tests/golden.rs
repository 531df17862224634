//! Committed digests of a few shipped scenarios: no change alters what a seed does unnoticed.
//!
//! They are the same in every build profile. What a digest covers is told in `squall-sim`.

mod library;

use library::{root, run, shipped_named};
use squall::history::SIM_FORMAT;
use squall::scenario::Overrides;
use squall::{Recording, Seed};

/// Few and different: streams and files, loss of power, a random mix of faults.
const PAIRS: [(&str, u64); 6] = [
    ("kill-leader", 0x1f3a),
    ("batch-swarm", 0xa1b2),
    ("kv-calm", 0x1),
    ("kv-kill-primary", 0x1f3a),
    ("kv-power-loss", 0x2),
    ("kv-swarm", 0xa1b2),
];

const FILE: &str = "tests/golden/digests.txt";

const HEAD: &str = "\
# Golden digests: what these seeds of shipped scenarios come to.
# They change only on purpose: a change that alters runs raises SIM_FORMAT (squall-history), says so in
# CHANGELOG.md, and rewrites this file as the failing test `golden` says. A changed scenario file, or a
# change of the system under test, rewrites it without a new SIM_FORMAT.
";

/// The file as it should be.
fn current() -> String {
    let lines = PAIRS.iter().map(|&(name, seed)| {
        let plan = shipped_named(name).plan(Seed(seed), &Overrides::default());
        let result = run(&plan, Recording::Summary).result;
        let digest = result.digest.expect("a run in this process has a digest");
        format!("{name} {} {digest} after {} events\n", Seed(seed), result.events)
    });
    format!("{HEAD}sim-format {SIM_FORMAT}\n{}", lines.collect::<String>())
}

#[test]
fn seeds_come_to_their_golden_digests() {
    // Read when the test runs, so that the file can be rewritten without building again.
    let golden = std::fs::read_to_string(root().join(FILE)).unwrap_or_default();
    let current = current();
    assert!(
        golden == current,
        "runs have changed: {FILE} should be as below. If that is meant, raise SIM_FORMAT, tell \
         CHANGELOG.md, and rewrite it:\n  cargo test -p squall-tests --test golden | \
         sed -n '/^# Golden/,/^kv-swarm/p' > digests.new && mv digests.new {FILE}\n\n{current}\nIt is now:\n{}",
        golden.lines().map(|line| format!("  {line}\n")).collect::<String>()
    );
}
