//! Which engine can do what: one table, for the refusal of plans, for the nemesis and for the documents.

use squall_history::{Action, ClockProfile, Plan};

/// An engine.
#[derive(Clone, Copy, Debug)]
pub struct EngineSpec {
    /// Its name in the scenario schema.
    pub name: &'static str,
    /// What it is, in one line.
    pub what: &'static str,
    /// Whether this binary has it.
    pub is_built: bool,
    /// How to get one that has it.
    pub how_to_build: &'static str,
    /// By keyword, for each that is not simply there.
    limits: &'static [(&'static str, Ability)],
}

/// Whether an engine can inject a fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ability {
    /// As `docs/faults.md` says.
    Yes,
    /// It can, but not all of it, or otherwise.
    Partly(&'static str),
    /// It cannot; why.
    No(&'static str),
}

use Ability::{No, Partly, Yes};

impl Ability {
    /// `yes`, `partly` or `no`.
    pub const fn word(self) -> &'static str {
        match self {
            Yes => "yes",
            Partly(_) => "partly",
            No(_) => "no",
        }
    }

    /// What is other than it could be, if anything is.
    pub const fn why(self) -> Option<&'static str> {
        match self {
            Yes => None,
            Partly(why) | No(why) => Some(why),
        }
    }
}

const NOT_IN_ITS_NETWORK: &str = "its network has no such thing";
const ON_THE_MACHINE: &str = "for what goes through squall_io";
const ONE_CLOCK: &str = "its time is one for all nodes";
const ITS_DRAWS: &str = "its own draws cannot be replaced in the middle of a run";

/// All engines, the default first.
pub const ENGINES: [EngineSpec; 3] = [
    EngineSpec {
        name: "native",
        what: "Squall's own simulator",
        is_built: true,
        how_to_build: "it is always there",
        limits: &[],
    },
    EngineSpec {
        name: "turmoil",
        what: "a `turmoil::Sim`, for systems on squall_io, on turmoil::net, or on both",
        is_built: cfg!(all(feature = "turmoil", not(madsim))),
        how_to_build: "build with the feature `turmoil`",
        limits: &[
            ("power-loss", Partly("the node's links are cut, then its host crashes")),
            ("stop", Partly(ON_THE_MACHINE)),
            ("pause", No("it polls the tasks of every host in every tick")),
            ("slow", No("it has no processors")),
            ("latency", Partly("of both directions, in whole milliseconds, exponential")),
            ("loss", Partly("of both directions; a stream that loses a segment waits for it for ever")),
            ("duplicate", No(NOT_IN_ITS_NETWORK)),
            ("reorder", No(NOT_IN_ITS_NETWORK)),
            ("corrupt", No(NOT_IN_ITS_NETWORK)),
            ("bandwidth", No(NOT_IN_ITS_NETWORK)),
            ("hold", Partly("both directions of a link")),
            ("reset", No(NOT_IN_ITS_NETWORK)),
            ("refuse", No(NOT_IN_ITS_NETWORK)),
            ("dns", Partly(ON_THE_MACHINE)),
            ("disk", Partly(ON_THE_MACHINE)),
            ("clock", No(ONE_CLOCK)),
            ("reseed", No(ITS_DRAWS)),
        ],
    },
    EngineSpec {
        name: "madsim",
        what: "a madsim runtime, for systems on squall_io, on madsim, or on both",
        is_built: cfg!(madsim),
        how_to_build: "`cargo xtask chaos --engine madsim` builds one with `--cfg madsim`",
        limits: &[
            ("power-loss", Partly("the node is paused, and killed when it starts again")),
            ("stop", Partly(ON_THE_MACHINE)),
            ("slow", No("it has no processors")),
            ("latency", Partly("of all links together")),
            ("loss", Partly("of all links together, datagrams alone: streams send again")),
            ("duplicate", No(NOT_IN_ITS_NETWORK)),
            ("reorder", No(NOT_IN_ITS_NETWORK)),
            ("corrupt", No(NOT_IN_ITS_NETWORK)),
            ("bandwidth", No(NOT_IN_ITS_NETWORK)),
            ("hold", No(NOT_IN_ITS_NETWORK)),
            ("reset", No(NOT_IN_ITS_NETWORK)),
            ("refuse", No(NOT_IN_ITS_NETWORK)),
            ("dns", Partly(ON_THE_MACHINE)),
            ("disk", Partly(ON_THE_MACHINE)),
            ("clock", No(ONE_CLOCK)),
            ("reseed", No(ITS_DRAWS)),
        ],
    },
];

