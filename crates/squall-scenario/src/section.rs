//! A system's own sections, `system.config` and `workload`: this crate finds their ranges and keeps
//! their places, the system judges what they mean.

use serde_json::Value;
use squall_history::{Draws, Identity};

use crate::any_range::{self, HasRanges, Pick};
use crate::catalogue::{SectionCheck, SystemEntry};
use crate::codes::Code;
use crate::diagnostic::{Report, Span};
use crate::range::Address;
use crate::tree::{Kind, Node, Scalar};

/// One section.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    root: Node,
    /// Dotted path of the section in the file.
    path: &'static str,
    /// Settings that the system is to get and has not yet, as paths inside the section.
    planned: Vec<Vec<String>>,
}

impl Section {
    /// Reads a section, and has it judged at both ends of its ranges, but for what is planned only.
    pub(crate) fn read(
        node: Option<&Node>,
        kind: SectionKind,
        place: Span,
        system: Option<&SystemEntry>,
        report: &mut Report,
    ) -> Self {
        let (path, code) = kind.path_and_code();
        let check = system.map(|system| kind.check(system));
        let root = match node.map(|node| (node, &node.kind)) {
            None | Some((_, Kind::Scalar(Scalar { value: Value::Null, .. }))) => {
                Node::map(place.clone(), Vec::new())
            }
            Some((node, _)) => node.clone(),
        };
        let planned = system.map(|system| planned(&system.planned, path)).unwrap_or_default();
        let section = Self { root, path, planned };
        let before = report.errors();
        if !matches!(section.root.kind, Kind::Map(_)) {
            crate::fields::wrong_type(&section.root, &format!("`{path}`"), "a mapping", report);
        }
        let ranges = any_range::check(&section.root, report);
        for setting in &section.planned {
            if let Some(span) = section.root.find(setting) {
                report.not_supported(span, format!("`{path}.{}`", setting.join(".")));
            }
        }
        if let (Some(check), true) = (check, report.errors() == before) {
            let ends: &[Pick<'_>] = match ranges {
                HasRanges::Yes => &[Pick::Low, Pick::High],
                HasRanges::No => &[Pick::Low],
            };
            for end in ends {
                let Err(error) = check(&section.built(*end)) else { continue };
                let found = section.root.place(&error.path).unwrap_or_else(|| match node {
                    Some(node) => node.head(),
                    None => place.clone(),
                });
                let title = format!("the system refuses `{path}`");
                report.error(code, found, title).label(error.message);
                break;
            }
        }
        section
    }

    /// The section with all its ranges drawn: `Domain::Plan`, identity the dotted path of the value.
    pub(crate) fn draw(&self, draws: &Draws) -> Value {
        self.resolved(Pick::Draw(&|path| Address { draws, identity: Identity::of(path), n: 0 }.field("")))
    }

    /// Puts a value at a dotted path inside the section.
    pub(crate) fn set(&mut self, path: &[&str], value: Node) {
        self.root.set(path, value);
    }

    /// Judges the section once more, after values of it were set.
    pub(crate) fn check(&self, check: &SectionCheck) -> Result<(), String> {
        let mut report = Report::default();
        any_range::check(&self.root, &mut report);
        if let Some(first) = report.list.first() {
            return Err(first.title.clone());
        }
        for end in [Pick::Low, Pick::High] {
            check(&self.built(end)).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// What of the section the system knows.
    fn built(&self, pick: Pick<'_>) -> Value {
        let mut value = self.resolved(pick);
        for setting in &self.planned {
            let Some((last, before)) = setting.split_last() else { continue };
            let parent = before.iter().try_fold(&mut value, |value, key| value.get_mut(key.as_str()));
            if let Some(Value::Object(entries)) = parent {
                entries.remove(last);
            }
        }
        value
    }

    fn resolved(&self, pick: Pick<'_>) -> Value {
        any_range::resolve(&self.root, self.path, pick).to_json()
    }
}

/// Those of `names` that are settings of the section at `path`, as paths inside it.
fn planned(names: &[String], path: &str) -> Vec<Vec<String>> {
    let inside = |name: &String| name.strip_prefix(path)?.strip_prefix('.').map(str::to_owned);
    names.iter().filter_map(inside).map(|name| name.split('.').map(str::to_owned).collect()).collect()
}

/// Which section.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SectionKind {
    Config,
    Workload,
}

impl SectionKind {
    fn check(self, system: &SystemEntry) -> &SectionCheck {
        match self {
            Self::Config => &system.check_config,
            Self::Workload => &system.check_workload,
        }
    }

    fn path_and_code(self) -> (&'static str, Code) {
        match self {
            Self::Config => ("system.config", Code::Config),
            Self::Workload => ("workload", Code::Workload),
        }
    }
}
