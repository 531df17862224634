//! Campaigns in pieces, seen from outside: what is common to the tests that stop, kill, go on and merge.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::project::{Project, Ran, ran};

/// How long a process may take to get somewhere: so long that only one that hangs does not.
const PATIENCE: Duration = Duration::from_secs(300);

/// Quick seeds, of which one in four panics. So many that whoever waits for some of them on a machine with
/// much else to do is not too late.
pub(crate) const PANICS: &str = "\
system: { name: hostile, config: { deed: panic } }
duration: 2s
seeds: { from: 0, count: 300 }";

/// Quick seeds that pass.
pub(crate) const WELL: &str = "\
system: { name: hostile, config: { deed: nothing } }
duration: 2s
seeds: { from: 0, count: 120 }";

impl Project {
    /// Starts the command and leaves it to itself.
    pub(crate) fn start(&self, args: &[&str]) -> Child {
        let mut command = self.command(args);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Lines of a folder's results by now.
    pub(crate) fn lines(&self, folder: &str) -> usize {
        let bytes = fs::read(self.path(folder).join("results.ndjson")).unwrap_or_default();
        bytes.iter().filter(|byte| **byte == b'\n').count()
    }

    /// Waits until a folder has this many results. `false` if the process ended before.
    pub(crate) fn wait_for_lines(&self, process: &mut Child, folder: &str, lines: usize) -> bool {
        let began = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
        while self.lines(folder) < lines {
            if process.try_wait().unwrap().is_some() {
                return false;
            }
            let waited = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap() - began;
            assert!(waited < PATIENCE, "{folder} does not get {lines} results");
            std::thread::yield_now();
        }
        true
    }

    /// Runs the command until the folder has this many results, and kills it.
    pub(crate) fn killed_at(&self, args: &[&str], folder: &str, lines: usize) {
        let mut process = self.start(args);
        let alive = self.wait_for_lines(&mut process, folder, lines);
        process.kill().unwrap();
        let left = ran(process.wait_with_output());
        assert!(alive, "it ended before it had {lines} results:\n{}\n{}", left.out, left.err);
        assert_eq!(left.code, -1, "it was not killed:\n{}\n{}", left.out, left.err);
    }

    /// Runs the command until the folder has this many results, and sends it a signal.
    pub(crate) fn signalled_at(&self, args: &[&str], folder: &str, lines: usize, signal: &str) -> Ran {
        let mut process = self.start(args);
        assert!(self.wait_for_lines(&mut process, folder, lines), "it ended before it had {lines} results");
        send(signal, process.id());
        ran(process.wait_with_output())
    }

    /// `run.json` of a folder.
    pub(crate) fn info(&self, folder: &str) -> Value {
        serde_json::from_str(&self.read(Path::new(folder).join("run.json"))).unwrap()
    }

    /// All that a folder holds of a campaign and wall time does not change, by name.
    pub(crate) fn essence(&self, folder: &str) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        collect(&self.path(folder), &self.path(folder), &mut files);
        files.remove("timings.ndjson").expect("there are timings");
        files.remove("run.json").expect("there is a run.json");
        let id = self.info(folder)["run_id"].as_str().unwrap().to_owned();
        for (name, text) in &mut files {
            *text = text.replace(&format!("{folder}/"), "FOLDER/").replace(&id, "ID");
            match name.as_str() {
                "summary.md" => *text = without_walls(text),
                "junit.xml" => *text = without(&without(text, "time"), "timestamp"),
                _ => {}
            }
        }
        files
    }

    /// Insists that two folders hold the same campaign.
    #[track_caller]
    pub(crate) fn same_campaign(&self, one: &str, two: &str) {
        let (one, two) = (self.essence(one), self.essence(two));
        assert_eq!(one.keys().collect::<Vec<_>>(), two.keys().collect::<Vec<_>>());
        for (name, text) in &one {
            assert!(*text == two[name], "{name} differs:\n{text}\n--- and ---\n{}", two[name]);
        }
    }
}

pub(crate) fn send(signal: &str, pid: u32) {
    let sent = std::process::Command::new("kill").args([signal, &pid.to_string()]).status().unwrap();
    assert!(sent.success());
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            let name = path.strip_prefix(root).unwrap().display().to_string();
            files.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
}

/// The third line of a summary tells how long the campaign took, and how fast it was.
fn without_walls(summary: &str) -> String {
    let cut = |line: &str| match line.split_once(" simulated") {
        Some((tally, _)) if line.contains(" passed, ") => {
            let tally = tally.rsplit_once(" (").unwrap().0;
            tally.split_once(" in ").map_or(tally, |(tally, _)| tally).to_owned()
        }
        _ => line.to_owned(),
    };
    summary.lines().map(cut).collect::<Vec<_>>().join("\n")
}

/// XML without an attribute.
fn without(xml: &str, attribute: &str) -> String {
    let start = format!(" {attribute}=\"");
    let mut parts = xml.split(start.as_str());
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |text, part| text + part.split_once('"').unwrap().1)
}
