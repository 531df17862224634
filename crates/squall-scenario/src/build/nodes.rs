//! Which nodes a fault is for.

use squall_history::Ppm;

use super::{Map, Setting};

/// Nodes, chosen when the fault takes effect.
#[derive(Clone, PartialEq, Debug)]
pub struct Nodes(Chosen);

#[derive(Clone, PartialEq, Debug)]
enum Chosen {
    Leader,
    Named(Vec<String>),
    Where(Map),
}

impl Nodes {
    /// The latest node to say that it leads.
    pub const fn leader() -> Self {
        Self(Chosen::Leader)
    }

    /// These, by name: `server-1`.
    pub fn named<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self(Chosen::Named(names.into_iter().map(str::to_owned).collect()))
    }

    /// All of a role. With [`one`](Self::one) and the like, some of them.
    pub fn role(name: &str) -> Self {
        Self(Chosen::Where(Map::new().with("role", name)))
    }

    /// All of a zone.
    pub fn zone(name: &str) -> Self {
        Self(Chosen::Where(Map::new().with("zone", name)))
    }

    /// Every node, clients included.
    pub fn all() -> Self {
        Self(Chosen::Where(Map::new().with("mode", "all")))
    }

    /// One of them, drawn. As the others below it changes nothing of the leader and of nodes by name.
    #[must_use]
    pub fn one(self) -> Self {
        self.narrowed("one", None)
    }

    /// So many of them, drawn.
    #[must_use]
    pub fn some(self, count: u32) -> Self {
        self.narrowed("fixed", Some(count.into()))
    }

    /// This share of them, drawn.
    #[must_use]
    pub fn share(self, share: Ppm) -> Self {
        self.narrowed("fixed-percent", Some(share.into()))
    }

    /// A drawn number of them, this share at most.
    #[must_use]
    pub fn share_at_most(self, share: Ppm) -> Self {
        self.narrowed("random-max-percent", Some(share.into()))
    }

    /// Rather those that wait for their disks at that moment.
    #[must_use]
    pub fn with_io_in_flight(self) -> Self {
        match self.0 {
            Chosen::Where(map) => Self(Chosen::Where(map.with("prefer", "io-in-flight"))),
            other => Self(other),
        }
    }

    fn narrowed(self, mode: &str, value: Option<Setting>) -> Self {
        match self.0 {
            Chosen::Where(map) => Self(Chosen::Where(map.with("mode", mode).with_some("value", value))),
            other => Self(other),
        }
    }
}

impl From<Nodes> for Setting {
    fn from(nodes: Nodes) -> Self {
        match nodes.0 {
            Chosen::Leader => "leader".into(),
            Chosen::Named(names) => names.into(),
            Chosen::Where(map) => map.into(),
        }
    }
}
