//! The arguments, as the user types them, and as one process hands them to another.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand};
use squall::SimDuration;

use super::nodes::{Ports, Size};

#[derive(Debug, Parser)]
#[command(name = "cluster", bin_name = "cargo xtask chaos cluster")]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Start a cluster, count the words of a file, print the result, stop.
    ///
    /// A word is a run of the letters A to Z, in either case: the result is that of
    /// `tr -cs A-Za-z '\n' <FILE | tr A-Z a-z | sed '/^$/d' | LC_ALL=C sort | uniq -c`.
    Up(UpArgs),
    /// Run one node, as `up` starts it.
    #[command(hide = true)]
    Node(NodeArgs),
}

#[derive(Args, Debug)]
pub(super) struct UpArgs {
    /// The text file.
    #[arg(long, value_name = "FILE")]
    pub(super) input: PathBuf,
    /// Kill a process (SIGKILL), so long after the job was submitted: `leader@2s`, `worker-2@500ms`.
    #[arg(long, value_name = "NODE@TIME")]
    pub(super) kill: Vec<Kill>,
    /// Controllers.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=9))]
    pub(super) controllers: u16,
    /// Workers.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(super) workers: u16,
    /// Map tasks.
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(super) maps: u32,
    /// Reduce tasks.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(super) reduces: u32,
    /// What each line of the input costs a worker besides: it leaves time for a kill.
    #[arg(long, value_name = "TIME", default_value = "0ms")]
    pub(super) record_cost: SimDuration,
    /// Where the nodes' directories and logs go; they stay. Without it: a place that is removed.
    #[arg(long, value_name = "DIR")]
    pub(super) directory: Option<PathBuf>,
    /// Give up after this long.
    #[arg(long, value_name = "TIME", default_value = "120s")]
    pub(super) timeout: SimDuration,
}

#[derive(Args, Debug)]
pub(super) struct NodeArgs {
    #[arg(long)]
    pub(super) name: String,
    #[arg(long)]
    pub(super) root: PathBuf,
    #[arg(long)]
    pub(super) size: Size,
    #[arg(long)]
    pub(super) ports: Ports,
    #[arg(long)]
    pub(super) record_cost: SimDuration,
}

/// Who is killed when.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Kill {
    /// A node's name, or `leader`.
    pub(super) target: String,
    /// So long after the submission.
    pub(super) after: SimDuration,
}

impl FromStr for Kill {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a node and a time, such as `leader@2s`");
        let (target, after) = text.split_once('@').ok_or_else(wrong)?;
        if target.is_empty() {
            return Err(wrong());
        }
        let after = after.parse().map_err(|_| wrong())?;
        Ok(Self { target: target.to_owned(), after })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kill_is_a_node_and_a_time() {
        let kill: Kill = "leader@2s".parse().unwrap();
        assert_eq!(kill, Kill { target: "leader".into(), after: SimDuration::from_secs(2) });
        for bad in ["leader", "@2s", "leader@", "leader@soon"] {
            assert!(bad.parse::<Kill>().unwrap_err().contains("such as `leader@2s`"), "{bad}");
        }
    }
}
