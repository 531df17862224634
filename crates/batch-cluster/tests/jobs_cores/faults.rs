//! Faults: what happens to controllers, workers and lines.

use crate::world::{CONTROLLERS, MS, What, World};

impl World {
    pub(crate) fn fault(&mut self) {
        if !self.faults {
            return;
        }
        let next = self.draws.between(50 * MS, 500 * MS);
        self.post(next, What::Fault);
        let worker = self.draws.place(self.workers.len());
        let lasts = self.draws.between(50 * MS, 3_500 * MS);
        match self.draws.below(11) {
            0..=2 => {
                self.worker_kill(worker);
                if self.draws.percent(40) {
                    self.workers[worker].disk.clear();
                }
                // Half of them are back long before their lease is over.
                let away = if self.draws.percent(50) { lasts } else { lasts / 10 };
                self.post(away, What::WorkerStart { place: worker });
            }
            3 | 4 => {
                if !self.paused.contains_key(&worker) && self.workers[worker].process.is_some() {
                    self.paused.insert(worker, Vec::new());
                    self.post(lasts, What::WorkerResume { place: worker });
                }
            }
            5 => {
                let line = self.workers[worker].process.as_ref().and_then(|process| process.line);
                if let Some(line) = line {
                    self.break_line(line);
                }
            }
            6 => {
                let any = self.draws.place(CONTROLLERS);
                let controller = if self.draws.percent(60) { self.leader } else { any };
                self.cuts.insert((worker, controller), self.now + lasts);
            }
            7 => {
                let other = self.draws.place(self.workers.len());
                self.fetch_cuts.insert((worker, other), self.now + lasts);
            }
            // While leaders change all the time no lease ever runs out.
            8.. if self.draws.percent(self.steady) => {}
            8 | 9 => self.elect_anyone(),
            _ => {
                let controller = self.draws.place(CONTROLLERS);
                self.restart(controller);
            }
        }
    }

    pub(crate) fn elect_anyone(&mut self) {
        if self.faults {
            let leader = self.draws.place(CONTROLLERS);
            self.elect(leader);
        }
    }

    /// No faults any more: all workers run, all lines will do.
    pub(crate) fn heal(&mut self) {
        self.faults = false;
        self.cuts.clear();
        self.fetch_cuts.clear();
        for place in 0..self.workers.len() {
            self.worker_resume(place);
            self.worker_start(place);
        }
    }
}
