//! A finished history and its file: one header line, then one record a line (`history.ndjson`).

use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{HISTORY_FORMAT, LinkProfile, NetworkProfile, Record, Seed, SimDuration, Topology};

/// What a judge needs to know besides the records.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Header {
    /// [`HISTORY_FORMAT`].
    pub format: u32,
    /// [`SIM_FORMAT`](crate::SIM_FORMAT) of the simulator that made it.
    pub sim_format: u32,
    /// Name of the scenario.
    pub scenario: String,
    /// The seed.
    pub seed: Seed,
    /// The engine.
    pub engine: String,
    /// The system under test.
    pub system: String,
    /// The system's configuration.
    pub config: Value,
    /// Planted bugs that were on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bugs: Vec<String>,
    /// The nodes.
    pub topology: Topology,
    /// Every link before any fault.
    #[serde(default)]
    pub network: NetworkProfile,
    /// Links that behave otherwise before any fault; of several that name one link the last counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<LinkProfile>,
    /// Virtual length of the scenario.
    pub duration: SimDuration,
    /// What this history tells, as far as it happened: `vocab.raft`, `truth.node`, …; oracles that need
    /// more are not applicable.
    pub capabilities: Vec<String>,
    /// Roles whose nodes are clients.
    pub client_roles: Vec<String>,
}

impl Header {
    /// The names of the client nodes.
    pub fn clients(&self) -> impl Iterator<Item = &crate::NodeName> {
        let is_client = |role: &String| self.client_roles.contains(role);
        self.topology.nodes.iter().filter(move |node| is_client(&node.role)).map(|node| &node.name)
    }
}

/// A history: what happened in one run, in order of time.
#[derive(Clone, PartialEq, Debug)]
pub struct History {
    /// What the records stand in.
    pub header: Header,
    /// What happened; times never decrease.
    pub records: Vec<Record>,
}

/// A stored history cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The file could not be read.
    #[error("the history cannot be read")]
    Io(#[from] io::Error),
    /// A line is not what it should be.
    #[error("line {line}: {source}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// There is no header.
    #[error("the history is empty: its first line should be the header")]
    Empty,
    /// Written by a version this one does not know.
    #[error("the history has format {found}, this version reads {HISTORY_FORMAT}")]
    Format {
        /// What the header says.
        found: u32,
    },
    /// Time runs backwards.
    #[error("line {line}: time runs backwards")]
    Order {
        /// Counted from 1.
        line: usize,
    },
}

impl History {
    /// Writes the header, then each record, one JSON object a line.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_ndjson(&self, mut out: impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut out, &self.header)?;
        out.write_all(b"\n")?;
        for record in &self.records {
            serde_json::to_writer(&mut out, record)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }

    /// Reads what [`write_ndjson`](Self::write_ndjson) wrote.
    ///
    /// # Errors
    /// If the input ends early, is of another format, or is not in order of time.
    pub fn read_ndjson(input: impl BufRead) -> Result<Self, HistoryError> {
        let mut lines = input.lines().enumerate();
        let (_, first) = lines.next().ok_or(HistoryError::Empty)?;
        let header: Header =
            serde_json::from_str(&first?).map_err(|source| HistoryError::Line { line: 1, source })?;
        if header.format != HISTORY_FORMAT {
            return Err(HistoryError::Format { found: header.format });
        }
        let mut records: Vec<Record> = Vec::new();
        for (index, text) in lines {
            let line = index + 1;
            let record: Record =
                serde_json::from_str(&text?).map_err(|source| HistoryError::Line { line, source })?;
            if records.last().is_some_and(|last| last.at > record.at) {
                return Err(HistoryError::Order { line });
            }
            records.push(record);
        }
        Ok(Self { header, records })
    }
}
