//! A scenario: a file that has been read and checked against a catalogue.

use squall_history::{Digest, DiskProfile, FaultId, Folder, Limits, Reseed, SimDuration, SimTime, Veto};

use crate::catalogue::{Catalogue, SystemEntry};
use crate::codes::Code;
use crate::diagnostic::{Diagnostics, Report, Source};
use crate::expect::Expectations;
use crate::faults::{self, FaultEntry};
use crate::fields::{self, Fields, Keys, shown};
use crate::names::is_plain_name;
use crate::range::{self, Ranged};
use crate::scope::{Author, Scope};
use crate::section::{Section, SectionKind};
use crate::surroundings::{self, Network, Seeds};
use crate::topology::{self, TopologyPlan};
use crate::tree::Node;
use crate::yaml;

/// The engine of a scenario that names none.
pub const DEFAULT_ENGINE: &str = "native";

/// A checked scenario. Planning it cannot fail.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name, `[a-z0-9-]+`.
    pub name: String,
    /// One line about it.
    pub description: String,
    /// For choosing scenarios on the command line.
    pub tags: Vec<String>,
    /// Which seeds it runs with, unless the command line says otherwise.
    pub seeds: Seeds,
    /// Name of its system.
    pub system: String,
    /// Name of the engine it is meant for.
    pub engine: String,
    /// What it uses of the design that is not built yet. Whoever runs it refuses it by these.
    pub unsupported: Diagnostics,
    /// The line of `name:`, from 1, for annotations.
    pub name_line: usize,
    pub(crate) config: Section,
    pub(crate) bugs: Vec<String>,
    pub(crate) workload: Section,
    pub(crate) topology: TopologyPlan,
    pub(crate) network: Network,
    pub(crate) disk: DiskProfile,
    pub(crate) duration: Ranged<SimDuration>,
    pub(crate) faults: Vec<FaultEntry>,
    pub(crate) expect: Expectations,
    pub(crate) limits: Limits,
    pub(crate) reseed: Vec<Reseed>,
    pub(crate) vetoes: Vec<Veto>,
}

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
    ],
    planned: &["clock", "injections"],
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

impl Scenario {
    /// Digest of a scenario's text, for reports: equal texts are equal scenarios.
    pub fn hash(&self) -> Digest {
        hash(&self.unsupported.source().text)
    }

    /// The file it was read from.
    pub fn source(&self) -> &Source {
        self.unsupported.source()
    }
}

fn hash(text: &str) -> Digest {
    let mut folder = Folder::default();
    folder.fold_bytes(text.as_bytes());
    folder.digest()
}

struct Reader<'a> {
    source: &'a Source,
    catalogue: &'a Catalogue,
    report: &'a mut Report,
}

struct SystemSection<'a> {
    name: String,
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
        let entry = system.as_ref().and_then(|system| system.entry);
        let mut scope = Scope { system: entry, zones: None, nodes: None, author: Author::Person };
        let topology = topology::read(fields.get("topology"), &scope, self.report);
        let nodes = topology.names();
        scope.zones = Some(&topology.zones);
        // Without a known system its default roles are unknown, and so are the nodes.
        scope.nodes = entry.map(|_| &nodes[..]);
        let workload = fields.entry("workload");
        let place = workload.map_or(fields.head(), |entry| entry.key_span.clone());
        let check = entry.map(|entry| &entry.check_workload);
        let workload = workload.map(|entry| &entry.value);
        let workload = Section::read(workload, SectionKind::Workload, place, check, self.report);
        let duration: Option<Ranged<SimDuration>> =
            fields.require("duration", self.report).and_then(|node| Ranged::read(node, self.report));
        let faults = fields.get("faults");
        let faults = faults.map(|node| faults::read(node, duration, &scope, self.report));
        let expect = Expectations::read(fields.get("expect"), &scope, self.report);
        let seeds = fields.get("seeds").and_then(|node| Seeds::read(node, self.report));
        let text = |key: &str, report: &mut Report| {
            let text = fields.get(key).and_then(|node| fields::text(node, &format!("`{key}`"), report));
            text.unwrap_or_default().to_owned()
        };
        let tags = fields.get("tags").and_then(|node| fields::texts(node, "a tag", self.report));
        let engine = text("engine", self.report);
        let scenario = Scenario {
            name: String::new(),
            description: text("description", self.report),
            tags: tags.unwrap_or_default().into_iter().map(|(tag, _)| tag.to_owned()).collect(),
            seeds: seeds.unwrap_or(Seeds::DEFAULT),
            system: String::new(),
            engine: if engine.is_empty() { DEFAULT_ENGINE.to_owned() } else { engine },
            unsupported: Diagnostics::new(self.source.clone(), Vec::new()),
            name_line: fields.entry("name").map_or(1, |entry| self.source.position(entry.key_span.start).0),
            config: system.as_ref()?.config.clone(),
            bugs: system.as_ref()?.bugs.clone(),
            workload,
            network: Network::read(fields.get("network"), self.report),
            disk: surroundings::disk(fields.get("disk"), self.report),
            duration: duration.unwrap_or(Ranged::fixed(SimDuration::ZERO)),
            faults: faults.unwrap_or_default(),
            expect,
            limits: surroundings::limits(fields.get("limits"), self.report),
            reseed: self.reseed(&fields),
            vetoes: self.vetoes(&fields),
            topology,
        };
        Some(Scenario { name: name?, system: system?.name, ..scenario })
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
    fn system(&mut self, fields: &Fields<'_>) -> Option<SystemSection<'a>> {
        let node = fields.require("system", self.report)?;
        let options = match node.text() {
            Some(_) => None,
            None => Some(Fields::open(node, SYSTEM, self.report)?),
        };
        let name_node = match &options {
            Some(options) => options.require("name", self.report)?,
            None => node,
        };
        let name = fields::text(name_node, "the system's name", self.report)?;
        let entry = self.catalogue.systems.get(name);
        if entry.is_none() {
            let known = self.catalogue.systems.keys().map(String::as_str);
            fields::unknown(name_node, Code::UnknownSystem, "system", known, self.report);
        }
        let config = options.as_ref().and_then(|options| options.get("config"));
        let place = options.as_ref().and_then(|options| options.entry("config"));
        let place = place.map_or(name_node.span.clone(), |entry| entry.key_span.clone());
        let check = entry.map(|entry| &entry.check_config);
        let config = Section::read(config, SectionKind::Config, place, check, self.report);
        let scope = Scope { system: entry, ..Scope::UNCHECKED };
        let mut bugs = Vec::new();
        if let Some(list) = options.and_then(|options| options.get("bugs")) {
            for (bug, item) in fields::texts(list, "a planted bug", self.report).unwrap_or_default() {
                scope.check_bug(item, bug, self.report);
                bugs.push(bug.to_owned());
            }
        }
        Some(SystemSection { name: name.to_owned(), entry, config, bugs })
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
