//! The run folder: `reports/<run-id>/`, the one place where reports touch the disk.
//!
//! `run.json` says `running` from the first moment. Every other file that a reader may take for
//! finished is written under a temporary name, synced and renamed; `run.json` says `complete` only
//! after all of them, and `reports/latest` moves last. A folder cut short by a crash or a full
//! disk is therefore always recognised. What the files say is decided elsewhere.
//!
//! Such a folder can be gone on with, whatever moment it was cut at. A failing seed's files are durable
//! before its line of `results.ndjson` is written, and `verdict.json` is the last of them; no other line
//! waits for the disk, and what is missing behind the last sound one is run again ([`Stored`]).

mod disk;
mod failures;
mod stored;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

pub use failures::FailureFile;
use serde::{Deserialize, Serialize};
use squall_check::SeedResult;
use squall_check::result::RESULT_FORMAT;
use squall_history::Seed;
pub use stored::Stored;

use self::disk::{Durable, LATEST, is_temporary, lock, point_latest, replace, sync, write_whole};
use self::failures::file_name;
use crate::ndjson::TIMING_FORMAT;
use crate::{ReportError, RunInfo, RunStatus, Timing, result_line, timing_line};

/// Version of `inflight.json`.
pub const INFLIGHT_FORMAT: u32 = 1;

const RUN: &str = "run.json";
const RESULTS: &str = "results.ndjson";
const TIMINGS: &str = "timings.ndjson";

/// A run folder that is being written.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    info: RunInfo,
    /// Where `latest` points into; a folder of the user's choice has none.
    reports: Option<PathBuf>,
    results: Option<Lines>,
    timings: Option<Lines>,
    /// Folders with new names in them that are not durable yet.
    unsynced: BTreeSet<PathBuf>,
    /// Held while this process writes the folder.
    _lock: Option<File>,
}

/// A seed in flight.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Inflight {
    /// Name of the scenario.
    pub scenario: String,
    /// The seed.
    pub seed: Seed,
}

/// How a run ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// All seeds ran.
    Complete,
    /// A signal stopped it before.
    Interrupted,
    /// Its time budget did.
    Cut,
}

/// What `run.json` says of a run that has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct End {
    /// How.
    pub ending: Ending,
    /// Lines of `results.ndjson`.
    pub done: u64,
    /// The exit code of the command.
    pub exit_code: u8,
}