/// Something that a plan or scenario asks for and its engine cannot give.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Lack {
    /// The keyword, or the key of the network's profile.
    pub what: String,
    /// Why not.
    pub why: String,
}

impl EngineSpec {
    /// The engine of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        ENGINES.iter().find(|engine| engine.name == name)
    }

    /// Whether it can inject faults of a keyword; `reseed` is one here.
    pub fn ability(&self, keyword: &str) -> Ability {
        self.limits.iter().find(|(limited, _)| *limited == keyword).map_or(Yes, |(_, ability)| *ability)
    }

    /// Why it cannot inject faults of a keyword.
    pub fn lacks(&self, keyword: &str) -> Option<&'static str> {
        match self.ability(keyword) {
            No(why) => Some(why),
            Yes | Partly(_) => None,
        }
    }

    /// What a plan asks for besides its faults.
    pub fn lacks_of_surroundings(&self, plan: &Plan) -> Vec<Lack> {
        let profiles = std::iter::once(&plan.network).chain(plan.links.iter().map(|link| &link.profile));
        let mut asked = Vec::new();
        for profile in profiles {
            asked.extend([
                ("network: duplicate", "duplicate", !profile.duplicate.is_zero()),
                ("network: reorder", "reorder", !profile.reorder.is_zero()),
                ("network: bandwidth", "bandwidth", profile.bandwidth.is_some()),
            ]);
        }
        let exact = ClockProfile::default();
        let clocks = plan.clock.drift != exact.drift;
        asked.extend([("clock: drift", "clock", clocks), ("reseed", "reseed", is_reseeded(plan))]);
        let lack = |(what, keyword, is_asked): (&str, &str, bool)| {
            let why = self.lacks(keyword).filter(|_| is_asked)?;
            Some(Lack { what: what.to_owned(), why: why.to_owned() })
        };
        let mut lacks: Vec<Lack> = asked.into_iter().filter_map(lack).collect();
        lacks.sort();
        lacks.dedup();
        lacks
    }

    /// All that a plan asks for and this engine cannot give, sorted.
    pub fn lacks_of(&self, plan: &Plan) -> Vec<Lack> {
        let lack = |keyword: &str| {
            self.lacks(keyword).map(|why| Lack { what: keyword.to_owned(), why: why.to_owned() })
        };
        let mut lacks: Vec<Lack> = plan.actions().map(Action::keyword).filter_map(lack).collect();
        lacks.extend(self.lacks_of_surroundings(plan));
        lacks.sort();
        lacks.dedup();
        lacks
    }
}

/// Whether draws come from another seed in the middle of the run.
fn is_reseeded(plan: &Plan) -> bool {
    plan.reseed.iter().any(|reseed| reseed.at.0 > 0)
}

/// What engines are compared by: the keywords of faults, and `reseed`.
pub fn keywords() -> impl Iterator<Item = &'static str> {
    Action::KEYWORDS.into_iter().chain(["reseed"])
}

/// The capability table, as Markdown: one row for each fault, one column for each engine.
pub fn table() -> String {
    let cell = |ability: Ability| {
        let why = ability.why().map_or_else(String::new, |why| format!(": {why}"));
        format!("{}{why}", ability.word())
    };
    let heads: Vec<&str> = ENGINES.iter().map(|engine| engine.name).collect();
    let mut text = format!("| fault | {} |\n|---|{}\n", heads.join(" | "), "---|".repeat(heads.len()));
    for keyword in keywords() {
        let cells: Vec<String> = ENGINES.iter().map(|engine| cell(engine.ability(keyword))).collect();
        text.push_str(&format!("| `{keyword}` | {} |\n", cells.join(" | ")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_is_of_a_fault() {
        for engine in &ENGINES {
            for (keyword, _) in engine.limits {
                assert!(keywords().any(|known| known == *keyword), "{keyword}");
            }
        }
    }
}
