//! A scenario: a file that has been read and checked against a catalogue.

use std::collections::BTreeSet;

use squall_history::{ClockProfile, Digest, Folder, Limits, Reseed, SimDuration, Veto};

use crate::diagnostic::{Diagnostics, Source};
use crate::expect::Expectations;
use crate::faults::FaultEntry;
use crate::network::Network;
use crate::range::Ranged;
use crate::section::Section;
use crate::surroundings::{Disk, Seeds};
use crate::topology::TopologyPlan;

/// The engine of a scenario that names none.
pub const DEFAULT_ENGINE: &str = "native";

/// A checked scenario. Planning it cannot fail.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name, `[a-z0-9-]+`.
    pub name: String,
    /// One line about it.
    pub description: String,
    /// For choosing scenarios on the command line.
    pub tags: Vec<String>,
    /// Which seeds it runs with, unless the command line says otherwise.
    pub seeds: Seeds,
    /// Name of its system.
    pub system: String,
    /// Name of the engine it is meant for.
    pub engine: String,
    /// What it uses of the design that is not built yet. Whoever runs it refuses it by these.
    pub unsupported: Diagnostics,
    /// The line of `name:`, from 1, for annotations.
    pub name_line: usize,
    pub(crate) config: Section,
    pub(crate) bugs: Vec<String>,
    pub(crate) workload: Section,
    pub(crate) topology: TopologyPlan,
    pub(crate) network: Network,
    pub(crate) clock: ClockProfile,
    pub(crate) disk: Disk,
    pub(crate) duration: Ranged<SimDuration>,
    pub(crate) faults: Vec<FaultEntry>,
    pub(crate) expect: Expectations,
    pub(crate) limits: Limits,
    pub(crate) reseed: Vec<Reseed>,
    pub(crate) vetoes: Vec<Veto>,
    pub(crate) skip_unsupported: bool,
}

impl Scenario {
    /// Digest of a scenario's text, for reports: equal texts are equal scenarios.
    pub fn hash(&self) -> Digest {
        let mut folder = Folder::default();
        folder.fold_bytes(self.source().text.as_bytes());
        folder.digest()
    }

    /// Keywords of the faults that some seed may plan, sorted.
    pub fn fault_keywords(&self) -> BTreeSet<String> {
        self.faults.iter().flat_map(FaultEntry::keywords).collect()
    }

    /// The file it was read from.
    pub fn source(&self) -> &Source {
        self.unsupported.source()
    }
}
