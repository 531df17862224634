//! Where a run cannot be written: exit code 74, nothing that was there is touched, and a folder that
//! is cut short never says that it is complete.

use std::fs;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::project::{CALLED, PROGRAM, Project, Ran, TWICE, ran};

fn project() -> Project {
    let project = Project::new();
    project.scenario("quiet", "system: hostile\nduration: 1s\nseeds: 2");
    project
}

#[test]
fn a_folder_that_cannot_be_made() {
    let project = project();
    project.write("file", "precious");
    project
        .squall(&["run", "--output", "/proc/squall-run"])
        .expect(74)
        .warns("cannot create `/proc/squall-run`");
    project.squall(&["run", "--output", "file"]).expect(74).warns("cannot create `file`");
    project.squall(&["run", "--output", "file/below"]).expect(74).warns("cannot create `file/below`");
    project.write("reports", "precious");
    project.squall(&["run"]).expect(74).warns("cannot create `reports/");
    assert_eq!((project.read("file"), project.read("reports")), ("precious".into(), "precious".into()));
}

#[test]
fn a_folder_that_holds_something() {
    let project = project();
    project.squall(&["run", "--output", "mine"]).expect(0);
    let before: Vec<(String, String)> = files(&project);
    assert!(before.iter().any(|(name, _)| name == "results.ndjson"), "{before:?}");
    project.squall(&["run", "--output", "mine"]).expect(74).warns("a run never overwrites another");
    assert_eq!(files(&project), before);
    assert!(!project.path("reports").exists(), "a folder of one's own is in place of `reports/`");
}

fn files(project: &Project) -> Vec<(String, String)> {
    let entries = fs::read_dir(project.path("mine")).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.map(|path| (name(&path), project.read(path))).collect();
    files.sort();
    files
}

fn name(path: &std::path::Path) -> String {
    path.file_name().unwrap().display().to_string()
}

#[test]
fn other_files_that_cannot_be_written() {
    let project = Project::new();
    project.scenario("twice", TWICE);
    let ran =
        project.squall(&["shrink", "twice", "--seed", "0", "--runs", "1", "--output", "no/such/place.yaml"]);
    ran.expect(74).warns("cannot write no/such/place.yaml");
}

/// A campaign whose failures need a few megabytes.
fn large() -> Project {
    let project = Project::new();
    project.scenario("twice", TWICE);
    fs::create_dir(project.path("disk")).unwrap();
    project
}

const INTO_DISK: &str = "run twice --no-fail-fast --output disk/run";

/// Runs a shell script in the project, with the command as `$squall`.
fn shell(project: &Project, wrapper: &[&str], script: &str) -> Ran {
    let [program, args @ ..] = wrapper else { panic!("a program to run") };
    let mut command = Command::new(program);
    command.args(args).args(["sh", "-c", script]).current_dir(project.path("")).stdin(Stdio::null());
    ran(command.env("squall", PROGRAM).env("SQUALL_PROGRAM", CALLED).output())
}

/// How to have mounts of one's own: as root, or as root of a user namespace.
fn mounting() -> Option<&'static [&'static str]> {
    const WAYS: [&[&str]; 2] = [&["unshare", "-m"], &["unshare", "-r", "-m"]];
    let works = |way: &&&[&str]| {
        let project = large();
        let tried = Command::new(way[0])
            .args(&way[1..])
            .args(["mount", "-t", "tmpfs", "none"])
            .arg(project.path("disk"))
            .output();
        tried.is_ok_and(|output| output.status.success())
    };
    WAYS.iter().find(works).copied()
}

/// The run ends with 74 and says why; whatever `run.json` there is does not say that it is complete.
fn check_cut_short(project: &Project, ran: Ran, why: &str) {
    let ran = ran.expect(74);
    assert!(ran.err.contains(why), "no `{why}` in:\n{}", ran.err);
    if project.path("kept.json").exists() {
        let info: Value = serde_json::from_str(&project.read("kept.json")).expect("whole, or not there");
        assert_eq!(info["status"], "running");
    }
}

#[test]
fn a_full_disk() {
    let Some(way) = mounting() else {
        // The limit on the size of a file, below, then has to do for both.
        return a_file_that_may_not_grow();
    };
    for size in ["4k", "64k", "512k"] {
        let project = large();
        let script = format!(
            "mount -t tmpfs -o size={size} none disk || exit 99
             \"$squall\" {INTO_DISK}; code=$?
             cp disk/run/run.json kept.json 2>/dev/null
             exit $code"
        );
        check_cut_short(&project, shell(&project, way, &script), "free some space");
    }
}

#[test]
fn a_file_that_may_not_grow() {
    let project = large();
    // With the signal ignored, a write beyond the limit is an error like any other.
    let script = format!(
        "trap '' XFSZ
         ulimit -f 40
         \"$squall\" {INTO_DISK}; code=$?
         cp disk/run/run.json kept.json
         exit $code"
    );
    check_cut_short(&project, shell(&project, &["env"], &script), "cannot write `disk/run/failures/");
    assert!(project.path("kept.json").exists());
}
