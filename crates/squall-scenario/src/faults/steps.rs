//! Steps from the tree: faults one after the other, pauses between them, and what is waited for.

use squall_history::SimDuration;

use super::Step;
use super::read::Reader;
use crate::codes::Code;
use crate::fields::{self, Fields, Keys, shown};
use crate::range::Ranged;
use crate::scope::{Author, Scope};
use crate::tree::{Kind, Node};

const STEP: Keys =
    Keys { of: "a step", known: &["id", "for", "wait", "wait-for", "parallel", "steps"], planned: &[] };
const WAIT_FOR: Keys = Keys { of: "`wait-for`", known: &["event", "timeout"], planned: &[] };
/// What a step is that is no fault.
const OTHERS: [&str; 4] = ["wait", "wait-for", "parallel", "steps"];

impl Reader<'_> {
    /// A list of steps; all errors in it are reported.
    pub(super) fn steps(&mut self, node: &Node, scope: &Scope<'_>) -> Option<Vec<Step>> {
        let items = fields::list(node, "a sequence of steps", self.report)?;
        if items.is_empty() {
            let error = self.report.error(Code::NoAction, node.head(), "there is no step");
            error.label("list at least one");
        }
        let steps: Vec<Option<Step>> = items.iter().map(|item| self.step(item, scope)).collect();
        steps.into_iter().collect()
    }

    fn step(&mut self, node: &Node, scope: &Scope<'_>) -> Option<Step> {
        let others = OTHERS.iter().filter_map(|key| Some((*key, node.get(key)?))).collect::<Vec<_>>();
        let Some(&(what, entry)) = others.first() else { return self.fault_step(node, scope) };
        let Kind::Map(entries) = &node.kind else { unreachable!("only a mapping has keys") };
        if let Some(second) = entries.iter().find(|other| other.key != what) {
            let title = format!("`{}` does not go with `{what}`", shown(&second.key));
            let error = self.report.error(Code::MisplacedKey, second.key_span.clone(), title);
            error.label("a step is one thing").help("make it a step of its own");
            return None;
        }
        Some(match what {
            "wait" => Step::Wait(Ranged::<SimDuration>::read(&entry.value, self.report)?),
            "wait-for" => self.wait_for(&entry.value, scope)?,
            "parallel" => Step::Parallel(self.steps(&entry.value, scope)?),
            _ => Step::Steps(self.steps(&entry.value, scope)?),
        })
    }

    /// A condition by name, or with a time-out.
    fn wait_for(&mut self, node: &Node, scope: &Scope<'_>) -> Option<Step> {
        let options = match node.text() {
            Some(_) => None,
            None => Some(Fields::open(node, WAIT_FOR, self.report)?),
        };
        let event = match &options {
            Some(options) => options.require("event", self.report)?,
            None => node,
        };
        let name = fields::text(event, "a condition", self.report)?;
        scope.check_condition(event, name, self.report);
        let timeout = options.and_then(|options| options.get("timeout"));
        let timeout = timeout.map(|node| Ranged::read(node, self.report));
        Some(Step::WaitFor {
            event: name.to_owned(),
            timeout: timeout.map_or(Some(None), |it| it.map(Some))?,
        })
    }

    fn fault_step(&mut self, node: &Node, scope: &Scope<'_>) -> Option<Step> {
        let parts = self.open(node, STEP)?;
        let author = if parts.fields.get("id").is_some() { Author::Squall } else { scope.author };
        let scope = &Scope { author, ..*scope };
        let id = parts.fields.get("id").map(|node| self.name(node, "fault id"));
        let fault = self.timed(&parts, scope)?;
        Some(Step::Fault { id: id.map_or(Some(None), |id| id.map(Some))?, fault })
    }
}
