//! What a loss of power leaves of a disk.

use squall_history::{Draw, Ppm};

use super::model::{Change, Disk, Pending};

/// What did not survive.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Lost {
    /// Writes (and changes of length) of which nothing survived.
    pub writes_lost: u64,
    /// Writes of which some sectors survived.
    pub writes_torn: u64,
    /// Those among them that a fault tore, by their numbers.
    pub torn_by_fault: Vec<u64>,
    /// Names created, renamed or removed that were not.
    pub names_lost: u64,
}

/// Unit that a disk writes as a whole.
pub(super) const SECTOR: u64 = 512;
const HALF: Ppm = Ppm::percent(50);

// Properties of an operation's draw.
const SURVIVAL: u64 = 1;
const SECTORS: u64 = 2;

impl Disk {
    /// Cuts the power. Of what was not synced a drawn subset survives, whatever its order: each
    /// write is lost, whole or torn at sectors with a third of the chance each; each change of names
    /// survives with half. `draw` gives the draw of an operation by its number.
    pub fn power_loss(&mut self, draw: impl Fn(u64) -> Draw) -> Lost {
        self.power_loss_tearing(draw, |_| None)
    }

    /// As [`power_loss`](Self::power_loss), but the writes to which `tears` gives a draw are torn at
    /// one boundary of sectors, if they have one.
    pub fn power_loss_tearing(
        &mut self,
        draw: impl Fn(u64) -> Draw,
        tears: impl Fn(u64) -> Option<Draw>,
    ) -> Lost {
        let mut lost = Lost::default();
        for Pending { operation, change } in std::mem::take(&mut self.pending) {
            let draw = draw(operation);
            match &change {
                Change::Write { inode, offset, bytes }
                    if tears(operation)
                        .is_some_and(|tear| self.tear_on_medium(*inode, *offset, bytes, tear)) =>
                {
                    lost.writes_torn += 1;
                    lost.torn_by_fault.push(operation);
                }
                Change::Write { inode, offset, bytes } => match draw.property(SURVIVAL).below(3) {
                    0 => lost.writes_lost += 1,
                    1 => {
                        self.medium.apply(&change);
                    }
                    _ => {
                        let mut kept = 0;
                        let sectors = sectors(*offset, bytes.len() as u64);
                        for (place, (start, end)) in sectors.iter().enumerate() {
                            if draw.property(SECTORS).property(place as u64).chance(HALF) {
                                let part = start - offset..end - offset;
                                let part = usize_of(part.start)..usize_of(part.end);
                                self.medium.write(*inode, *start, &bytes[part]);
                                kept += 1;
                            }
                        }
                        match kept {
                            0 => lost.writes_lost += 1,
                            _ if kept < sectors.len() => lost.writes_torn += 1,
                            _ => {}
                        }
                    }
                },
                Change::SetLen { .. } => {
                    if draw.property(SURVIVAL).chance(HALF) {
                        self.medium.apply(&change);
                    } else {
                        lost.writes_lost += 1;
                    }
                }
                Change::Link { .. } | Change::Unlink { .. } | Change::Rename { .. } => {
                    // Lost also if it cannot take effect without one that was lost.
                    if !(draw.property(SURVIVAL).chance(HALF) && self.medium.apply(&change)) {
                        lost.names_lost += 1;
                    }
                }
            }
        }
        self.under_way.clear();
        self.cache = self.medium.clone();
        self.spoilt.clear();
        lost
    }
}

fn usize_of(length: u64) -> usize {
    usize::try_from(length).expect("a file fits into memory")
}

/// The parts of a write, cut where sectors end.
pub(super) fn sectors(offset: u64, length: u64) -> Vec<(u64, u64)> {
    let end = offset + length;
    let mut parts = Vec::new();
    let mut start = offset;
    while start < end {
        let next = ((start / SECTOR + 1) * SECTOR).min(end);
        parts.push((start, next));
        start = next;
    }
    parts
}
