//! R8, `linearizable-control`: whatever clients ask of the control interface, it is as if one machine
//! had answered, one request at a time.
//!
//! A leader that was deposed and does not know it, a new one that has not applied what its
//! predecessor acknowledged, a read served from a lease that has run out: each shows a client the
//! past, after somebody has seen the present. B5 and B6 see some of this, each by a rule of its own;
//! here there is one specification, [`ControlModel`], and no word of the system is needed.
//!
//! Source: Herlihy and Wing, "Linearizability" (1990); for reads that bypass the log, Ongaro,
//! "Consensus: Bridging Theory and Practice" (2014), section 6.4.
//!
//! It does not ask whether a dataset is right (B1) nor whether a job ends (L2), and how many tasks a
//! running job has behind it may rise and fall.

mod call;
mod state;

use serde_json::{Value, json};
use squall_blackbox::linearizability::Values;
use squall_blackbox::{CheckError, Linearizable, Model, OpView, Split};

pub use call::{ControlCall, Progress, Read, Setting, Written};
pub use state::{Control, Newest, Standing};

use crate::{BlackBox, Checker};

/// R8 as a checker.
pub fn linearizable_control() -> Box<dyn Checker> {
    Box::new(BlackBox::new(Linearizable::new(ControlModel)).named("linearizable-control", Some("R8")))
}

/// What the control interface of a batch cluster does, by key: of a dataset, its jobs and its newest
/// version; of a setting, its value and version.
///
/// | operation | argument | result |
/// |---|---|---|
/// | `submit` | anything | `{"job": id}`: a new job for the dataset |
/// | `status` | `{"job": id}` | `{"state": "unknown" \| "running" \| "succeeded" \| "failed", …}` |
/// | `get` | – | `null`, or `{"version": v, "job": id, "text": lines}` |
/// | `config-write` | `{"value": text, "if-version": v}`, without `if-version` in any case | `{"version": v}`, or `{"conflict": v}` with the version that stands |
/// | `config-read` | – | `null`, or `{"version": v, "value": text}` |
///
/// Jobs move on by themselves. The state therefore holds only what was seen: a job that was last seen
/// running may have ended since, and one that is seen at its end has just ended, as late as can be. So
/// a call has one next state, and an order is legal if and only if some moments for the moves that
/// nobody saw make it so. Of those moves it knows that a job ends once and for ever, publishes as it
/// succeeds, and that versions rise; it lets versions be skipped.
///
/// A submission without an answer may have been accepted; its job has its id from the first answer
/// that names it.
#[derive(Clone, Copy, Debug, Default)]
pub struct ControlModel;

impl Model for ControlModel {
    type State = Control;
    type Call = ControlCall;

    fn name(&self) -> &'static str {
        "control interface"
    }

    fn split(&self) -> Split {
        Split::PerKey
    }

    fn init(&self) -> Control {
        Control::default()
    }

    fn call<'h>(&self, op: OpView<'h>, _values: &mut Values<'h>) -> Result<ControlCall, CheckError> {
        ControlCall::read(self.name(), op)
    }

    fn step(&self, state: &Control, call: &ControlCall) -> Option<Control> {
        let mut next = state.clone();
        next.take(call).then_some(next)
    }

    fn show(&self, state: &Control, _order: &[&ControlCall], _values: &Values<'_>) -> Value {
        let Control { jobs, unnamed, newest, setting } = state;
        let jobs = jobs.iter().map(|(job, standing)| {
            let standing = match standing {
                Standing::Running { .. } => json!("running"),
                Standing::Succeeded { version } => json!({ "succeeded": version }),
                Standing::Failed { why } => json!({ "failed": why.as_ref() }),
            };
            json!({ "job": job, "state": standing })
        });
        let jobs: Vec<Value> = jobs.collect();
        let newest = newest.as_ref().map(|newest| json!({ "version": newest.version, "job": newest.job }));
        let setting = setting
            .as_ref()
            .map(|setting| json!({ "version": setting.version, "value": setting.value.as_ref() }));
        json!({ "jobs": jobs, "submissions-without-answer": unnamed.len(), "newest": newest, "setting": setting })
    }

    fn heap_bytes(&self, state: &Control) -> u64 {
        state.heap_bytes()
    }
}
