//! Which transaction precedes which, by the order of one list (Elle 2020).
//!
//! - ww: of two neighbours in the order the first was appended first. An append that no read shows came
//!   after all that the longest read shows.
//! - wr: a read shows the append of its last element that is not its own.
//! - rw: what follows in the order, and what no read shows, was not there when a prefix was read.
//!
//! What failed takes no part; its effects, if any, are oddities.

use super::edges::{Class, End, Sink};
use super::history::{NONE, Txn};
use super::lists::{Append, List, Read};

/// Tells the sink all edges that follow from the list.
pub(super) fn find(list: &List<'_, '_>, sink: &mut impl Sink) {
    let last = writes(list, sink);
    let mut readers = Vec::new();
    let mut before: Option<&Read<'_>> = None;
    for read in &list.reads {
        // A transaction that reads the same twice learns nothing the second time.
        let again =
            before.is_some_and(|b| b.txn == read.txn && b.list.len() == read.list.len() && b.agrees());
        before = Some(read);
        if again && read.agrees() {
            continue;
        }
        show(list, read, sink);
        if overwritten(list, read, sink) == Overwritten::ByNoneThatIsRead {
            readers.push(End { txn: read.txn, value: read_last(list, read) });
        }
    }
    if !list.complete() {
        return;
    }
    let hidden = hidden(list);
    for &writer in hidden.iter().filter(|writer| last.is_some_and(|last| last.txn != writer.txn)) {
        let last = end(last.expect("just asked"));
        sink.edge(last, list.all.ww(last.txn, writer.txn), writer, list.key);
    }
    if !readers.is_empty() && !hidden.is_empty() {
        sink.all_before_all(&readers, Class::Rw, &hidden, list.key);
    }
}

fn end(append: &Append) -> End {
    End { txn: append.txn, value: Some(append.value) }
}

/// The ww edges between what is read; the last append.
fn writes<'l>(list: &'l List<'_, '_>, sink: &mut impl Sink) -> Option<&'l Append> {
    let mut last: Option<&Append> = None;
    for slot in 0..list.trusted {
        let Some(append) = list.in_slot(slot).filter(|append| list.stands(append)) else { continue };
        if let Some(before) = last
            && before.txn != append.txn
        {
            sink.edge(end(before), list.all.ww(before.txn, append.txn), end(append), list.key);
        }
        last = Some(append);
    }
    last
}

/// The wr edge to a read.
fn show(list: &List<'_, '_>, read: &Read<'_>, sink: &mut impl Sink) {
    let makers = (0..read.list.len()).rev().map(|place| list.maker(read, place));
    let foreign = makers.flatten().find(|append| append.txn != read.txn && list.stands(append));
    if let Some(append) = foreign {
        let reader = End { txn: read.txn, value: Some(append.value) };
        sink.edge(end(append), Class::Wr, reader, list.key);
    }
}

#[derive(PartialEq, Eq)]
enum Overwritten {
    /// An edge says so, or nothing can be said.
    Told,
    /// It is the state after all appends that were read.
    ByNoneThatIsRead,
}

/// The rw edge from a read to the next append that was read.
fn overwritten(list: &List<'_, '_>, read: &Read<'_>, sink: &mut impl Sink) -> Overwritten {
    if !read.agrees() || read.list.len() > list.trusted {
        return Overwritten::Told;
    }
    let later = (read.list.len()..list.trusted).filter_map(|slot| list.in_slot(slot));
    let next = later.into_iter().find(|append| append.txn != read.txn && list.stands(append));
    match next {
        Some(append) => {
            let reader = End { txn: read.txn, value: read_last(list, read) };
            sink.edge(reader, Class::Rw, end(append), list.key);
            Overwritten::Told
        }
        None => Overwritten::ByNoneThatIsRead,
    }
}

/// The value of a read's last element.
fn read_last(list: &List<'_, '_>, read: &Read<'_>) -> Option<super::atoms::Atom> {
    list.all.atoms.find(read.list.last()?)
}

/// Appends that no read shows, the first of each transaction.
fn hidden(list: &List<'_, '_>) -> Vec<End> {
    let mut hidden: Vec<End> = Vec::new();
    let of = |append: &&Append| append.slot == NONE && list.stands(append);
    for append in list.appends.iter().filter(of) {
        let before: Option<Txn> = hidden.last().map(|end| end.txn);
        if before != Some(append.txn) {
            hidden.push(end(append));
        }
    }
    hidden
}
