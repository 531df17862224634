//! The run folder on a real disk: what is there at each moment, and what is said when it refuses.

use std::fs;
use std::path::Path;

use squall_history::Seed;
use squall_report::{End, Ending, FailureFile, Inflight, ReportError, RunFolder, RunInfo, RunStatus, Timing};

use crate::fixture;

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn status(folder: &Path) -> RunStatus {
    let info: RunInfo = serde_json::from_slice(&fs::read(folder.join("run.json")).unwrap()).unwrap();
    info.status
}

fn complete() -> End {
    End { ending: Ending::Complete, done: 0, exit_code: 0 }
}

fn timing(seed: u64) -> Timing {
    Timing { v: 1, scenario: "kill-leader".to_owned(), seed: Seed(seed), wall_ms: 84, worker: 0 }
}

#[test]
fn a_run_from_its_start_to_its_end() {
    let reports = tempfile::tempdir().unwrap();
    let mut folder = RunFolder::create(reports.path(), fixture::run_info()).unwrap();
    let path = folder.path().to_owned();
    assert_eq!(path, reports.path().join("20261120-0912-a1b2"));
    assert_eq!((names(&path), status(&path)), (vec!["run.json".to_owned()], RunStatus::Running));

    let now = [Inflight { scenario: "kill-leader".to_owned(), seed: Seed(0x1f3a) }];
    folder.inflight(&now).unwrap();
    let note = fs::read_to_string(path.join("inflight.json")).unwrap();
    assert_eq!(note, "{\"v\":1,\"inflight\":[{\"scenario\":\"kill-leader\",\"seed\":\"0x1f3a\"}]}\n");

    let results = fixture::results();
    for (place, result) in results.iter().enumerate() {
        folder.result(result).unwrap();
        folder.timing(&timing(result.seed.0)).unwrap();
        // Flushed with every line: a reader sees it while the run goes on.
        let written = fs::read_to_string(path.join("results.ndjson")).unwrap();
        assert_eq!(written.lines().count(), place + 1);
    }
    assert!(!reports.path().join("latest").exists(), "`latest` moved before the end");

    assert_eq!(folder.finish(complete(), "# summary\n", "<testsuites/>").unwrap(), path);
    let expected = ["junit.xml", "results.ndjson", "run.json", "summary.md", "timings.ndjson"];
    assert_eq!(names(&path), expected);
    assert_eq!(status(&path), RunStatus::Complete);
    assert_eq!(fs::read_to_string(path.join("summary.md")).unwrap(), "# summary\n");
    assert_eq!(fs::read_link(reports.path().join("latest")).unwrap(), Path::new("20261120-0912-a1b2"));
    let read = fs::read(path.join("results.ndjson")).unwrap();
    assert_eq!(squall_report::read_results(read.as_slice()).unwrap(), results);
}

#[test]
fn an_interrupted_run_says_so_and_has_all_files() {
    let reports = tempfile::tempdir().unwrap();
    let folder = RunFolder::create(reports.path(), fixture::run_info()).unwrap();
    let path = folder.finish(End { ending: Ending::Interrupted, done: 7, exit_code: 3 }, "", "").unwrap();
    assert_eq!(status(&path), RunStatus::Interrupted);
    assert_eq!(names(&path), ["junit.xml", "results.ndjson", "run.json", "summary.md", "timings.ndjson"]);
}

/// A run of two results that died in its third.
fn died(reports: &Path) -> std::path::PathBuf {
    let mut folder = RunFolder::create(reports, fixture::run_info()).unwrap();
    for result in &fixture::results()[..2] {
        folder.timing(&timing(result.seed.0)).unwrap();
        folder.result(result).unwrap();
    }
    folder.failure("kill-leader", Seed(1), FailureFile::Plan, b"plan").unwrap();
    folder.path().to_owned()
}

