//! What a system asserts about itself: `always!`, `sometimes!`, `reachable!`, `unreachable!`.
//!
//! An assertion that holds leaves no trace, so that software may assert at every step. What is told
//! is a promise that broke, and once in a run that something worth reaching was reached.

use serde::{Deserialize, Serialize};

/// A word of an assertion; the record names the node.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Assertion {
    /// What should always hold did not, or what should never be reached was.
    Broken {
        /// Name of the assertion.
        name: String,
        /// Where it stands: `module:line`.
        place: String,
        /// What else the system had to say of it.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        details: String,
    },
    /// For the first time in this run a `sometimes!` held, or a `reachable!` was reached. Folds into
    /// no digest: it says nothing that the run itself does not.
    Reached {
        /// Name of the assertion, which is a condition for `sometimes`.
        name: String,
    },
}
