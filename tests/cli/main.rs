//! The command line, from outside: a process is started in a folder of its own, and what it prints,
//! writes and exits with is compared. Nothing here knows how the command is made.
#![expect(clippy::unwrap_used, reason = "these are tests, their helpers included")]

mod bad_input;
mod ci;
mod commands;
mod diff_runs;
mod disks;
mod endings;
mod engines;
mod explain_failure;
mod explored;
mod hostile;
mod judge;
mod judge_stored;
mod keep;
mod leaks;
mod new;
mod printed;
mod project;
mod readme;
mod recipes;
mod replays;
mod resume;
mod same_bytes;
mod seals;
mod slices;
mod stints;
mod test_target;
mod unreached;
mod usage;
mod zoo;
