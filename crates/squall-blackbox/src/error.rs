//! What can be wrong with a history in the eyes of a model.

use serde_json::Value;

/// A model cannot read an operation. This says nothing about the system under test: the checker
/// then has no answer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CheckError {
    /// It has no such operation.
    #[error("the model `{model}` knows no operation `{f}`")]
    Operation {
        /// The model.
        model: &'static str,
        /// The operation's `f`.
        f: String,
    },
    /// The operation's argument is not what the model takes.
    #[error("the model `{model}` cannot read the argument {argument} of `{f}`: it takes {takes}")]
    Argument {
        /// The model.
        model: &'static str,
        /// The operation's `f`.
        f: String,
        /// The argument.
        argument: Value,
        /// What it should be.
        takes: &'static str,
    },
    /// The operation's result is not what the model gives.
    #[error("the model `{model}` cannot read the result {result} of `{f}`: it gives {gives}")]
    Result {
        /// The model.
        model: &'static str,
        /// The operation's `f`.
        f: String,
        /// The result.
        result: Value,
        /// What it should be.
        gives: &'static str,
    },
}
