//! The run folder: `reports/<run-id>/`, the one place where reports touch the disk.
//!
//! `run.json` says `running` from the first moment. Every other file that a reader may take for
//! finished is written under a temporary name, synced and renamed; `run.json` says `complete` only
//! after all of them, and `reports/latest` moves last. A folder cut short by a crash or a full
//! disk is therefore always recognised. What the files say is decided elsewhere.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use squall_check::SeedResult;
use squall_history::Seed;

use crate::{ReportError, RunInfo, RunStatus, Timing, result_line, timing_line};

/// Version of `inflight.json`.
pub const INFLIGHT_FORMAT: u32 = 1;

/// Name of the symbolic link to the run that ended last.
const LATEST: &str = "latest";

/// A run folder that is being written.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    info: RunInfo,
    /// Where `latest` points into; a folder of the user's choice has none.
    reports: Option<PathBuf>,
    results: Option<Lines>,
    timings: Option<Lines>,
    /// Written without waiting for the disk; synced together before the run counts as ended.
    unsynced: BTreeSet<PathBuf>,
}

/// A seed in flight.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Inflight {
    /// Name of the scenario.
    pub scenario: String,
    /// The seed.
    pub seed: Seed,
}

/// What is kept of one failing seed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum FailureFile {
    /// `plan.yaml`: what the seed drew.
    Plan,
    /// `bound.yaml`: the faults as they were applied.
    Bound,
    /// `shrunk.yaml`: fewer faults, the same violation.
    Shrunk,
    /// `history.ndjson`.
    History,
    /// `journal.ndjson`: every message and its fate.
    Journal,
    /// `verdict.json`.
    Verdict,
    /// `log.txt`: what the system logged.
    Log,
    /// `difference.txt`: the first event in which two runs of the seed differed.
    Difference,
}

impl FailureFile {
    /// Its name within the failure's folder.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan.yaml",
            Self::Bound => "bound.yaml",
            Self::Shrunk => "shrunk.yaml",
            Self::History => "history.ndjson",
            Self::Journal => "journal.ndjson",
            Self::Verdict => "verdict.json",
            Self::Log => "log.txt",
            Self::Difference => "difference.txt",
        }
    }
}

/// How a run ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// All seeds ran.
    Complete,
    /// It was stopped before (a signal, a time budget).
    Interrupted,
}

impl RunFolder {
    /// Creates `reports/<run_id>` and notes there that the run goes on. `latest` will point to it
    /// once it is finished.
    ///
    /// # Errors
    /// If the run id is not a name, the folder holds something, or the disk refuses.
    pub fn create(reports: &Path, info: RunInfo) -> Result<Self, ReportError> {
        if info.run_id == LATEST {
            return Err(ReportError::Name { name: info.run_id });
        }
        let path = reports.join(file_name(&info.run_id)?);
        let mut folder = Self::at(&path, info)?;
        folder.reports = Some(reports.to_owned());
        Ok(folder)
    }

    /// The same in a folder of the user's choice; no `latest` is kept.
    ///
    /// # Errors
    /// If the folder holds something, or the disk refuses.
    pub fn at(path: &Path, mut info: RunInfo) -> Result<Self, ReportError> {
        fs::create_dir_all(path).map_err(ReportError::io("create", path))?;
        let mut entries = fs::read_dir(path).map_err(ReportError::io("read", path))?;
        if entries.next().is_some() {
            return Err(ReportError::Occupied { path: path.to_owned() });
        }
        info.status = RunStatus::Running;
        write_whole(path, "run.json", info.to_json().as_bytes())?;
        Ok(Self {
            path: path.to_owned(),
            info,
            reports: None,
            results: None,
            timings: None,
            unsynced: BTreeSet::new(),
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Notes which seeds run now, so that a crash of Squall itself names them. Replaces the note
    /// before; it is not synced, since it need not survive the machine.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn inflight(&self, now: &[Inflight]) -> Result<(), ReportError> {
        #[derive(Serialize)]
        struct Note<'a> {
            v: u32,
            inflight: &'a [Inflight],
        }
        let note = serde_json::to_string(&Note { v: INFLIGHT_FORMAT, inflight: now })
            .expect("plain strings and numbers");
        replace(&self.path, "inflight.json", format!("{note}\n").as_bytes(), Durable::Later)
    }

    /// Appends a line to `results.ndjson`. The caller keeps the order of seeds.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn result(&mut self, result: &SeedResult) -> Result<(), ReportError> {
        lines(&mut self.results, &self.path, "results.ndjson")?.append(&result_line(result))
    }

