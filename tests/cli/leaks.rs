//! Every known way in which a run could depend on more than its seed, and what comes of it: the answer
//! is made the same, or the run's outcome names the call and what to use instead, or a second run finds
//! it. The table is the one of `docs/determinism.md`.

use crate::project::{Project, root};

/// What comes of a leak.
enum Fate {
    /// The same seed gets the same answer, on any worker; without seal and fork it would not.
    Same,
    /// As `Same`, but constant on one machine, so that only another machine would show it.
    SameEverywhere,
    /// The outcome names it, and what to use instead.
    Named { outcome: &'static str, what: &'static str, instead: &'static str },
    /// Nobody sees it happen; a second run has another digest.
    Found,
}

struct Leak {
    /// As `leaky` calls it.
    name: &'static str,
    /// As the author of a system does.
    call: &'static str,
    fate: Fate,
}

const fn same(name: &'static str, call: &'static str) -> Leak {
    Leak { name, call, fate: Fate::Same }
}

/// Refused by the seal.
const fn refused(name: &'static str, call: &'static str, what: &'static str, instead: &'static str) -> Leak {
    Leak { name, call, fate: Fate::Named { outcome: "nondeterministic", what, instead } }
}

/// There is no runtime of tokio.
const fn panics(name: &'static str, call: &'static str, instead: &'static str) -> Leak {
    let what = "must be called from the context of a Tokio 1.x runtime";
    Leak { name, call, fate: Fate::Named { outcome: "panic", what, instead } }
}

const WAITS: &str = "a wait of the whole thread (std's Condvar, park, channels)";
const INSTEAD_OF_WAITS: &str = "tokio::sync and squall_io::task";

const LEAKS: [Leak; 28] = [
    same("hash-order", "order of a std `HashMap`"),
    same("tokio-select", "`tokio::select!`"),
    same("futures-select", "`futures::select!`"),
    same("system-time", "`SystemTime::now`"),
    same("instant", "`Instant::now`"),
    same("thread-rng", "`rand` 0.9 and later: `thread_rng`, `random`"),
    same("thread-rng08", "`rand` 0.8, `getrandom` 0.2"),
    same("static-counter", "a `static` that counts across runs"),
    Leak { name: "processors", call: "`available_parallelism`", fate: Fate::SameEverywhere },
    refused(
        "std-thread",
        "`std::thread::spawn`",
        "std::thread::spawn (`pthread_create`)",
        "squall_io::task::spawn",
    ),
    refused("thread-sleep", "`std::thread::sleep`", "std::thread::sleep", "squall_io::time::sleep"),
    refused("wait-timeout", "`Condvar::wait_timeout`, `recv_timeout`", WAITS, INSTEAD_OF_WAITS),
    Leak {
        name: "park",
        call: "`park`, `Condvar::wait`, `std::sync::mpsc::recv`",
        fate: Fate::Named { outcome: "stuck", what: WAITS, instead: INSTEAD_OF_WAITS },
    },
    panics("spawn-blocking", "`tokio::task::spawn_blocking`", "squall_io::task::spawn"),
    panics("tokio-spawn", "`tokio::spawn`", "squall_io::task::spawn"),
    panics("tokio-sleep", "`tokio::time::sleep`", "squall_io::time"),
    refused(
        "tokio-runtime",
        "a tokio runtime of its own",
        "a runtime of its own (`epoll_create1`)",
        "squall_io",
    ),
    refused("command", "`std::process::Command`", "std::process::Command", "a role of the system"),
    refused("file", "`std::fs`, a file", "a real file `Cargo.toml` (`open64`)", "squall_io::fs"),
    refused(
        "file-metadata",
        "`Path::exists`, `fs::metadata`",
        "a real file `Cargo.toml` (`statx`)",
        "squall_io::fs",
    ),
    refused("directory", "`fs::read_dir`", "a real file `.` (`opendir`)", "squall_io::fs"),
    refused("urandom", "`/dev/urandom`", "entropy of the machine (`/dev/urandom`)", "squall_io::rand"),
    refused("tcp-listener", "`std::net::TcpListener`", "a real socket (`socket`)", "squall_io::net"),
    refused("tcp-stream", "`std::net::TcpStream`", "a real socket (`socket`)", "squall_io::net"),
    refused("udp-socket", "`std::net::UdpSocket`", "a real socket (`socket`)", "squall_io::net"),
    refused(
        "lookup",
        "`ToSocketAddrs` of a name",
        "a real name lookup of `localhost`",
        "squall_io::net::lookup_host",
    ),
    Leak { name: "process-id", call: "`std::process::id`", fate: Fate::Found },
    Leak { name: "address", call: "addresses of memory as numbers or keys", fate: Fate::Found },
];

impl Leak {
    fn project(&self) -> Project {
        let project = Project::new();
        let name = self.name;
        project
            .scenario(name, &format!("system: {{ name: leaky, config: {{ leak: {name} }} }}\nduration: 1s"));
        project
    }

