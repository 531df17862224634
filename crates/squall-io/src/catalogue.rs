//! The static catalogue: every site, point and assertion in the program, whether it is ever met or not.
//!
//! An assertion that nobody reaches is worth knowing of, and a run cannot tell of it. So each is put on
//! a list before `main` begins, by its macro (`inventory`: link-time registration, without life of its
//! own). The order of that list is the linker's; what is given out is sorted.

#[cfg(feature = "sim")]
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a point is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum PointKind {
    /// [`always!`](crate::assert::always).
    Always,
    /// [`unreachable!`](crate::assert::unreachable).
    Unreachable,
    /// [`sometimes!`](crate::assert::sometimes).
    Sometimes,
    /// [`reachable!`](crate::assert::reachable).
    Reachable,
    /// [`hook!`](crate::hook!) or [`hook_now!`](crate::hook_now!).
    Hook,
    /// [`buggify!`](crate::buggify!).
    Buggify,
    /// [`knob!`](crate::knob!).
    Knob,
}

impl PointKind {
    /// Its word in reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Unreachable => "unreachable",
            Self::Sometimes => "sometimes",
            Self::Reachable => "reachable",
            Self::Hook => "hook",
            Self::Buggify => "buggify",
            Self::Knob => "knob",
        }
    }

    /// Whether a campaign that never meets it has missed something.
    pub const fn is_goal(self) -> bool {
        matches!(self, Self::Sometimes | Self::Reachable)
    }
}

/// One place in a program's text. Two places may bear one name: then they are one thing.
#[derive(Debug)]
pub struct Point {
    kind: PointKind,
    name: &'static str,
    module: &'static str,
    line: u32,
    /// Given out when it is first met, from 1; zero before.
    #[cfg(feature = "sim")]
    number: AtomicUsize,
}

impl Point {
    /// For the macros.
    #[doc(hidden)]
    pub const fn new(kind: PointKind, name: &'static str, module: &'static str, line: u32) -> Self {
        Self {
            kind,
            name,
            module,
            line,
            #[cfg(feature = "sim")]
            number: AtomicUsize::new(0),
        }
    }

    /// What it is.
    pub const fn kind(&self) -> PointKind {
        self.kind
    }

    /// Its name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The module that it stands in, crate first.
    pub const fn module(&self) -> &'static str {
        self.module
    }

    /// Whether it stands in the module or crate `module`.
    pub fn is_in(&self, module: &str) -> bool {
        self.module.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    }

    /// Where it stands: `module:line`.
    pub fn place(&self) -> String {
        format!("{}:{}", self.module, self.line)
    }

    /// A small number of its own. It depends on who was met first in this process, so it is for
    /// looking up and nothing else.
    #[cfg(feature = "sim")]
    pub(crate) fn number(&self) -> usize {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        match self.number.load(Ordering::Relaxed) {
            0 => {
                let mine = NEXT.fetch_add(1, Ordering::Relaxed);
                let raced = self.number.compare_exchange(0, mine, Ordering::Relaxed, Ordering::Relaxed);
                raced.map_or_else(|first| first, |_| mine)
            }
            number => number,
        }
    }
}

/// What is registered.
#[doc(hidden)]
#[derive(Debug)]
pub struct Entry(pub &'static Point);

inventory::collect!(Entry);

/// Every point of the program, by module and name. All that is linked is there, systems that do not
/// run included: see [`Point::is_in`].
pub fn catalogue() -> Vec<&'static Point> {
    let mut points: Vec<&Point> = inventory::iter::<Entry>.into_iter().map(|entry| entry.0).collect();
    points.sort_by_key(|point| (point.module, point.name, point.line));
    points
}

/// A point of the program, put into the catalogue.
#[doc(hidden)]
#[macro_export]
macro_rules! __point {
    ($kind:ident, $name:expr) => {{
        static POINT: $crate::catalogue::Point = $crate::catalogue::Point::new(
            $crate::catalogue::PointKind::$kind,
            $name,
            ::core::module_path!(),
            ::core::line!(),
        );
        $crate::private::inventory::submit! { $crate::catalogue::Entry(&POINT) }
        &POINT
    }};
}
