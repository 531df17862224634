//! Settings: small values with a version each, which clients write and read.
//!
//! A writer that says which version it knows loses no update of another's. The cluster itself heeds
//! no setting: it keeps them for whoever runs on it.

use super::{Configured, Setting, State, is_name};

/// Longest value in bytes; most settings. They are in every snapshot.
const VALUE_MAX: usize = 4_096;
const SETTINGS_MAX: usize = 1_024;

impl State {
    /// Writes a setting; with `if_version` only if that is its version.
    pub(super) fn configure(&mut self, name: &str, value: &str, if_version: Option<u64>) -> Configured {
        let refused = |why: &str| Configured::Refused { why: why.to_owned() };
        if !is_name(name) {
            return refused("this cannot be the name of a setting");
        }
        if value.len() > VALUE_MAX {
            return refused("the value is too long");
        }
        let before = self.settings.get(name).map_or(0, |setting| setting.version);
        if if_version.is_some_and(|version| version != before) {
            return Configured::Conflict { version: before };
        }
        if before == 0 && self.settings.iter().count() >= SETTINGS_MAX {
            return refused("there are too many settings");
        }
        let version = before + 1;
        self.settings.insert(name.to_owned(), Setting { version, value: value.to_owned() });
        Configured::Written { version }
    }
}
