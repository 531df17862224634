//! Plan, history and verdict become text and files.
//!
//! Renderers are pure: a value goes in, text comes out, and no clock, terminal or environment is
//! asked. What differs from run to run (wall times, the commit) is handed in. Only [`folder`]
//! touches the disk. Nothing here judges: words and numbers come from `squall-check`.
//!
//! Whatever the system under test said is other people's text: it is brought to one line, cut, and
//! escaped for where it goes.

pub mod annotations;
pub mod campaign;
pub mod cause;
pub mod coverage;
pub mod error;
pub mod folder;
pub mod judged;
pub mod junit;
mod markdown;
pub mod ndjson;
pub mod plan_text;
pub mod run_json;
pub mod style;
pub mod summary;
pub mod terminal;
mod text;
pub mod timeline;
pub mod words;

pub use annotations::{Place, annotations};
pub use campaign::{
    Campaign, Commands, Extent, Failure, Faults, Shrunk, StopCause, Stopped, Unreached, command,
};
pub use cause::{cause_json, cause_sentences, cause_svg, cause_text};
pub use coverage::{ScenarioCoverage, coverage_text};
pub use error::ReportError;
pub use folder::{End, Ending, FailureFile, Inflight, RunFolder, Stored};
pub use judged::{JUDGED_FORMAT, Judged, JudgedEnding, JudgedTimes, judged_json, judged_text};
pub use junit::junit;
pub use ndjson::{TIMING_FORMAT, Timing, read_results, result_line, timing_line};
pub use plan_text::{drawn_text, plan_text};
pub use run_json::{Difference, RUN_FORMAT, RunInfo, RunStatus, ScenarioFile};
pub use style::Style;
pub use summary::{SUMMARY_BYTES_MAX, summary};
pub use terminal::{campaign_text, failures, notes, results_table, summary_line};
pub use timeline::{Detail, timeline};
pub use words::{action_words, fault_line, node_list};
