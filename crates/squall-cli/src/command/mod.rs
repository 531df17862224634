//! One file for each command.

pub(crate) mod check;
pub(crate) mod diff_runs;
pub(crate) mod explain;
pub(crate) mod explain_failure;
pub(crate) mod judge;
pub(crate) mod keep;
pub(crate) mod list;
pub(crate) mod merge;
pub(crate) mod new;
pub(crate) mod plan;
pub(crate) mod replay;
pub(crate) mod run;
pub(crate) mod shrink;
mod target;
pub(crate) mod zoo;
