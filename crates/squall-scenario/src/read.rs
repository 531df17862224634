//! The whole file: tree to [`Scenario`], section by section, every error reported.

use squall_history::{FaultId, Reseed, SimDuration, SimTime, Veto};

use crate::catalogue::{Catalogue, SystemEntry};
use crate::codes::Code;
use crate::diagnostic::{Diagnostics, Report, Source};
use crate::expect::{Expectations, FaultNames};
use crate::faults::{self, FaultEntry};
use crate::fields::{self, Fields, Keys, shown};
use crate::names::is_plain_name;
use crate::network::Network;
use crate::range::{self, Ranged};
use crate::scenario::{DEFAULT_ENGINE, Scenario};
use crate::scope::{Author, Scope};
use crate::section::{Section, SectionKind};
use crate::surroundings::{self, Seeds};
use crate::topology;
use crate::tree::Node;
use crate::yaml;

const TOP: Keys = Keys {
    of: "a scenario",
    known: &[
        "version",
        "name",
        "description",
        "tags",
        "system",
        "topology",
        "network",
        "clock",
        "disk",
        "workload",
        "duration",
        "seeds",
        "faults",
        "expect",
        "limits",
        "engine",
        "reseed",
        "vetoes",
        "skip-unsupported",
    ],
    planned: &[],
};
const SYSTEM: Keys = Keys { of: "`system`", known: &["name", "config", "bugs"], planned: &[] };
const RESEED: Keys = Keys { of: "an entry of `reseed`", known: &["at", "seed"], planned: &[] };
const VETO: Keys = Keys { of: "an entry of `vetoes`", known: &["id", "at", "why"], planned: &[] };

/// Reads a scenario or plan file. All errors of meaning are reported at once.
///
/// # Errors
/// What is wrong with the file, in order of position; warnings are among them.
pub fn parse(source: &Source, catalogue: &Catalogue) -> Result<Scenario, Diagnostics> {
    let mut report = Report::default();
    let scenario = yaml::read(&source.text, &mut report)
        .and_then(|root| Reader { source, catalogue, report: &mut report }.scenario(&root));
    let refused = report.errors() > 0;
    let diagnostics = Diagnostics::new(source.clone(), report.list);
    match scenario {
        Some(scenario) if !refused => Ok(Scenario { unsupported: diagnostics, ..scenario }),
        _ => {
            assert!(refused, "a file that is refused has an error");
            Err(diagnostics)
        }
    }
}

struct Reader<'a> {
    source: &'a Source,
    catalogue: &'a Catalogue,
    report: &'a mut Report,
}

/// The section `system`; what is missing has been reported.
struct SystemSection<'a> {
    name: Option<String>,
    entry: Option<&'a SystemEntry>,
    config: Section,
    bugs: Vec<String>,
}

impl<'a> Reader<'a> {
    fn scenario(&mut self, root: &Node) -> Option<Scenario> {
        let fields = Fields::open(root, TOP, self.report)?;
        self.version(&fields);
        let name = fields.require("name", self.report).and_then(|node| self.name(node));
        let system = self.system(&fields);
        let mut scope = Scope { system: system.entry, author: Author::Person, ..Scope::UNCHECKED };
        let topology = topology::read(fields.get("topology"), &scope, self.report);
        let nodes = topology.names();
        scope.zones = Some(&topology.zones);
        // Without a known system its default roles are unknown, and so are the nodes.
        scope.nodes = system.entry.map(|_| &nodes[..]);
        let duration: Option<Ranged<SimDuration>> =
            fields.require("duration", self.report).and_then(|node| Ranged::read(node, self.report));
        let faults = fields.get("faults").map(|node| faults::read(node, duration, &scope, self.report));
        let names: Vec<String> = faults.iter().flatten().flat_map(FaultEntry::names).collect();
        let is_plan = fields.get("topology").is_some_and(|node| node.get("missing-roles").is_some());
        let author = if is_plan { Author::Squall } else { Author::Person };
        let names = FaultNames { known: &names, author };
        let expect = Expectations::read(fields.get("expect"), &scope, names, self.report);
        let seeds = fields.get("seeds").and_then(|node| Seeds::read(node, self.report));
        let tags = fields.get("tags").and_then(|node| fields::texts(node, "a tag", self.report));
        let rest = Scenario {
            name: String::new(),
            description: self.text(&fields, "description").unwrap_or_default(),
            tags: tags.unwrap_or_default().into_iter().map(|(tag, _)| tag.to_owned()).collect(),
            seeds: seeds.unwrap_or(Seeds::DEFAULT),
            system: String::new(),
            engine: self.text(&fields, "engine").unwrap_or_else(|| DEFAULT_ENGINE.to_owned()),
            unsupported: Diagnostics::new(self.source.clone(), Vec::new()),
            name_line: fields.entry("name").map_or(1, |entry| self.source.position(entry.key_span.start).0),
            config: system.config,
            bugs: system.bugs,
            workload: self.workload(&fields, system.entry),
            network: Network::read(fields.get("network"), &scope, self.report),
            clock: surroundings::clock(fields.get("clock"), self.report),
            disk: surroundings::Disk::read(fields.get("disk"), self.report),
            duration: duration.unwrap_or(Ranged::fixed(SimDuration::ZERO)),
            faults: faults.unwrap_or_default(),
            expect,
            limits: surroundings::limits(fields.get("limits"), self.report),
            reseed: self.reseed(&fields),
            vetoes: self.vetoes(&fields),
            skip_unsupported: self.skips(&fields),
            topology,
        };
        Some(Scenario { name: name?, system: system.name?, ..rest })
    }

