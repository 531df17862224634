//! The files of failing seeds: `failures/<scenario>/<seed>/`.

use std::fs;
use std::path::{Path, PathBuf};

use squall_check::SeedResult;
use squall_history::Seed;

use super::RunFolder;
use super::disk::{Durable, is_temporary, replace, sync};
use crate::ReportError;

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

impl RunFolder {
    /// The folder of a failing seed: `failures/<scenario>/<seed>`. It exists once a file is in it.
    ///
    /// # Errors
    /// If the scenario's name cannot be the name of a folder.
    pub fn failure_path(&self, scenario: &str, seed: Seed) -> Result<PathBuf, ReportError> {
        Ok(self.path.join("failures").join(file_name(scenario)?).join(seed.to_string()))
    }

    /// Writes one file of a failing seed and returns its path. `verdict.json` comes last of those that
    /// are written with the result: where it is found, all of them are, even after a loss of power.
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
        self.failure_named(scenario, seed, file.name(), bytes)
    }

    fn failure_named(
        &mut self,
        scenario: &str,
        seed: Seed,
        name: &str,
        bytes: &[u8],
    ) -> Result<PathBuf, ReportError> {
        let folder = self.failure_path(scenario, seed)?;
        fs::create_dir_all(&folder).map_err(ReportError::io("create", &folder))?;
        let last = name == FailureFile::Verdict.name();
        if last {
            // The names of the others must not come after this one's.
            self.sync_names()?;
        }
        replace(&folder, name, bytes, Durable::First)?;
        // Every folder between the file and the run's own: their names may be new as well.
        self.unsynced.extend(folder.ancestors().take_while(|above| *above != self.path).map(Path::to_owned));
        self.unsynced.insert(self.path.clone());
        if last {
            self.sync_names()?;
        }
        Ok(folder.join(name))
    }

    pub(super) fn sync_names(&mut self) -> Result<(), ReportError> {
        std::mem::take(&mut self.unsynced).iter().try_for_each(|folder| sync(folder))
    }

    /// What `verdict.json` of a failing seed says; `None` if there is none that can be read, and so
    /// perhaps not all of its other files.
    ///
    /// # Errors
    /// If the scenario's name cannot be the name of a folder.
    pub fn failure_verdict(&self, scenario: &str, seed: Seed) -> Result<Option<SeedResult>, ReportError> {
        let path = self.failure_path(scenario, seed)?.join(FailureFile::Verdict.name());
        Ok(fs::read(path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    /// Copies the files of a failing seed from another run's folder, but for those `left_out`.
    ///
    /// # Errors
    /// If the scenario's name cannot be the name of a folder, or the disk refuses.
    pub fn adopt(
        &mut self,
        from: &Self,
        scenario: &str,
        seed: Seed,
        left_out: &[FailureFile],
    ) -> Result<(), ReportError> {
        let folder = from.failure_path(scenario, seed)?;
        let mut names = Vec::new();
        for entry in fs::read_dir(&folder).map_err(ReportError::io("read", &folder))? {
            let name = entry.map_err(ReportError::io("read", &folder))?.file_name();
            names.extend(name.into_string().ok().filter(|name| !is_temporary(name)));
        }
        names.retain(|name| !left_out.iter().any(|file| file.name() == name));
        // The verdict last, the others in an order of their own.
        names.sort_by_key(|name| (name == FailureFile::Verdict.name(), name.clone()));
        for name in names {
            let path = folder.join(&name);
            let bytes = fs::read(&path).map_err(ReportError::io("read", &path))?;
            self.failure_named(scenario, seed, &name, &bytes)?;
        }
        Ok(())
    }
}

/// `name`, if it is a name of one folder or file and hides nothing.
pub(super) fn file_name(name: &str) -> Result<&str, ReportError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match !name.is_empty() && !name.starts_with('.') && name.chars().all(allowed) {
        true => Ok(name),
        false => Err(ReportError::Name { name: name.to_owned() }),
    }
}
