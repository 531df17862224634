//! The trigger `random` from the tree: what it picks from, alone, in classes, or by the name of a mix.

use squall_history::Ppm;

use super::read::{Parts, Reader};
use super::{Choice, Class, Random, Trigger, When};
use crate::budget;
use crate::codes::Code;
use crate::fields::{self, Fields, Keys, shown};
use crate::mix;
use crate::names::is_plain_name;
use crate::range;
use crate::scope::Scope;
use crate::tree::Node;

const RANDOM: Keys =
    Keys { of: "`random`", known: &["interval", "max-active", "swarm", "pick", "mix"], planned: &[] };
const CHOICE: Keys =
    Keys { of: "a choice of `pick`", known: &["weight", "for", "throughout", "budget"], planned: &["steps"] };
const CLASS: Keys = Keys { of: "a class of `pick`", known: &["class", "chance", "pick"], planned: &[] };

/// The share of seeds that a swarm takes a class into, where it does not say.
const CHANCE: Ppm = Ppm::percent(50);

/// What was picked so far.
#[derive(Default)]
struct Picked {
    classes: Vec<Class>,
    picks: Vec<Choice>,
}

impl Reader<'_> {
    pub(super) fn random(&mut self, entry: &Fields<'_>, node: &Node, scope: &Scope<'_>) -> Option<Trigger> {
        let fields = Fields::open(node, RANDOM, self.report)?;
        let window = self.window(entry);
        let interval = fields.require("interval", self.report);
        let interval =
            interval.and_then(|node| self.interval(node, window.as_ref().and_then(Option::as_ref)));
        let max_active = fields.get("max-active").map(|node| range::Ranged::read(node, self.report));
        let swarm = fields.get("swarm").map(|node| fields::boolean(node, "`swarm`", self.report));
        let mut picked = Picked::default();
        match (fields.get("pick"), fields.get("mix")) {
            (None, None) => {
                let title = "there is nothing to pick from";
                let error = self.report.error(Code::NoAction, fields.head(), title);
                error.label("`pick` or `mix` is required").help("for the default mix add `mix: default`");
                return None;
            }
            (pick, mix) => {
                if let Some(list) = pick {
                    self.picks(list, None, scope, &mut picked)?;
                }
                if let Some(name) = mix {
                    let list = fields::word(name, "mix", &mix::ALL, self.report)?;
                    self.picks(&mix::tree(list, scope), None, scope, &mut picked)?;
                }
            }
        }
        let Picked { classes, picks } = picked;
        Some(Trigger::Random(Random {
            interval: interval?,
            max_active: max_active.map_or(Some(None), |limit| limit.map(Some))?,
            swarm: swarm.unwrap_or(Some(false))?,
            window: window?,
            classes,
            picks,
        }))
    }

    /// A list of choices, and outside of a class of classes.
    fn picks(
        &mut self,
        list: &Node,
        class: Option<usize>,
        scope: &Scope<'_>,
        into: &mut Picked,
    ) -> Option<()> {
        let items = fields::list(list, "`pick`", self.report)?;
        if items.is_empty() {
            let error = self.report.error(Code::NoAction, list.head(), "there is nothing to pick from");
            error.label("list at least one action");
        }
        for item in items {
            if class.is_none() && item.get("class").is_some() {
                self.class(item, scope, into);
            } else if let Some(choice) = self.choice(item, class, scope) {
                into.picks.push(choice);
            }
        }
        Some(())
    }

    fn class(&mut self, node: &Node, scope: &Scope<'_>, into: &mut Picked) -> Option<()> {
        let fields = Fields::open(node, CLASS, self.report)?;
        let named = fields.require("class", self.report)?;
        let name = fields::text(named, "the class", self.report)?.to_owned();
        let (title, label) = if !is_plain_name(&name) {
            (format!("`{}` is not a class name", shown(&name)), "small letters, digits and hyphens only")
        } else if into.classes.iter().any(|class| class.name == name) {
            (format!("there is a class `{name}` already"), "a class is written once")
        } else {
            (String::new(), "")
        };
        if !title.is_empty() {
            self.report.error(Code::Name, named.span.clone(), title).label(label);
        }
        let chance = fields.get("chance").map_or(Some(CHANCE), |node| range::fixed(node, self.report));
        let list = fields.require("pick", self.report);
        // What is wrong has been told; what is in it is looked at all the same.
        into.classes.push(Class { name, chance: chance.unwrap_or(CHANCE) });
        self.picks(list?, Some(into.classes.len() - 1), scope, into)
    }

    fn choice(&mut self, node: &Node, class: Option<usize>, scope: &Scope<'_>) -> Option<Choice> {
        let parts = self.open(node, CHOICE)?;
        if node.get("steps").is_some() {
            return None;
        }
        let when = self.when(&parts);
        let budget = parts.fields.get("budget");
        let budget = budget.map(|node| fields::word(node, "budget rule", &budget::WORDS, self.report));
        let fault = self.timed(&parts, scope)?;
        let budget = budget.map_or(Some(None), |rule| rule.map(Some))?;
        Some(Choice { class, when: when?, budget, fault })
    }

    fn when(&mut self, parts: &Parts<'_>) -> Option<When> {
        let fields = &parts.fields;
        let throughout = fields.get("throughout");
        let throughout = throughout.map(|node| fields::boolean(node, "`throughout`", self.report));
        let weight = fields.get("weight").map(|node| range::fixed::<u32>(node, self.report));
        if let (Some(Some(0)), Some(node)) = (weight, fields.get("weight")) {
            let error = self.report.error(Code::OutOfBounds, node.span.clone(), "a weight is at least one");
            error.label("would never be picked");
        }
        if throughout != Some(Some(true)) {
            return Some(When::Drawn { weight: weight.unwrap_or(Some(1))? });
        }
        for key in ["weight", "for"] {
            if let Some(entry) = fields.entry(key) {
                let title = format!("`{key}` does not go with `throughout`");
                let error = self.report.error(Code::MisplacedKey, entry.key_span.clone(), title);
                error.label("it lasts as long as its window");
            }
        }
        Some(When::Throughout)
    }
}
