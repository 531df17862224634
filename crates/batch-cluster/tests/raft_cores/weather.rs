//! Faults: what happens to machines and network, drawn anew every few hundred milliseconds.

use crate::world::{CALM, MS, Weather, What, World};

impl World {
    /// Faults from now on.
    pub(crate) fn unleash(&mut self) {
        self.faults = true;
        self.post(0, What::Fault);
    }

    /// No faults any more: all members run, all lines are whole.
    pub(crate) fn heal(&mut self) {
        self.faults = false;
        self.weather = CALM;
        self.cuts.clear();
        for member in 0..self.machines.len() {
            self.resume(member);
            self.start(member);
        }
    }

    pub(crate) fn fault(&mut self) {
        if !self.faults {
            return;
        }
        let next = self.draws.between(20 * MS, 700 * MS);
        self.post(next, What::Fault);
        let member = match self.leader() {
            Some((leader, _)) if self.draws.percent(50) => leader,
            _ => self.draws.place(self.machines.len()),
        };
        let lasts = self.draws.between(20 * MS, 1_500 * MS);
        match self.draws.below(10) {
            0 | 1 => {
                self.resume(member);
                self.machines[member].kill();
                self.post(lasts, What::Start { member });
            }
            2 | 3 => self.cut_power(member, lasts),
            4 => (0..self.machines.len()).for_each(|member| self.cut_power(member, lasts)),
            5 | 6 => {
                if !self.paused.contains_key(&member) && self.machines[member].is_up() {
                    self.paused.insert(member, Vec::new());
                    self.post(lasts, What::Resume { member });
                }
            }
            7 | 8 => self.cut(member, lasts),
            _ => self.turn(),
        }
    }

    fn cut_power(&mut self, member: usize, lasts: u64) {
        self.resume(member);
        self.machines[member].power_loss(&mut self.draws);
        self.post(lasts, What::Start { member });
    }

    /// One member against the others in one direction or both, the clients on either side or on
    /// both; or any lines at all.
    fn cut(&mut self, member: usize, lasts: u64) {
        let places = self.machines.len() + 1;
        let shape = self.draws.below(4);
        let clients_too = self.draws.percent(50);
        for from in 0..places {
            for to in 0..places {
                let concerns = match shape {
                    0 => from == member || to == member,
                    1 => from == member,
                    2 => to == member,
                    _ => self.draws.percent(30),
                };
                let of_clients = from == places - 1 || to == places - 1;
                if concerns && (clients_too || !of_clients) {
                    self.cuts.insert((from, to));
                }
            }
        }
        self.post(lasts, What::Heal);
    }

    fn turn(&mut self) {
        let mut upto = |most| if self.draws.percent(50) { 0 } else { self.draws.below(most) };
        let (loss, double, late, slow) = (upto(30), upto(30), upto(20), upto(400));
        self.weather = Weather { loss, double, late, delay: (MS / 5, (3 + slow) * MS) };
    }
}