    /// Appends a line to `timings.ndjson`.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn timing(&mut self, timing: &Timing) -> Result<(), ReportError> {
        lines(&mut self.timings, &self.path, "timings.ndjson")?.append(&timing_line(timing))
    }

    /// The folder of a failing seed: `failures/<scenario>/<seed>`. It exists once a file is in it.
    ///
    /// # Errors
    /// If the scenario's name cannot be the name of a folder.
    pub fn failure_path(&self, scenario: &str, seed: Seed) -> Result<PathBuf, ReportError> {
        Ok(self.path.join("failures").join(file_name(scenario)?).join(seed.to_string()))
    }

    /// Writes one file of a failing seed and returns its path. It reaches the disk with
    /// [`finish`](Self::finish) at the latest: a sweep with many failures must not wait for each.
    ///
    /// # Errors
    /// If the scenario's name cannot be the name of a folder, or the disk refuses.
    pub fn failure(
        &mut self,
        scenario: &str,
        seed: Seed,
        file: FailureFile,
        bytes: &[u8],
    ) -> Result<PathBuf, ReportError> {
        let folder = self.failure_path(scenario, seed)?;
        fs::create_dir_all(&folder).map_err(ReportError::io("create", &folder))?;
        replace(&folder, file.name(), bytes, Durable::Later)?;
        let path = folder.join(file.name());
        // The file, and every folder between it and the run's own: their names are new as well.
        let new = path.ancestors().take_while(|above| *above != self.path);
        self.unsynced.extend(new.map(Path::to_owned));
        Ok(path)
    }

    /// Writes `summary.md` and `junit.xml`, takes the in-flight note away, marks the run as ended
    /// and lets `latest` point to it. Returns where it is.
    ///
    /// # Errors
    /// If the disk refuses; `run.json` then still says `running`, unless only `latest` failed.
    pub fn finish(mut self, ending: Ending, summary: &str, junit: &str) -> Result<PathBuf, ReportError> {
        for (lines_of, name) in [(&mut self.results, "results.ndjson"), (&mut self.timings, "timings.ndjson")]
        {
            // Also created when no seed ran: an empty file says so, a missing one does not.
            lines(lines_of, &self.path, name)?.sync()?;
        }
        for path in std::mem::take(&mut self.unsynced) {
            sync(&path)?;
        }
        write_whole(&self.path, "summary.md", summary.as_bytes())?;
        write_whole(&self.path, "junit.xml", junit.as_bytes())?;
        let note = self.path.join("inflight.json");
        match fs::remove_file(&note) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(ReportError::io("remove", &note)(error));
            }
            _ => sync(&self.path)?,
        }
        self.info.status = match ending {
            Ending::Complete => RunStatus::Complete,
            Ending::Interrupted => RunStatus::Interrupted,
        };
        write_whole(&self.path, "run.json", self.info.to_json().as_bytes())?;
        if let Some(reports) = &self.reports {
            point_latest(reports, &self.info.run_id)?;
        }
        Ok(self.path)
    }
}

/// A file that grows line by line.
#[derive(Debug)]
struct Lines {
    path: PathBuf,
    out: BufWriter<File>,
}

impl Lines {
    fn append(&mut self, line: &str) -> Result<(), ReportError> {
        let written = self.out.write_all(line.as_bytes()).and_then(|()| self.out.flush());
        written.map_err(ReportError::io("write", &self.path))
    }

    fn sync(&mut self) -> Result<(), ReportError> {
        let synced = self.out.flush().and_then(|()| self.out.get_ref().sync_all());
        synced.map_err(ReportError::io("sync", &self.path))
    }
}

fn lines<'a>(slot: &'a mut Option<Lines>, folder: &Path, name: &str) -> Result<&'a mut Lines, ReportError> {
    if slot.is_none() {
        let path = folder.join(name);
        let file = File::options().append(true).create(true).open(&path);
        let out = BufWriter::new(file.map_err(ReportError::io("create", &path))?);
        *slot = Some(Lines { path, out });
    }
    Ok(slot.as_mut().expect("just filled"))
}

/// `name`, if it is a name of one folder or file and hides nothing.
fn file_name(name: &str) -> Result<&str, ReportError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match !name.is_empty() && !name.starts_with('.') && name.chars().all(allowed) {
        true => Ok(name),
        false => Err(ReportError::Name { name: name.to_owned() }),
    }
}

/// When what was written must have reached the disk.
#[derive(Clone, Copy)]
enum Durable {
    /// Before it gets its name.
    First,
    /// When it is synced later, or whenever the system likes.
    Later,
}

/// Writes a file that is there whole or not at all, whatever dies.
fn write_whole(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), ReportError> {
    replace(folder, name, bytes, Durable::First)?;
    sync(folder)
}

fn replace(folder: &Path, name: &str, bytes: &[u8], durable: Durable) -> Result<(), ReportError> {
    let (target, temporary) = (folder.join(name), folder.join(format!(".{name}.tmp")));
    let written = File::create(&temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        match durable {
            Durable::First => file.sync_all(),
            Durable::Later => Ok(()),
        }
    });
    let renamed = written.and_then(|()| fs::rename(&temporary, &target));
    renamed.map_err(|error| {
        // Only tidiness: what matters is that `target` was not touched, and is reported.
        let _ = fs::remove_file(&temporary);
        ReportError::io("write", &target)(error)
    })
}

/// Makes a file's content durable, or the names in a folder: without the latter a rename may be
/// undone by a power loss.
fn sync(path: &Path) -> Result<(), ReportError> {
    // Folders can be opened, and so synced, on unix alone.
    if cfg!(unix) || path.is_file() {
        let synced = File::open(path).and_then(|file| file.sync_all());
        synced.map_err(ReportError::io("sync", path))?;
    }
    Ok(())
}

/// Lets `latest` point to the run, in one step: a reader sees the run before or this one.
#[cfg(unix)]
fn point_latest(reports: &Path, run_id: &str) -> Result<(), ReportError> {
    let (latest, temporary) = (reports.join(LATEST), reports.join(format!(".{LATEST}-{run_id}.tmp")));
    let swapped =
        std::os::unix::fs::symlink(run_id, &temporary).and_then(|()| fs::rename(&temporary, &latest));
    swapped.map_err(|error| {
        let _ = fs::remove_file(&temporary);
        ReportError::io("replace", &latest)(error)
    })
}

/// Symbolic links need a privilege elsewhere; there is no `latest` then.
#[cfg(not(unix))]
fn point_latest(_reports: &Path, _run_id: &str) -> Result<(), ReportError> {
    Ok(())
}
