//! Faults: what happens to machines and network, drawn anew every few hundred milliseconds.

use crate::world::{CALM, Event, MS, Weather, World};

impl World {
    /// Faults from now on.
    pub(crate) fn unleash(&mut self) {
        self.faults = true;
        self.post(0, Event::Fault);
    }

    /// No faults any more: all servers run, all lines are whole.
    pub(crate) fn heal(&mut self) {
        self.faults = false;
        self.weather = CALM;
        self.cuts.clear();
        for server in 0..self.machines.len() {
            self.resume(server);
            self.start(server);
        }
    }

    pub(crate) fn fault(&mut self) {
        if !self.faults {
            return;
        }
        let next = self.draws.between(20 * MS, 700 * MS);
        self.post(next, Event::Fault);
        let server = match self.primary() {
            Some((primary, _)) if self.draws.percent(50) => primary,
            _ => self.draws.place(self.machines.len()),
        };
        let lasts = self.draws.between(20 * MS, 1_500 * MS);
        match self.draws.below(10) {
            0 | 1 => {
                self.resume(server);
                self.machines[server].kill();
                self.post(lasts, Event::Start { server });
            }
            2 | 3 => self.cut_power(server, lasts),
            4 => (0..self.machines.len()).for_each(|server| self.cut_power(server, lasts)),
            5 | 6 => {
                if !self.paused.contains_key(&server) && self.machines[server].core.is_some() {
                    self.paused.insert(server, Vec::new());
                    self.post(lasts, Event::Resume { server });
                }
            }
            7 | 8 => self.cut(server, lasts),
            _ => self.turn(),
        }
    }

    fn cut_power(&mut self, server: usize, lasts: u64) {
        self.resume(server);
        self.machines[server].power_loss(&mut self.draws);
        self.post(lasts, Event::Start { server });
    }

    /// One server against the others in one direction or both, the clients on either side or on
    /// both; or any lines at all.
    fn cut(&mut self, server: usize, lasts: u64) {
        let places = self.machines.len() + 1;
        let shape = self.draws.below(4);
        let clients_too = self.draws.percent(50);
        for from in 0..places {
            for to in 0..places {
                let concerns = match shape {
                    0 => from == server || to == server,
                    1 => from == server,
                    2 => to == server,
                    _ => self.draws.percent(30),
                };
                let of_clients = from == places - 1 || to == places - 1;
                if concerns && (clients_too || !of_clients) {
                    self.cuts.insert((from, to));
                }
            }
        }
        self.post(lasts, Event::Heal);
    }

    fn turn(&mut self) {
        let mut upto = |most| if self.draws.percent(50) { 0 } else { self.draws.below(most) };
        let (loss, double, late, slow) = (upto(30), upto(30), upto(20), upto(400));
        self.weather = Weather { loss, double, late, delay: (MS / 5, (3 + slow) * MS) };
    }
}
