//! Clients, and the recording of their operations.
//!
//! An invocation is in the history before the client goes on, and the history is not the client's:
//! killing a client loses no record. What a killed client had in flight is completed as `info`, and so
//! is what it dropped, by a `select!` or a time-out around it, or by a panic.
//!
//! A process is who acts, as the history sees it: one operation at a time. What ended in `info` may
//! still happen, so its process never acts again; nor does one act for a later incarnation of its
//! client, which remembers nothing of what the earlier one saw.
//!
//! [`ClientCtx::op`] is the one call that most clients need (`op.rs`); [`ClientCtx::invoke`] is for those
//! that complete an operation elsewhere than where they began it.

mod op;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::Value;
use squall_history::{Boot, Domain, Draw, Draws, Identity, NodeName, Op, OpId, Phase, ProcessId};

use crate::NodeCtx;

pub use op::{Completed, OpError, Recorded};

/// What one incarnation of a client gets.
#[derive(Clone, Debug)]
pub struct ClientCtx {
    /// Its place, incarnation and topology.
    pub node: NodeCtx,
    recorder: Recorder,
}

impl ClientCtx {
    pub(crate) const fn new(node: NodeCtx, recorder: Recorder) -> Self {
        Self { node, recorder }
    }

    /// Its name.
    pub fn name(&self) -> &NodeName {
        self.node.name()
    }

    /// Which incarnation.
    pub const fn boot(&self) -> Boot {
        self.node.boot
    }

    /// Numbers the client's operations across its incarnations, from 1: the next one.
    pub fn next_op(&self) -> u64 {
        let mut clients = self.recorder.lock();
        let client = clients.entry(self.name().clone()).or_default();
        client.numbered += 1;
        client.numbered
    }

    /// The draw of the client's `n`-th operation (domain `Workload`; identity: the client). Use its
    /// properties for what the operation needs: which key, which value, how long to wait before.
    pub fn draw(&self, n: u64) -> Draw {
        if squall_sim::in_simulation() {
            return squall_sim::workload_draw(n);
        }
        self.recorder.draws.draw(Domain::Workload, Identity::of(self.name().as_str()), n)
    }

    /// Performs an operation `f` and records it, in one call: see [`Recorded`].
    pub fn op<'a>(&'a self, f: &'a str) -> Recorded<'a> {
        Recorded::new(self, f)
    }

    /// Records that operation `f` on `key` with argument `value` is sent now. Complete what is
    /// returned; dropped, it counts as unknown.
    pub fn invoke(&self, f: &str, key: Option<&str>, value: Value) -> Invocation {
        let (id, process) = self.recorder.begin(self);
        let op = Op { id, process, phase: Phase::Invoke, f: f.into(), key: key.map(Into::into), value };
        squall_io::observe(op.clone());
        Invocation { op, ctx: self.clone(), open: true, simulated: squall_sim::in_simulation() }
    }
}

/// An operation in flight.
#[derive(Debug)]
#[must_use = "an operation that is not completed counts as unknown"]
pub struct Invocation {
    op: Op,
    ctx: ClientCtx,
    open: bool,
    simulated: bool,
}

impl Invocation {
    /// Its id: unique in the run, the same in every run of the seed.
    pub const fn id(&self) -> OpId {
        self.op.id
    }

    /// It happened, with this result.
    pub fn ok(mut self, result: Value) {
        self.complete(Phase::Ok, result);
    }

    /// It did not happen and never will.
    pub fn fail(mut self, why: &str) {
        self.complete(Phase::Fail, why.into());
    }

    /// Nobody knows whether it happened.
    pub fn info(mut self, why: &str) {
        self.complete(Phase::Info, why.into());
    }

    fn complete(&mut self, phase: Phase, value: Value) {
        self.open = false;
        if phase != Phase::Info {
            self.ctx.recorder.release(&self.ctx, self.op.process);
        }
        squall_io::observe(Op { phase, value, ..self.op.clone() });
    }
}

impl Drop for Invocation {
    fn drop(&mut self) {
        // At the end of a simulation everything is dropped outside any node: what is in flight then
        // stays so.
        if !self.open || self.simulated != squall_sim::in_simulation() {
            return;
        }
        let why = if std::thread::panicking() {
            "the client panicked"
        } else if self.simulated && !squall_sim::is_alive() {
            "the client stopped"
        } else {
            "the client gave it up"
        };
        self.complete(Phase::Info, why.into());
    }
}

/// Hands out ids of operations and processes: by client, so that no client shifts another's.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    clients: Arc<Mutex<BTreeMap<NodeName, Client>>>,
    roles: Arc<[&'static str]>,
    draws: Draws,
}

#[derive(Debug, Default)]
struct Client {
    numbered: u64,
    ops: u64,
    processes: u64,
    /// The latest incarnation that acted.
    boot: Option<Boot>,
    /// Its processes without an operation in flight whose last one is known.
    idle: Vec<ProcessId>,
}

/// Room for the operations and processes of one client: more than a run has events for.
const PER_CLIENT: u64 = 10_000_000;
/// Room for the clients of one role.
const PER_ROLE: u64 = 100_000;

impl Recorder {
    /// A recorder for the clients of these roles.
    pub(crate) fn new(draws: Draws, roles: Vec<&'static str>) -> Self {
        Self { clients: Arc::default(), roles: roles.into(), draws }
    }

    /// A client's ids start at a function of its role and number, whoever else there is.
    fn base(&self, ctx: &ClientCtx) -> u64 {
        let node = &ctx.node.node;
        let role = self.roles.iter().position(|role| *role == node.role).expect("clients have client roles");
        (role as u64 * PER_ROLE + u64::from(node.number)) * PER_CLIENT
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<NodeName, Client>> {
        self.clients.lock().expect("nothing panics while it holds the lock")
    }

    fn begin(&self, ctx: &ClientCtx) -> (OpId, ProcessId) {
        let base = self.base(ctx);
        let mut clients = self.lock();
        let client = clients.entry(ctx.name().clone()).or_default();
        if client.boot != Some(ctx.boot()) {
            client.boot = Some(ctx.boot());
            client.idle.clear();
        }
        client.ops += 1;
        let process = client.idle.pop().unwrap_or_else(|| {
            client.processes += 1;
            ProcessId(base + client.processes)
        });
        (OpId(base + client.ops), process)
    }

    /// The process may act again, if its incarnation still does.
    fn release(&self, ctx: &ClientCtx, process: ProcessId) {
        let mut clients = self.lock();
        let client = clients.entry(ctx.name().clone()).or_default();
        if client.boot == Some(ctx.boot()) {
            client.idle.push(process);
        }
    }
}