    fn text(&mut self, fields: &Fields<'_>, key: &str) -> Option<String> {
        fields
            .get(key)
            .and_then(|node| fields::text(node, &format!("`{key}`"), self.report))
            .map(str::to_owned)
    }

    fn version(&mut self, fields: &Fields<'_>) {
        match fields.get("version") {
            None => {
                let error = self.report.error(Code::Version, fields.head(), "the schema version is missing");
                error.label("a scenario begins with `version: 1`");
            }
            Some(node) if node.text() == Some("1") => {}
            Some(node) => {
                let title = format!("unknown schema version `{}`", shown(node.text().unwrap_or_default()));
                self.report.error(Code::Version, node.head(), title).label("only version 1 exists");
            }
        }
    }

    fn name(&mut self, node: &Node) -> Option<String> {
        let name = fields::text(node, "the name", self.report)?;
        if !is_plain_name(name) {
            let title = format!("`{}` is not a name", shown(name));
            let error = self.report.error(Code::Name, node.span.clone(), title);
            error.label("small letters, digits and hyphens only");
            return None;
        }
        Some(name.to_owned())
    }

    /// `system: NAME` or `system: { name, config, bugs }`.
    fn system(&mut self, fields: &Fields<'_>) -> SystemSection<'a> {
        let node = fields.require("system", self.report);
        let options = node
            .filter(|node| node.text().is_none())
            .and_then(|node| Fields::open(node, SYSTEM, self.report));
        let name_node = match &options {
            Some(options) => options.require("name", self.report),
            None => node.filter(|node| node.text().is_some()),
        };
        let name = name_node.and_then(|node| fields::text(node, "the system's name", self.report));
        let entry = name.and_then(|name| self.catalogue.systems.get(name));
        if let (Some(node), Some(_), None) = (name_node, name, entry) {
            let known = self.catalogue.systems.keys().map(String::as_str);
            fields::unknown(node, Code::UnknownSystem, "system", known, self.report);
        }
        let config = options.as_ref().and_then(|options| options.entry("config"));
        let place = match config {
            Some(entry) => entry.key_span.clone(),
            None => node.map_or(fields.head(), Node::head),
        };
        let config = config.map(|entry| &entry.value);
        let config = Section::read(config, SectionKind::Config, place, entry, self.report);
        let bugs = options.and_then(|options| options.get("bugs"));
        let bugs = bugs.map(|list| self.bugs(list, entry)).unwrap_or_default();
        SystemSection { name: name.map(str::to_owned), entry, config, bugs }
    }

    fn bugs(&mut self, list: &Node, system: Option<&SystemEntry>) -> Vec<String> {
        let scope = Scope { system, ..Scope::UNCHECKED };
        let names = fields::texts(list, "a planted bug", self.report).unwrap_or_default();
        for (bug, item) in &names {
            scope.check_bug(item, bug, self.report);
        }
        names.into_iter().map(|(bug, _)| bug.to_owned()).collect()
    }

    fn workload(&mut self, fields: &Fields<'_>, system: Option<&SystemEntry>) -> Section {
        let workload = fields.entry("workload");
        let place = workload.map_or(fields.head(), |entry| entry.key_span.clone());
        let workload = workload.map(|entry| &entry.value);
        Section::read(workload, SectionKind::Workload, place, system, self.report)
    }

    fn reseed(&mut self, fields: &Fields<'_>) -> Vec<Reseed> {
        let items = fields.get("reseed").and_then(|node| fields::list(node, "`reseed`", self.report));
        let one = |item| {
            let fields = Fields::open(item, RESEED, self.report)?;
            let at = fields.require("at", self.report).and_then(|node| time(node, self.report));
            let seed = fields.require("seed", self.report);
            let seed = seed.and_then(|node| surroundings::seed(node, self.report));
            Some(Reseed { at: at?, seed: seed? })
        };
        items.unwrap_or_default().iter().filter_map(one).collect()
    }

    /// Whether faults that the engine cannot inject are left out.
    fn skips(&mut self, fields: &Fields<'_>) -> bool {
        const WORDS: [(&str, bool); 2] = [("true", true), ("false", false)];
        let node = fields.get("skip-unsupported");
        node.and_then(|node| fields::word(node, "`skip-unsupported`", &WORDS, self.report)).unwrap_or(false)
    }

    fn vetoes(&mut self, fields: &Fields<'_>) -> Vec<Veto> {
        let items = fields.get("vetoes").and_then(|node| fields::list(node, "`vetoes`", self.report));
        let one = |item| {
            let fields = Fields::open(item, VETO, self.report)?;
            let mut text =
                |key| fields.require(key, self.report).map(|node| fields::text(node, key, self.report));
            let (id, why) = (text("id"), text("why"));
            let at = fields.require("at", self.report).and_then(|node| time(node, self.report));
            Some(Veto { id: FaultId(id??.into()), at: at?, why: why??.to_owned() })
        };
        items.unwrap_or_default().iter().filter_map(one).collect()
    }
}

fn time(node: &Node, report: &mut Report) -> Option<SimTime> {
    range::fixed::<SimDuration>(node, report).map(|span| SimTime(span.as_nanos()))
}