impl From<Ending> for RunStatus {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Complete => Self::Complete,
            Ending::Interrupted => Self::Interrupted,
            Ending::Cut => Self::Cut,
        }
    }
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
        refuse_occupied(path)?;
        let lock = lock(path)?;
        // Once more: another process may have had it for a moment.
        refuse_occupied(path)?;
        info.status = RunStatus::Running;
        info.done = None;
        info.exit_code = None;
        write_whole(path, RUN, info.to_json().as_bytes())?;
        Ok(Self::new(path, info, None, lock))
    }

    fn new(path: &Path, info: RunInfo, reports: Option<PathBuf>, lock: Option<File>) -> Self {
        let unsynced = BTreeSet::new();
        Self { path: path.to_owned(), info, reports, results: None, timings: None, unsynced, _lock: lock }
    }

    /// The folder of a run that is to go on. Nothing in it changes before [`rewind`](Self::rewind).
    ///
    /// `reports`: the folder with `latest`, if this run lies in it under its own name.
    ///
    /// # Errors
    /// If it is no run folder, another process writes it, or the disk refuses.
    pub fn reopen(path: &Path, reports: Option<&Path>) -> Result<Self, ReportError> {
        let info = read_run(path)?;
        let lock = lock(path)?;
        // Once more: whoever held the lock may have ended the run.
        let info = if lock.is_some() { read_run(path)? } else { info };
        let reports = reports.filter(|_| path.file_name().is_some_and(|name| name == info.run_id.as_str()));
        Ok(Self::new(path, info, reports.map(Path::to_owned), lock))
    }

    /// What the run was made from.
    pub const fn info(&self) -> &RunInfo {
        &self.info
    }

    /// The results that are there, in order.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn stored_results(&self) -> Result<Stored<SeedResult>, ReportError> {
        Stored::open(&self.path.join(RESULTS), RESULT_FORMAT)
    }

    /// The timings that are there, in order.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn stored_timings(&self) -> Result<Stored<Timing>, ReportError> {
        Stored::open(&self.path.join(TIMINGS), TIMING_FORMAT)
    }

    /// Cuts results and timings behind these bytes, takes away what a process that died left half
    /// done, and notes that the run goes on. New lines come behind the old ones.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn rewind(&mut self, results: u64, timings: u64) -> Result<(), ReportError> {
        Stored::<SeedResult>::cut(&self.path.join(RESULTS), results)?;
        Stored::<Timing>::cut(&self.path.join(TIMINGS), timings)?;
        sweep_out(&self.path)?;
        self.info.status = RunStatus::Running;
        self.info.done = None;
        self.info.exit_code = None;
        write_whole(&self.path, RUN, self.info.to_json().as_bytes())
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
        lines(&mut self.results, &self.path, RESULTS)?.append(&result_line(result))
    }

    /// Appends a line to `timings.ndjson`.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn timing(&mut self, timing: &Timing) -> Result<(), ReportError> {
        lines(&mut self.timings, &self.path, TIMINGS)?.append(&timing_line(timing))
    }

    /// Writes `summary.md` and `junit.xml`, takes the in-flight note away, marks the run as ended
    /// and lets `latest` point to it. Returns where it is.
    ///
    /// # Errors
    /// If the disk refuses; `run.json` then still says `running`, unless only `latest` failed.
    pub fn finish(mut self, end: End, summary: &str, junit: &str) -> Result<PathBuf, ReportError> {
        for (lines_of, name) in [(&mut self.results, RESULTS), (&mut self.timings, TIMINGS)] {
            // Also created when no seed ran: an empty file says so, a missing one does not.
            lines(lines_of, &self.path, name)?.sync()?;
        }
        self.sync_names()?;
        write_whole(&self.path, "summary.md", summary.as_bytes())?;
        write_whole(&self.path, "junit.xml", junit.as_bytes())?;
        let note = self.path.join("inflight.json");
        match fs::remove_file(&note) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(ReportError::io("remove", &note)(error));
            }
            _ => sync(&self.path)?,
        }
        self.info.status = end.ending.into();
        self.info.done = Some(end.done);
        self.info.exit_code = Some(end.exit_code);
        write_whole(&self.path, RUN, self.info.to_json().as_bytes())?;
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

fn refuse_occupied(path: &Path) -> Result<(), ReportError> {
    for entry in fs::read_dir(path).map_err(ReportError::io("read", path))? {
        let name = entry.map_err(ReportError::io("read", path))?.file_name();
        // A process that died in its first moment leaves no more than that.
        if !name.to_str().is_some_and(is_temporary) {
            return Err(ReportError::Occupied { path: path.to_owned() });
        }
    }
    Ok(())
}

/// `run.json` of a folder.
fn read_run(folder: &Path) -> Result<RunInfo, ReportError> {
    let path = folder.join(RUN);
    let text = fs::read_to_string(&path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => ReportError::NoRunFolder { path: folder.to_owned() },
        _ => ReportError::io("read", &path)(error),
    })?;
    RunInfo::from_json(&text, &path)
}

/// Takes away what writing left under temporary names.
fn sweep_out(folder: &Path) -> Result<(), ReportError> {
    for entry in fs::read_dir(folder).map_err(ReportError::io("read", folder))? {
        let path = entry.map_err(ReportError::io("read", folder))?.path();
        if path.is_dir() {
            sweep_out(&path)?;
        } else if path.file_name().and_then(|name| name.to_str()).is_some_and(is_temporary) {
            fs::remove_file(&path).map_err(ReportError::io("remove", &path))?;
        }
    }
    Ok(())
}
