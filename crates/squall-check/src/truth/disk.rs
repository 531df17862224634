//! What lies durably on the nodes' disks, read from `truth.disk` records.

use std::collections::BTreeMap;
use std::ops::Range;

use squall_history::{Body, DiskEvent, NodeName, Record};

/// What would survive a loss of power now.
///
/// It answers for bytes as the node reads them now. As long as a node has power, that is as they
/// were last written. A loss of power leaves more than was certain, by chance, and what it leaves may
/// be torn: so whoever keeps a list of things written must strike off, when a node's
/// [`PowerLost`](squall_history::NodeEvent::PowerLost) comes, what is not synced at that moment. The
/// changes that the loss brings are told after that record.
#[derive(Clone, Debug, Default)]
pub struct DiskTruth {
    nodes: BTreeMap<NodeName, BTreeMap<String, Vec<Range<u64>>>>,
}

impl DiskTruth {
    /// Takes the next record of a history.
    pub fn observe(&mut self, record: &Record) {
        let (Some(node), Body::Disk(event)) = (&record.node, &record.body) else { return };
        let DiskEvent::Holds { file, ranges } = event;
        if !self.nodes.contains_key(node) {
            self.nodes.insert(node.clone(), BTreeMap::new());
        }
        let files = self.nodes.get_mut(node).expect("just made");
        if ranges.is_empty() {
            files.remove(file);
        } else {
            files.insert(file.clone(), ranges.clone());
        }
    }

    /// Whether these bytes of a node's file would be there, under this name, after a loss of power
    /// now. No bytes are always there.
    pub fn is_synced(&self, node: &NodeName, file: &str, offset: u64, length: u64) -> bool {
        let end = offset.saturating_add(length);
        let ranges = self.nodes.get(node).and_then(|files| files.get(file)).map_or(&[][..], Vec::as_slice);
        // There are gaps between ranges, so one must hold it all.
        length == 0 || ranges.iter().any(|range| range.start <= offset && end <= range.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use squall_history::SimTime;

    #[test]
    fn the_last_word_of_a_file_counts() {
        let mut truth = DiskTruth::default();
        let mut holds = |node: &str, file: &str, ranges: &[(u64, u64)]| {
            let ranges = ranges.iter().map(|(from, to)| *from..*to).collect();
            let event = DiskEvent::Holds { file: file.to_owned(), ranges };
            let body = Body::Disk(event);
            truth.observe(&Record { at: SimTime::ZERO, node: Some(node.into()), boot: None, body });
            truth.clone()
        };
        let node = NodeName::from("a");
        let first = holds("a", "x", &[(0, 10), (20, 30)]);
        for (offset, length, expected) in [
            (0, 10, true),
            (0, 11, false),
            (9, 12, false),
            (22, 3, true),
            (15, 0, true),
            (20, u64::MAX, false),
        ] {
            assert_eq!(first.is_synced(&node, "x", offset, length), expected, "{offset} {length}");
        }
        assert!(!first.is_synced(&node, "y", 0, 1) && !first.is_synced(&"b".into(), "x", 0, 1));
        let other = holds("b", "x", &[(0, 1)]);
        assert!(other.is_synced(&node, "x", 0, 10));
        let last = holds("a", "x", &[]);
        assert!(!last.is_synced(&node, "x", 0, 1) && last.is_synced(&"b".into(), "x", 0, 1));
    }
}