#[test]
fn a_run_that_died_is_gone_on_with_behind_its_last_whole_line() {
    let reports = tempfile::tempdir().unwrap();
    let path = died(reports.path());
    let results = path.join("results.ndjson");
    let whole = fs::read(&results).unwrap();
    fs::write(&results, [&whole[..], b"{\"v\":1,\"scen"].concat()).unwrap();
    fs::write(path.join(".summary.md.tmp"), "half").unwrap();
    fs::write(path.join("failures/kill-leader/0x1/.log.txt.tmp"), "half").unwrap();
    let before = names(&path);
    let mut folder = RunFolder::reopen(&path, Some(reports.path())).unwrap();
    let mut stored = folder.stored_results().unwrap();
    let mut read = Vec::new();
    while let Some(result) = stored.read().unwrap() {
        read.push(result);
    }
    assert_eq!((read.as_slice(), stored.behind().unwrap()), (&fixture::results()[..2], 12));
    assert_eq!(names(&path), before, "reading changed something");
    assert_eq!(folder.failure_verdict("kill-leader", Seed(1)).unwrap(), None);
    folder.rewind(stored.bytes(), 0).unwrap();
    assert_eq!(fs::read(&results).unwrap(), whole);
    assert_eq!(fs::read(path.join("timings.ndjson")).unwrap(), b"");
    assert!(names(&path).iter().all(|name| !name.starts_with('.')), "{:?}", names(&path));
    assert_eq!(names(&path.join("failures/kill-leader/0x1")), ["plan.yaml"]);
    folder.result(&fixture::results()[2]).unwrap();
    let end = End { ending: Ending::Complete, done: 3, exit_code: 100 };
    folder.finish(end, "", "").unwrap();
    let read = fs::read(&results).unwrap();
    assert_eq!(squall_report::read_results(read.as_slice()).unwrap(), fixture::results()[..3]);
    let info = RunFolder::reopen(&path, None).unwrap().info().clone();
    assert_eq!((info.status, info.done, info.exit_code), (RunStatus::Complete, Some(3), Some(100)));
    assert!(reports.path().join("latest").exists());
}

#[test]
fn a_file_cut_at_any_byte_has_its_whole_lines() {
    let reports = tempfile::tempdir().unwrap();
    let path = died(reports.path());
    let results = path.join("results.ndjson");
    let whole = fs::read(&results).unwrap();
    let folder = RunFolder::reopen(&path, None).unwrap();
    for cut in 0..=whole.len() {
        fs::write(&results, &whole[..cut]).unwrap();
        let mut stored = folder.stored_results().unwrap();
        while stored.read().unwrap().is_some() {}
        let ends: Vec<usize> = (0..cut).filter(|at| whole[*at] == b'\n').map(|at| at + 1).collect();
        let bytes = ends.last().copied().unwrap_or(0) as u64;
        assert_eq!((stored.lines(), stored.bytes()), (ends.len(), bytes), "cut at {cut}");
        assert_eq!(stored.behind().unwrap(), cut as u64 - bytes);
    }
}

#[test]
fn a_sound_line_of_another_version_is_no_damage() {
    let reports = tempfile::tempdir().unwrap();
    let path = died(reports.path());
    fs::write(path.join("results.ndjson"), "{\"v\":9}\n").unwrap();
    let folder = RunFolder::reopen(&path, None).unwrap();
    let error = folder.stored_results().unwrap().read().unwrap_err();
    assert!(matches!(error, ReportError::Format { line: 1, found: 9, .. }), "{error}");
}

#[cfg(unix)]
#[test]
fn one_process_writes_a_folder() {
    let reports = tempfile::tempdir().unwrap();
    let folder = RunFolder::create(reports.path(), fixture::run_info()).unwrap();
    let error = RunFolder::reopen(folder.path(), None).unwrap_err();
    assert!(matches!(&error, ReportError::InUse { path } if path == folder.path()), "{error}");
    let path = folder.path().to_owned();
    drop(folder);
    RunFolder::reopen(&path, None).unwrap();
}