    fn check(&self) {
        match self.fate {
            Fate::Same | Fate::SameEverywhere => self.check_same(),
            Fate::Named { outcome, what, instead } => self.check_named(outcome, what, instead),
            Fate::Found => self.check_found(),
        }
    }

    fn check_same(&self) {
        let project = self.project();
        let runs = ["1", "3"].map(|jobs| {
            project.squall(&["run", "--seeds", "0..24", "--check-determinism", "-j", jobs]).expect(0);
            project.read("reports/latest/results.ndjson")
        });
        assert!(runs[0] == runs[1], "{}: another number of workers, another answer", self.name);
        if matches!(self.fate, Fate::Same) {
            // It is a leak indeed: neither sealed nor forked, no second run has the same answer.
            let args = ["run", "--seeds", "0..3", "--check-determinism", "--in-process", "--no-fail-fast"];
            project.squall(&args).expect(102);
            let results = project.results();
            assert!(results.iter().all(|result| result["outcome"] == "nondeterministic"), "{results:#?}");
        }
    }

    fn check_named(&self, outcome: &str, what: &str, instead: &str) {
        let project = self.project();
        let code = if outcome == "nondeterministic" { 102 } else { 100 };
        let ran = project.squall(&["run", "--seeds", "0..1", "--no-fail-fast", "--no-shrink"]).expect(code);
        for result in project.results() {
            assert_eq!(result["outcome"], outcome, "{result:#}");
            let detail = result["detail"].as_str().expect("it has a detail");
            for words in [what, instead] {
                assert!(detail.contains(words), "{}: no `{words}` in: {detail}", self.name);
            }
        }
        let ran = ran.says(what).says(instead);
        // And again, with the same words: the refusal itself is no leak.
        let again = project.printed(ran.after("Reproduce with:")[0]).expect(code);
        again.says(what).says(instead).says("reproduced: ");
    }

    fn check_found(&self) {
        let project = self.project();
        let args = ["run", "--seeds", "0..4", "--check-determinism", "--no-fail-fast"];
        project.squall(&args).expect(102).says("the first run was pass with ");
        let results = project.results();
        assert!(results.iter().all(|result| result["outcome"] == "nondeterministic"), "{results:#?}");
    }

    /// Its row of the document.
    fn row(&self) -> String {
        let fate = match self.fate {
            Fate::Same | Fate::SameEverywhere => "made the same".to_owned(),
            Fate::Named { outcome, instead, .. } => format!("named (`{outcome}`): use {instead}"),
            Fate::Found => "found by a second run".to_owned(),
        };
        format!("| {} | {fate} |", self.call)
    }
}

fn check_all(of: fn(&Fate) -> bool) {
    let leaks = LEAKS.iter().filter(|leak| of(&leak.fate));
    let checked = leaks.map(Leak::check).count();
    assert!(checked >= 2, "the table has lost its rows");
}

#[test]
fn what_can_be_made_the_same_is_the_same() {
    check_all(|fate| matches!(fate, Fate::Same | Fate::SameEverywhere));
}

#[test]
fn what_no_seed_decides_is_named_with_its_replacement() {
    check_all(|fate| matches!(fate, Fate::Named { .. }));
}

#[test]
fn what_nobody_sees_is_found_by_a_second_run() {
    check_all(|fate| matches!(fate, Fate::Found));
}

#[test]
fn the_document_has_this_table() {
    let document = std::fs::read_to_string(root().join("docs/determinism.md")).expect("it is a document");
    let rows: Vec<String> = LEAKS.iter().map(Leak::row).collect();
    assert!(document.contains(&rows.join("\n")), "docs/determinism.md should hold:\n{}", rows.join("\n"));
}
