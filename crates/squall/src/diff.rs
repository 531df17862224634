//! Two runs of one plan, compared event by event: where they differ first, if they do.
//!
//! Memory stays bounded however long the runs are. First the digests along the way are compared, one for
//! each 4,096 events; then both run again and keep the events of the one stretch that differs. A leak may
//! strike elsewhere the second time; then that stretch is looked at.

use squall_check::Outcome;
use squall_history::{Digest, Plan};

use crate::campaign::difference;
use crate::{HostError, Recording, RunHost, RunReply, RunRequest, Trace, TracedEvent, Window};

/// Events before the first difference that are shown.
const BEFORE: u64 = 10;
/// Events between two checkpoints, as the simulator sets them, and the end of the run after the last.
const STRETCH: u64 = 4_096 + 1;
/// Times that both runs are made.
const TRIES: u32 = 6;

/// What two runs of one plan came to.
#[derive(Clone, PartialEq, Debug)]
pub enum Runs {
    /// They are one run.
    Identical {
        /// How many events both had; zero if both died.
        events: u64,
        /// Their digest; absent if both died, in the same way.
        digest: Option<Digest>,
    },
    /// The wall limit cut one of them short: how far it came is a matter of the machine.
    CutShort,
    /// They are not.
    Differ(Box<Difference>),
}

/// Where two runs differ.
#[derive(Clone, PartialEq, Debug)]
pub struct Difference {
    /// In one sentence.
    pub what: String,
    /// The events just before, which are the same in both, at most ten.
    pub before: Vec<TracedEvent>,
    /// The first event that differs, in the first run and in the second. Both absent if no event could
    /// be told: a run died, the verdicts alone differ, or the place was another at each try.
    pub events: [Option<TracedEvent>; 2],
}

/// Runs a plan on both hosts, as often as it takes to find the first event that differs.
///
/// # Errors
/// The first error of a host.
pub fn diff_runs(hosts: &mut [Box<dyn RunHost>; 2], plan: &Plan) -> Result<Runs, HostError> {
    let mut window = Window::default();
    let mut what = String::new();
    for _ in 0..TRIES {
        let replies = both(hosts, plan, window)?;
        let [first, second] = replies.each_ref().map(|reply| &reply.result);
        if [first, second].iter().any(|result| result.outcome == Outcome::Timeout) {
            return Ok(Runs::CutShort);
        }
        match difference(first, second) {
            // They differed before, and may do so again.
            None if !what.is_empty() => continue,
            None => return Ok(Runs::Identical { events: first.events, digest: first.digest }),
            Some(difference) => what = difference,
        }
        let traces = replies.each_ref().map(|reply| reply.trace.as_ref());
        let [Some(first_trace), Some(second_trace)] = traces else { break };
        if first.digest == second.digest {
            break;
        }
        if let Some((before, events)) = first_difference(&first_trace.events, &second_trace.events) {
            return Ok(Runs::Differ(Box::new(Difference { what, before, events })));
        }
        window = suspect(first_trace, second_trace);
    }
    Ok(Runs::Differ(Box::new(Difference { what, before: Vec::new(), events: [None, None] })))
}

/// Both runs, side by side.
fn both(hosts: &mut [Box<dyn RunHost>; 2], plan: &Plan, window: Window) -> Result<[RunReply; 2], HostError> {
    let request = RunRequest { plan: plan.clone(), recording: Recording::Events(window) };
    let [first, second] = hosts;
    let (first, second) = std::thread::scope(|scope| {
        let other = scope.spawn(|| second.run(&request));
        (first.run(&request), other.join())
    });
    let second = second.map_err(|_panic| HostError::Host("a host of the second run panicked".to_owned()))?;
    Ok([first?, second?])
}

/// The stretch between the last checkpoint that is the same and the first that is not.
fn suspect(first: &Trace, second: &Trace) -> Window {
    let pairs = first.checkpoints.iter().zip(&second.checkpoints);
    let same = pairs.take_while(|(first, second)| first == second).last();
    let start = same.map_or(0, |(checkpoint, _)| checkpoint.0);
    let after = start.saturating_sub(BEFORE);
    Window { after, count: start - after + STRETCH }
}

/// The last events that are the same, and the first pair that is not. `None` if all are, or if the first
/// that were kept differ already: then the runs parted before, which a checkpoint would have told.
fn first_difference(
    first: &[TracedEvent],
    second: &[TracedEvent],
) -> Option<(Vec<TracedEvent>, [Option<TracedEvent>; 2])> {
    let place = first.iter().zip(second).take_while(|(first, second)| first == second).count();
    let pair = [first, second].map(|events| events.get(place).cloned());
    let parted_before = place == 0 && pair.iter().flatten().any(|event| event.number > 1);
    if pair == [None, None] || parted_before {
        return None;
    }
    let before = first[place.saturating_sub(BEFORE as usize)..place].to_vec();
    Some((before, pair))
}