#[test]
fn failures_lie_by_scenario_and_seed() {
    let reports = tempfile::tempdir().unwrap();
    let mut folder = RunFolder::create(reports.path(), fixture::run_info()).unwrap();
    let files = [
        FailureFile::Plan,
        FailureFile::Bound,
        FailureFile::Shrunk,
        FailureFile::History,
        FailureFile::Journal,
        FailureFile::Verdict,
        FailureFile::Log,
    ];
    for file in files {
        let path = folder.failure("kill-leader", Seed(0x1f3a), file, file.name().as_bytes()).unwrap();
        assert_eq!(fs::read_to_string(path).unwrap(), file.name());
    }
    let inside = folder.failure_path("kill-leader", Seed(0x1f3a)).unwrap();
    assert_eq!(inside, folder.path().join("failures/kill-leader/0x1f3a"));
    let expected = [
        "bound.yaml",
        "history.ndjson",
        "journal.ndjson",
        "log.txt",
        "plan.yaml",
        "shrunk.yaml",
        "verdict.json",
    ];
    assert_eq!(names(&inside), expected);
    folder.finish(complete(), "", "").unwrap();
    assert_eq!(names(&inside), expected);
}

#[test]
fn latest_moves_from_run_to_run() {
    let reports = tempfile::tempdir().unwrap();
    for run_id in ["first", "second"] {
        let info = RunInfo { run_id: run_id.to_owned(), ..fixture::run_info() };
        RunFolder::create(reports.path(), info).unwrap().finish(complete(), run_id, "").unwrap();
        assert_eq!(fs::read_to_string(reports.path().join("latest/summary.md")).unwrap(), run_id);
    }
    assert_eq!(names(reports.path()), ["first", "latest", "second"]);
}

#[test]
fn a_folder_of_the_users_choice_moves_no_latest() {
    let here = tempfile::tempdir().unwrap();
    let path = here.path().join("a/b");
    RunFolder::at(&path, fixture::run_info()).unwrap().finish(complete(), "", "").unwrap();
    assert_eq!(names(here.path()), ["a"]);
    assert_eq!(names(&here.path().join("a")), ["b"]);
}

#[test]
fn a_run_never_overwrites_another() {
    let reports = tempfile::tempdir().unwrap();
    let first = RunFolder::create(reports.path(), fixture::run_info()).unwrap();
    fs::write(first.path().join("summary.md"), "precious").unwrap();
    let error = RunFolder::create(reports.path(), fixture::run_info()).unwrap_err();
    assert!(matches!(&error, ReportError::Occupied { path } if path == first.path()), "{error}");
    assert_eq!(fs::read_to_string(first.path().join("summary.md")).unwrap(), "precious");
    // An empty folder is nobody's, and so is one whose run died before it had begun.
    fs::create_dir(reports.path().join("empty")).unwrap();
    fs::write(reports.path().join("empty/.run.json.tmp"), "{").unwrap();
    RunFolder::at(&reports.path().join("empty"), fixture::run_info()).unwrap();
}

#[test]
fn names_cannot_leave_the_folder() {
    let reports = tempfile::tempdir().unwrap();
    for bad in ["", "..", ".hidden", "a/b", "/etc", "latest"] {
        let info = RunInfo { run_id: bad.to_owned(), ..fixture::run_info() };
        let error = RunFolder::create(reports.path(), info).unwrap_err();
        assert!(matches!(&error, ReportError::Name { name } if name == bad), "{bad}: {error}");
    }
    let mut folder = RunFolder::create(reports.path(), fixture::run_info()).unwrap();
    let error = folder.failure("../../x", Seed(1), FailureFile::Log, b"").unwrap_err();
    assert!(matches!(error, ReportError::Name { .. }), "{error}");
}

/// The error names the path and what to do about it.
#[track_caller]
fn check_message(error: &ReportError, path: &str, advice: &str) {
    let text = error.to_string();
    assert!(matches!(error, ReportError::Io { .. }), "{text}");
    assert!(text.contains(path) && text.contains(advice), "{text}");
}

