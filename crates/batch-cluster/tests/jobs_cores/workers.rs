//! The world's side of workers: lines, ticks, what came of an attempt.

use batch_cluster::codec::hash;
use batch_cluster::job::{AttemptId, Consumed, Manifest, Segment, Tally};
use batch_cluster::overseer::LineId;
use batch_cluster::protocol::{FromWorker, ToWorker, Work};
use batch_cluster::state::{Failure, Lack};
use squall_io::vocab::batch::Event;

use crate::worker::{Act, TICK};
use crate::world::{What, World};

impl World {
    pub(crate) fn worker_start(&mut self, place: usize) {
        if self.workers[place].process.is_none() {
            self.workers[place].start(self.now, &mut self.draws);
            let boot = self.workers[place].boot;
            self.post(0, What::WorkerTick { place, boot });
        }
    }

    /// The process dies. What it had said may still arrive.
    pub(crate) fn worker_kill(&mut self, place: usize) {
        self.worker_resume(place);
        let line = self.workers[place].process.take().and_then(|process| process.line);
        if let Some(line) = line {
            self.send_up(line, What::Left { line });
        }
    }

    /// What came meanwhile is there at once, before or after it looked at its clock.
    pub(crate) fn worker_resume(&mut self, place: usize) {
        for (what, delay) in self.paused.remove(&place).unwrap_or_default().into_iter().zip(1..) {
            self.post(delay, what);
        }
    }

    pub(crate) fn worker_tick(&mut self, place: usize, boot: u32) {
        if self.workers[place].boot == boot && self.workers[place].process.is_some() {
            let acts = self.workers[place].tick(self.now);
            self.act(place, acts);
            self.post(TICK, What::WorkerTick { place, boot });
        }
    }

    pub(crate) fn worker_hears(&mut self, id: LineId, what: ToWorker) {
        let line = &self.lines[&id];
        let worker = &mut self.workers[line.worker];
        if !line.is_broken && worker.boot == line.worker_boot {
            let place = line.worker;
            let acts = worker.receive(self.now, id, what, &mut self.draws);
            self.act(place, acts);
        }
    }

    pub(crate) fn worker_dropped(&mut self, id: LineId) {
        let line = &self.lines[&id];
        let worker = &mut self.workers[line.worker];
        if worker.boot == line.worker_boot {
            worker.hung_up(self.now, id);
        }
    }

    fn act(&mut self, place: usize, acts: Vec<Act>) {
        for act in acts {
            match act {
                Act::Connect => self.connect(place),
                Act::HangUp(line) => self.send_up(line, What::Left { line }),
                Act::Say(what) => {
                    let line = self.workers[place].process.as_ref().and_then(|process| process.line);
                    if let Some(line) = line {
                        self.send_up(line, What::Said { line, what });
                    }
                }
                Act::Tell(event) => self.worker_tells(place, &event),
                Act::Finish(attempt) => self.finish(place, attempt),
            }
        }
    }

    fn worker_tells(&mut self, place: usize, event: &Event) {
        let verdict = self.judge.worker_told(&self.workers[place].name, event);
        self.check(verdict);
    }

    fn connect(&mut self, place: usize) {
        let Some(process) = &self.workers[place].process else { return };
        let controller = process.controller;
        if self.cuts.get(&(place, controller)).is_some_and(|until| *until > self.now) {
            let id = self.open_line(place, controller);
            let worker = &mut self.workers[place];
            worker.process.as_mut().expect("it runs").line = Some(id);
            worker.hung_up(self.now, id);
            return;
        }
        let id = self.open_line(place, controller);
        let acts = self.workers[place].connected(self.now, id);
        self.act(place, acts);
    }

    fn finish(&mut self, place: usize, attempt: AttemptId) {
        let Some(process) = &self.workers[place].process else { return };
        let (Some(epoch), Some(run)) = (process.epoch, process.runs.get(&attempt)) else { return };
        let work = run.work.clone();
        let outcome = if self.draws.percent(if self.faults { 8 } else { 0 }) {
            let (task, why) = (work.task().into(), "bad luck".to_owned());
            self.worker_tells(place, &Event::AttemptFailed { attempt: attempt.0, task, why: why.clone() });
            Err(Failure::Task { why })
        } else {
            self.output_of(place, attempt, &work)
        };
        let result = match outcome {
            Ok(manifest) => FromWorker::Commit { attempt, epoch, manifest },
            Err(failure) => FromWorker::Failed { attempt, epoch, failure },
        };
        let act = self.workers[place].finished(self.now, attempt, result);
        self.act(place, act.into_iter().collect());
    }

    fn output_of(&mut self, place: usize, attempt: AttemptId, work: &Work) -> Result<Manifest, Failure> {
        match work {
            Work::Map { partitions, .. } => {
                // Each attempt writes something of its own, so that a mix of two shows.
                let tally = |partition: u32| Tally {
                    records: 5,
                    digest: hash(&[&attempt.0.to_le_bytes(), &partition.to_le_bytes()]),
                };
                let segment = |partition| Segment { offset: 0, length: 1, crc: 0, tally: tally(partition) };
                let segments: Vec<Segment> = (0..*partitions).map(segment).collect();
                self.workers[place].disk.insert(attempt, segments.clone());
                Ok(Manifest::Map { input: Tally::default(), segments })
            }
            Work::Reduce { task, inputs } => {
                let mut consumed = Vec::new();
                for input in inputs {
                    let fetched = self.fetch(place, &input.node, input.attempt);
                    let segments = fetched.map_err(|lack| Failure::Fetch { map: input.attempt, lack })?;
                    let tally = segments[task.number as usize].tally;
                    consumed.push(Consumed { map: input.map, attempt: input.attempt, tally });
                }
                let part = format!("attempt {}\n", attempt.0).into_bytes();
                Ok(Manifest::Reduce { consumed, output: Tally::default(), part })
            }
        }
    }

    fn fetch(&self, place: usize, holder: &str, map: AttemptId) -> Result<Vec<Segment>, Lack> {
        let from = self.workers.iter().position(|worker| worker.name == holder).expect("a known worker");
        let is_cut = self.fetch_cuts.get(&(place, from)).is_some_and(|until| *until > self.now);
        let is_up = self.workers[from].process.is_some() && !self.paused.contains_key(&from);
        if !is_up || is_cut {
            return Err(Lack::Unreachable);
        }
        self.workers[from].disk.get(&map).cloned().ok_or(Lack::Gone)
    }
}
