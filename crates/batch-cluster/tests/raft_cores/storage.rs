//! The storage against a disk that dies between any two steps, and again while recovering.

use std::sync::Arc;

use batch_cluster::raft::core::{Durable, Snapshot, Write};
use batch_cluster::raft::message::{Command, Entry, EntryId, Payload};
use batch_cluster::raft::storage::{Recovered, Step, recover};
use batch_cluster::{Bug, Bugs};

use crate::disk::ModelDisk;
use crate::draws::Draws;
use crate::world::settings;

/// What the log and the rest should be after each write.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Model {
    hard: (u64, Option<usize>),
    snapshot: u64,
    /// From index 1 on; what a snapshot covers is not compared.
    log: Vec<EntryId>,
}

impl Model {
    fn of(durable: &Durable) -> Self {
        let snapshot = durable.snapshot.as_ref().map_or(0, |snapshot| snapshot.id.index);
        let behind = durable.log.entries().iter().map(|entry| entry.id).filter(|id| id.index > snapshot);
        Self { hard: (durable.term, durable.vote), snapshot, log: behind.collect() }
    }

    fn end(&self) -> u64 {
        self.log.last().map_or(self.snapshot, |last| last.index)
    }

    fn apply(&mut self, write: &Write) {
        match write {
            Write::HardState { term, vote } => self.hard = (*term, *vote),
            Write::Append { entries } => self.log.extend(entries.iter().map(|entry| entry.id)),
            Write::Cut { last } => self.log.retain(|id| id.index <= last.index),
            Write::Snapshot(snapshot) | Write::Install(snapshot) => {
                self.snapshot = snapshot.id.index;
                self.log.retain(|id| id.index > snapshot.id.index);
            }
            Write::BeginAnew { .. } => self.log.clear(),
        }
    }
}

fn snapshot(id: EntryId, draws: &mut Draws) -> Snapshot {
    Snapshot { id, state: 5, data: Arc::new(vec![3; draws.place(3_000)]) }
}

/// Some writes that a core could make now.
fn some_writes(model: &Model, draws: &mut Draws) -> Vec<Write> {
    let (term, _) = model.hard;
    let end = model.end();
    match draws.below(10) {
        _ if term == 0 => vec![Write::HardState { term: 1, vote: None }],
        0 => vec![Write::HardState { term: term + 1, vote: Some(draws.place(3)) }],
        1 if !model.log.is_empty() => {
            let last = model.log[draws.place(model.log.len())];
            vec![Write::Cut { last }]
        }
        2 if !model.log.is_empty() => {
            let id = model.log[draws.place(model.log.len())];
            vec![Write::Snapshot(snapshot(id, draws))]
        }
        3 => {
            let behind = EntryId { term, index: end + draws.between(1, 30) };
            vec![Write::Install(snapshot(behind, draws)), Write::BeginAnew { behind }]
        }
        _ => {
            let entry = |index| {
                let command = Command { client: "c".into(), seq: index, command: vec![9; draws.place(400)] };
                Entry { id: EntryId { term, index }, payload: Payload::Command(command) }
            };
            let entries = (end + 1..=end + 1 + end % 4).map(entry).collect();
            vec![Write::Append { entries }]
        }
    }
}

/// Does steps until they are all done or a drawn number was; says whether all were.
fn some_steps(disk: &mut ModelDisk, steps: Vec<Step>, draws: &mut Draws, crash: u64) -> bool {
    for step in steps {
        if draws.percent(crash) {
            return false;
        }
        if let Step::File(op) = step {
            disk.apply(&op);
        }
    }
    true
}

fn restart(disk: &mut ModelDisk, bugs: &Bugs, draws: &mut Draws) -> Result<Recovered, String> {
    loop {
        if draws.percent(50) {
            disk.power_loss(draws);
        }
        let mut recovered =
            recover(&settings(0, 3, bugs), &disk.files()).map_err(|error| error.to_string())?;
        let steps = std::mem::take(&mut recovered.steps);
        if some_steps(disk, steps, draws, 8) {
            return Ok(recovered);
        }
    }
}

/// Writes, crashes, recovers, many times over; what was durable must come back, and what comes back
/// must be what was written, up to some point.
fn run(seed: u64, bugs: &Bugs) -> Result<u64, String> {
    let mut draws = Draws::new(seed);
    let mut disk = ModelDisk::default();
    let mut crashes = 0;
    let Recovered { mut storage, durable, .. } = restart(&mut disk, bugs, &mut draws)?;
    let mut model = Model::of(&durable);
    for _ in 0..60 {
        let writes: Vec<Write> = {
            let mut ahead = model.clone();
            let mut all = Vec::new();
            for _ in 0..draws.between(1, 4) {
                let some = some_writes(&ahead, &mut draws);
                some.iter().for_each(|write| ahead.apply(write));
                all.extend(some);
            }
            all
        };
        let mut possible = vec![model.clone()];
        for write in &writes {
            model.apply(write);
            possible.push(model.clone());
            if let Write::Append { entries } = write {
                let mut part = possible[possible.len() - 2].clone();
                for entry in entries {
                    part.log.push(entry.id);
                    possible.push(part.clone());
                }
            }
        }
        let steps = storage.write(&writes);
        let is_done = some_steps(&mut disk, steps, &mut draws, 4);
        if is_done && draws.percent(80) {
            continue;
        }
        crashes += 1;
        let recovered = restart(&mut disk, bugs, &mut draws)?;
        let found = Model::of(&recovered.durable);
        let allowed = if is_done { found == model } else { possible.contains(&found) };
        if !allowed {
            return Err(format!("found {found:?}, possible was {possible:?}, done: {is_done}"));
        }
        (storage, model) = (recovered.storage, found);
    }
    Ok(crashes)
}

#[test]
fn what_was_durable_comes_back() {
    let crashes: u64 = (0..300)
        .map(|seed| run(seed, &Bugs::none()).unwrap_or_else(|why| panic!("seed {seed}: {why}")))
        .sum();
    assert!(crashes > 2_500, "{crashes} crashes");
}

#[test]
fn planted_bugs_lose_what_was_durable() {
    for bug in [Bug::FsyncOmitted, Bug::TornTailKept] {
        let lost = |why: &String| why.contains("possible was");
        let found = (0..300).find_map(|seed| run(seed, &bug.into()).err().filter(lost));
        assert!(found.is_some(), "`{}` loses nothing in 300 seeds", bug.name());
    }
}