#[test]
fn a_file_in_the_way_is_named() {
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("reports"), "").unwrap();
    let error = RunFolder::create(&here.path().join("reports"), fixture::run_info()).unwrap_err();
    check_message(&error, "reports/20261120-0912-a1b2", "something else stands in its place");

    fs::create_dir_all(here.path().join("r2/latest/full")).unwrap();
    let folder = RunFolder::create(&here.path().join("r2"), fixture::run_info()).unwrap();
    let path = folder.path().to_owned();
    let error = folder.finish(complete(), "", "").unwrap_err();
    check_message(&error, "r2/latest", "remove it");
    assert_eq!(status(&path), RunStatus::Complete, "the run itself is whole");
    assert_eq!(names(&here.path().join("r2")), ["20261120-0912-a1b2", "latest"]);
}

/// Nobody may create a folder in `/sys`, not even root.
#[cfg(target_os = "linux")]
#[test]
fn an_unwritable_folder_is_named() {
    let error = RunFolder::create(Path::new("/sys/squall-reports"), fixture::run_info()).unwrap_err();
    check_message(&error, "/sys/squall-reports", "choose another");
}

/// `/dev/full` refuses every byte as a full disk does. Links to it stand where the run's files will.
#[cfg(target_os = "linux")]
mod full_disk {
    use super::*;
    use std::os::unix::fs::symlink;

    fn folder_with_full(reports: &Path, name: &str) -> RunFolder {
        let folder = RunFolder::create(reports, fixture::run_info()).unwrap();
        symlink("/dev/full", folder.path().join(name)).unwrap();
        folder
    }

    #[test]
    fn of_records() {
        let reports = tempfile::tempdir().unwrap();
        let mut folder = folder_with_full(reports.path(), "results.ndjson");
        let error = folder.result(&fixture::results()[0]).unwrap_err();
        check_message(&error, "results.ndjson", "free some space");

        let reports = tempfile::tempdir().unwrap();
        let mut folder = folder_with_full(reports.path(), "timings.ndjson");
        check_message(&folder.timing(&timing(1)).unwrap_err(), "timings.ndjson", "free some space");
    }

    #[test]
    fn of_the_note_of_what_runs() {
        let reports = tempfile::tempdir().unwrap();
        let folder = folder_with_full(reports.path(), ".inflight.json.tmp");
        check_message(&folder.inflight(&[]).unwrap_err(), "inflight.json", "free some space");
    }

    #[test]
    fn at_the_end_leaves_the_run_unfinished() {
        for name in ["summary.md", "junit.xml", "run.json"] {
            let reports = tempfile::tempdir().unwrap();
            let folder = folder_with_full(reports.path(), &format!(".{name}.tmp"));
            let path = folder.path().to_owned();
            let error = folder.finish(complete(), "text", "text").unwrap_err();
            check_message(&error, name, "free some space");
            assert_eq!(status(&path), RunStatus::Running, "{name} is missing, yet the run counts as whole");
            assert!(!reports.path().join("latest").exists(), "`latest` points to half a run");
            assert!(names(&path).iter().all(|name| !name.starts_with('.')), "{:?}", names(&path));
        }
    }

    #[test]
    fn of_a_failing_seed() {
        let reports = tempfile::tempdir().unwrap();
        let mut folder = RunFolder::create(reports.path(), fixture::run_info()).unwrap();
        let inside = folder.failure_path("kill-leader", Seed(1)).unwrap();
        fs::create_dir_all(&inside).unwrap();
        symlink("/dev/full", inside.join(".log.txt.tmp")).unwrap();
        let error = folder.failure("kill-leader", Seed(1), FailureFile::Log, b"text").unwrap_err();
        check_message(&error, "0x1/log.txt", "free some space");
        assert!(!inside.join("log.txt").exists(), "half a file has a name");
    }
}
