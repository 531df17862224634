//! A number for every link, however many there are: four bytes, found without a search.
//!
//! In a large cluster in which everybody talks to everybody there are as many links as nodes squared,
//! and what a packet costs is mostly the memory that it touches. Rows are by sender, cut into pieces,
//! so that a node that talks to few neighbours has few of them.

use super::link::LinkId;

/// Links of one piece: 256 bytes.
const PIECE: usize = 64;

type Row = Vec<Option<Box<[u32; PIECE]>>>;

/// A number for every link; zero until it is set.
#[derive(Debug, Default)]
pub(super) struct Cells {
    rows: Vec<Row>,
}

impl Cells {
    /// Whether no number was ever asked for to be set.
    pub(super) const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    #[inline]
    pub(super) fn get(&self, link: LinkId) -> u32 {
        let place = link.to as usize;
        let piece = self.rows.get(link.from as usize).and_then(|row| row.get(place / PIECE)?.as_ref());
        piece.map_or(0, |piece| piece[place % PIECE])
    }

    #[inline]
    pub(super) fn get_mut(&mut self, link: LinkId) -> &mut u32 {
        let (from, place) = (link.from as usize, link.to as usize);
        if self.rows.len() <= from {
            self.rows.resize_with(from + 1, Vec::new);
        }
        let row = &mut self.rows[from];
        if row.len() <= place / PIECE {
            row.resize_with(place / PIECE + 1, || None);
        }
        let piece = row[place / PIECE].get_or_insert_with(|| Box::new([0; PIECE]));
        &mut piece[place % PIECE]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_link_has_a_cell_of_its_own() {
        let mut cells = Cells::default();
        let ends = [0, 1, 63, 64, 65, 200];
        let links = || ends.iter().flat_map(|&from| ends.iter().map(move |&to| LinkId { from, to }));
        for (number, link) in (1..).zip(links()) {
            assert_eq!(cells.get(link), 0, "{link:?} was not used yet");
            *cells.get_mut(link) = number;
        }
        for (number, link) in (1..).zip(links()) {
            assert_eq!(cells.get(link), number, "{link:?}");
        }
    }
}
