//! What the simulator watched, in words that can cross a pipe.

use squall_history::Plan;
use squall_sim::{Ended, Told};

use crate::{Trace, TracedEvent};

/// The trace of a run that is over.
pub(crate) fn of(ended: &Ended, plan: &Plan) -> Trace {
    let checkpoints = ended.checkpoints.iter().map(|checkpoint| (checkpoint.event, checkpoint.digest));
    let events = ended.watched.iter().map(|event| TracedEvent {
        number: event.number,
        at: event.at,
        what: event.what.clone(),
        nodes: event.nodes.clone(),
        place: event.place.clone(),
        told: event.told.iter().map(|told| in_words(told, plan)).collect(),
        digest: event.digest,
    });
    Trace { checkpoints: checkpoints.collect(), events: events.collect() }
}

fn in_words(told: &Told, plan: &Plan) -> String {
    let name = |node: u32| plan.topology.nodes[node as usize].name.as_str();
    match told {
        Told::Record(record) => serde_json::to_string(record).expect("a record is plain data"),
        Told::Packet(packet) => {
            let fate = packet.arrives.map_or_else(|| "lost".to_owned(), |at| format!("arrives at {at}"));
            let (from, to) = (name(packet.from), name(packet.to));
            format!("packet {} {from} → {to}, {} bytes, {fate}", packet.class, packet.bytes)
        }
        Told::Bytes { length, start } => {
            let more = if start.len() as u64 == *length { "" } else { "…" };
            format!("{length} bytes: {}{more}", start.escape_ascii())
        }
    }
}
