//! A number for every link, however many there are: a byte or four, found without a search.
//!
//! In a large cluster in which everybody talks to everybody there are as many links as nodes squared,
//! and what a packet costs is mostly the memory that it touches. Rows are by sender, cut into pieces,
//! so that a node that talks to few neighbours has few of them; and a piece has a byte for each link
//! until one of its numbers needs more.

use super::link::LinkId;

/// Links of one piece. The row of a node in a cluster of 1,000 has four, and knows them in 64 bytes.
const PIECE: usize = 256;

#[derive(Debug)]
enum Piece {
    Narrow(Box<[u8; PIECE]>),
    Wide(Box<[u32; PIECE]>),
}

type Row = Vec<Option<Piece>>;

/// A number for every link; zero until it is set.
#[derive(Debug, Default)]
pub(super) struct Cells {
    rows: Vec<Row>,
}

impl Piece {
    #[inline]
    fn get(&self, place: usize) -> u32 {
        match self {
            Self::Narrow(numbers) => numbers[place].into(),
            Self::Wide(numbers) => numbers[place],
        }
    }

    #[inline]
    fn set(&mut self, place: usize, number: u32) {
        match (self, u8::try_from(number)) {
            (Self::Narrow(numbers), Ok(number)) => numbers[place] = number,
            (Self::Wide(numbers), _) => numbers[place] = number,
            (narrow, Err(_)) => narrow.widen()[place] = number,
        }
    }

    #[cold]
    fn widen(&mut self) -> &mut [u32; PIECE] {
        let numbers = std::array::from_fn(|place| self.get(place));
        *self = Self::Wide(Box::new(numbers));
        match self {
            Self::Wide(numbers) => numbers,
            Self::Narrow(_) => unreachable!("made wide just above"),
        }
    }
}

impl Cells {
    /// Whether no number was ever set.
    pub(super) const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    #[inline]
    pub(super) fn get(&self, link: LinkId) -> u32 {
        let place = link.to as usize;
        let piece = self.rows.get(link.from as usize).and_then(|row| row.get(place / PIECE)?.as_ref());
        piece.map_or(0, |piece| piece.get(place % PIECE))
    }

    #[inline]
    pub(super) fn set(&mut self, link: LinkId, number: u32) {
        self.change(link, |_| number);
    }

    /// Sets a number to what `change` makes of it; gives that.
    #[inline]
    pub(super) fn change(&mut self, link: LinkId, change: impl FnOnce(u32) -> u32) -> u32 {
        let (from, place) = (link.from as usize, link.to as usize);
        if self.rows.len() <= from {
            self.rows.resize_with(from + 1, Vec::new);
        }
        let row = &mut self.rows[from];
        if row.len() <= place / PIECE {
            row.resize_with(place / PIECE + 1, || None);
        }
        let piece = row[place / PIECE].get_or_insert_with(|| Piece::Narrow(Box::new([0; PIECE])));
        let number = change(piece.get(place % PIECE));
        piece.set(place % PIECE, number);
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_link_has_a_cell_of_its_own() {
        let mut cells = Cells::default();
        let ends = [0, 1, 63, 64, 200, 255, 256, 600];
        let links = || ends.iter().flat_map(|&from| ends.iter().map(move |&to| LinkId { from, to }));
        for (number, link) in (1..).zip(links()) {
            assert_eq!(cells.get(link), 0, "{link:?} was not used yet");
            cells.set(link, number);
        }
        for (number, link) in (1..).zip(links()) {
            assert_eq!(cells.get(link), number, "{link:?}");
        }
    }

    #[test]
    fn a_number_of_any_size_leaves_its_neighbours_alone() {
        let mut cells = Cells::default();
        let [one, two, three] = [0, 1, 255].map(|to| LinkId { from: 3, to });
        for count in 1..=70_000 {
            assert_eq!(cells.change(one, |number| number + 1), count);
            if count == 200 {
                cells.set(two, count);
            }
        }
        cells.set(three, u32::MAX);
        assert_eq!([one, two, three].map(|link| cells.get(link)), [70_000, 200, u32::MAX]);
        cells.set(three, 0);
        assert_eq!([one, two, three].map(|link| cells.get(link)), [70_000, 200, 0]);
    }
}
