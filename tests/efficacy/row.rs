//! One row of a fault table.

use super::Seen;

/// One kind of fault.
pub(crate) struct Row {
    /// The keyword, or `disk` and the kind of disk fault: what the no-op switch is told.
    pub(crate) kind: &'static str,
    /// The action as YAML.
    pub(crate) fault: &'static str,
    /// Its `for`.
    pub(crate) lasts: Option<&'static str>,
    /// Another fault entry without which this one cannot be seen. It strikes in every run of the row.
    pub(crate) besides: Option<&'static str>,
    /// Whether what was seen shows the fault.
    pub(crate) bites: fn(&[Seen]) -> bool,
}

pub(crate) const fn row(kind: &'static str, fault: &'static str, bites: fn(&[Seen]) -> bool) -> Row {
    Row { kind, fault, lasts: Some("1s"), besides: None, bites }
}

/// An instant has no `for`.
pub(crate) const fn instant(kind: &'static str, fault: &'static str, bites: fn(&[Seen]) -> bool) -> Row {
    Row { kind, fault, lasts: None, besides: None, bites }
}

/// The entries of `faults` of a row's scenario.
pub(crate) fn faults(row: &Row) -> Vec<String> {
    let lasts = row.lasts.map(|lasts| format!("for: {lasts}, ")).unwrap_or_default();
    let fault = format!("{{ at: 1s, {lasts}{} }}", row.fault);
    std::iter::once(fault).chain(row.besides.map(str::to_owned)).collect()
}
