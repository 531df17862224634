//! A server's machine: its core, its disk, its clock.

use std::collections::VecDeque;

use squall_systems::kv::core::{Core, Input, Moment, Output, Settings, Token};
use squall_systems::kv::wal::{Durable, Record};

use crate::draws::Draws;

pub(crate) struct Machine {
    settings: Settings,
    /// `None` while it is down.
    pub(crate) core: Option<Core>,
    pub(crate) boot: u32,
    /// What was written, in order; what is not synced is the page cache's.
    written: Vec<Record>,
    synced: usize,
    /// How much is written once a token is.
    tokens: VecDeque<(Token, usize)>,
    held: VecDeque<(Token, Output)>,
    durable: Token,
    /// When the last sync ends; syncs end in order.
    pub(crate) disk_free_at: u64,
    /// Its clock: how fast it runs, in millionths, and what it showed at the start.
    rate: u64,
    offset: u64,
}

impl Machine {
    pub(crate) fn new(settings: Settings, draws: &mut Draws) -> Self {
        let (rate, offset) = (draws.between(980_000, 1_020_000), draws.below(1 << 40));
        Self {
            settings,
            core: None,
            boot: 0,
            written: Vec::new(),
            synced: 0,
            tokens: VecDeque::new(),
            held: VecDeque::new(),
            durable: Token(0),
            disk_free_at: 0,
            rate,
            offset,
        }
    }

    pub(crate) fn clock(&self, now: u64) -> Moment {
        Moment(self.offset + (u128::from(now) * u128::from(self.rate) / 1_000_000) as u64)
    }

    /// True time at which its clock shows `moment`, rounded up.
    pub(crate) fn true_time(&self, moment: Moment) -> u64 {
        let local = u128::from(moment.0.saturating_sub(self.offset));
        (local * 1_000_000).div_ceil(u128::from(self.rate)) as u64
    }

    pub(crate) fn start(&mut self, now: u64, draw: u64) {
        assert!(self.core.is_none(), "a machine starts only when it is down");
        // As `Wal::open` does: all that is found is made durable first.
        self.synced = self.written.len();
        let mut durable = Durable::default();
        for record in self.written.iter().cloned() {
            durable.apply(record).expect("a prefix of what was written makes sense");
        }
        self.boot += 1;
        self.core = Some(Core::new(self.settings.clone(), durable, self.clock(now), draw));
    }

    /// The process dies; the page cache stays.
    pub(crate) fn kill(&mut self) {
        self.core = None;
        self.tokens.clear();
        self.held.clear();
        self.durable = Token(0);
        self.disk_free_at = 0;
    }

    /// The machine dies: of what was not synced a prefix of drawn length stays, as the log is cut at
    /// the first bad record.
    pub(crate) fn power_loss(&mut self, draws: &mut Draws) {
        self.kill();
        let kept = draws.between(self.synced as u64, self.written.len() as u64) as usize;
        self.written.truncate(kept);
    }

    /// Feeds the core; gives the outputs that may be carried out now.
    pub(crate) fn step(&mut self, now: u64, input: Input) -> Vec<Output> {
        let local = self.clock(now);
        let mut released = Vec::new();
        if let Input::Persisted { token } = input {
            self.durable = token;
            while let Some((_, written)) = self.tokens.pop_front_if(|(waiting, _)| *waiting <= token) {
                self.synced = written;
            }
            while let Some((_, output)) = self.held.pop_front_if(|(waiting, _)| *waiting <= token) {
                released.push(output);
            }
        }
        let Some(core) = &mut self.core else { return released };
        for output in core.step(local, input) {
            match &output {
                Output::Persist { token, records } => {
                    self.written.extend(records.iter().cloned());
                    self.tokens.push_back((*token, self.written.len()));
                    released.push(output);
                }
                Output::Send { after: Some(token), .. } | Output::Observe { after: Some(token), .. }
                    if *token > self.durable =>
                {
                    self.held.push_back((*token, output));
                }
                _ => released.push(output),
            }
        }
        released
    }
}
