//! What every link has, however many there are: eight bytes, found without a search.
//!
//! In a large cluster in which everybody talks to everybody there are as many links as nodes squared,
//! and what a packet costs is mostly the memory that it touches. So a link keeps here only its count
//! of datagrams and where the rest lies, which few links have ([`State`](super::link)). Rows are by
//! sender, cut into pieces, so that a node that talks to few neighbours has few of them.

use super::link::LinkId;

/// Links of one piece: 512 bytes, and two accesses to memory to find one.
const PIECE: usize = 64;

/// What every link has.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Cell {
    /// Datagrams sent so far.
    pub(super) datagrams: u32,
    /// Where its state lies, from 1; zero if it has none.
    pub(super) state: u32,
}

type Row = Vec<Option<Box<[Cell; PIECE]>>>;

/// The cells of all links.
#[derive(Debug, Default)]
pub(super) struct Cells {
    rows: Vec<Row>,
}

impl Cells {
    /// Whether no link was ever used.
    pub(super) const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    #[inline]
    pub(super) fn get(&self, link: LinkId) -> Cell {
        let place = link.to as usize;
        let piece = self.rows.get(link.from as usize).and_then(|row| row.get(place / PIECE)?.as_ref());
        piece.map_or_else(Cell::default, |piece| piece[place % PIECE])
    }

    #[inline]
    pub(super) fn get_mut(&mut self, link: LinkId) -> &mut Cell {
        let (from, place) = (link.from as usize, link.to as usize);
        if self.rows.len() <= from {
            self.rows.resize_with(from + 1, Vec::new);
        }
        let row = &mut self.rows[from];
        if row.len() <= place / PIECE {
            row.resize_with(place / PIECE + 1, || None);
        }
        let piece = row[place / PIECE].get_or_insert_with(|| Box::new([Cell::default(); PIECE]));
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
            assert_eq!(cells.get(link).datagrams, 0, "{link:?} was not used yet");
            cells.get_mut(link).datagrams = number;
        }
        for (number, link) in (1..).zip(links()) {
            assert_eq!(cells.get(link).datagrams, number, "{link:?}");
        }
    }
}
