//! Black-box checkers as checkers of a run: what an [`Analysis`] says of the client operations.

use serde_json::json;
use squall_blackbox::{Analysis, Budget, Findings, Model, Scope, events, linearizability, operations};
use squall_history::History;

use crate::{Checker, Oracle};

/// An analysis, under its own name or another.
///
/// An ill-formed history (see the violation's message) is a violation, since clients record
/// themselves.
#[derive(Clone, Copy, Debug)]
pub struct BlackBox<A> {
    analysis: A,
    name: Option<&'static str>,
    id: Option<&'static str>,
}

/// A checker of whether the client operations are linearizable with respect to `model`, ready for a
/// system's list of checkers.
pub fn linearizable<M: Model + 'static>(model: M) -> Box<dyn Checker> {
    Box::new(BlackBox::new(linearizability::Linearizable::new(model)))
}

/// A checker of anything that needs nothing but what clients saw: one of [`squall_blackbox`], or of one's
/// own.
///
/// ```
/// use squall_check::black_box;
/// use squall_check::blackbox::UniqueIds;
///
/// assert_eq!(black_box(UniqueIds::handed_out_by("next")).name(), "unique-ids");
/// ```
pub fn black_box<A: Analysis + 'static>(analysis: A) -> Box<dyn Checker> {
    Box::new(BlackBox::new(analysis))
}

impl<A> BlackBox<A> {
    /// Under the analysis's own name.
    pub const fn new(analysis: A) -> Self {
        Self { analysis, name: None, id: None }
    }

    /// Under a name of its own and an id, for a system with several or with a catalogue.
    #[must_use]
    pub fn named(self, name: &'static str, id: Option<&'static str>) -> Self {
        Self { name: Some(name), id, ..self }
    }
}

impl<A: Analysis> Oracle for BlackBox<A> {
    fn name(&self) -> &'static str {
        self.name.unwrap_or_else(|| self.analysis.name())
    }

    fn id(&self) -> Option<&'static str> {
        self.id
    }
}

impl<A: Analysis> Checker for BlackBox<A> {
    fn scope(&self) -> Scope {
        self.analysis.scope()
    }

    fn check(&self, history: &History, budget: &mut Budget, findings: &mut Findings) {
        match operations(events(history)) {
            Ok(operations) => self.analysis.analyse(&operations, budget, findings),
            Err(problem) => {
                let finding = findings.violated(problem.at, format!("the history is ill-formed: {problem}"));
                finding.op(problem.op).evidence(json!({ "ill-formed": problem.problem }));
            }
        }
    }
}
