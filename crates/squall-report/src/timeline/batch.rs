//! The words of the batch vocabulary, as a reader wants them.

use squall_history::vocab::batch::{Cause, Event, Outcome, Refusal, Stage, Task};

/// Whether a summary names it: what a reader asks about first when a job came out wrong.
pub(super) const fn is_remarkable(event: &Event) -> bool {
    matches!(
        event,
        Event::NodeDead { .. }
            | Event::CommitRefused { .. }
            | Event::OutputLost { .. }
            | Event::Published { .. }
            | Event::JobEnded { .. }
            | Event::AttemptFailed { .. }
            | Event::Suspended { .. }
    )
}

pub(super) fn words(event: &Event) -> String {
    match event {
        Event::OfficeTaken { term, controller, .. } => {
            format!("{controller} takes over the scheduling in term {term}")
        }
        Event::Registered { node, epoch, .. } => format!("{node} is registered, epoch {epoch}"),
        Event::NodeDead { node, epoch, .. } => format!("{node} is declared dead, epoch {epoch}"),
        Event::Submitted { job, client, seq, dataset, .. } => {
            format!("job {job} of {client}#{seq} is accepted, for `{dataset}`")
        }
        Event::Assigned { attempt, task, node, epoch, .. } => {
            format!("{} goes to {node} as attempt {attempt}, epoch {epoch}", name(*task))
        }
        Event::AttemptEnded { attempt, task, cause, fails, .. } => {
            format!("attempt {attempt} at {} is over: {}; {fails} failures", name(*task), cause_words(cause))
        }
        Event::TaskCommitted { attempt, task, node, .. } => {
            format!("{} is committed by attempt {attempt} of {node}", name(*task))
        }
        Event::CommitRefused { attempt, why, .. } => {
            let why = match why {
                Refusal::Fenced => "it is fenced",
                Refusal::Outdated => "its input was made again",
            };
            format!("the commit of attempt {attempt} is refused: {why}")
        }
        Event::OutputLost { attempt, task, .. } => {
            format!("the output of {} (attempt {attempt}) is lost", name(*task))
        }
        Event::Published { job, dataset, version, .. } => {
            format!("job {job} publishes `{dataset}` version {version}")
        }
        Event::JobEnded { job, outcome: Outcome::Succeeded, .. } => format!("job {job} has succeeded"),
        Event::JobEnded { job, outcome: Outcome::Failed, .. } => format!("job {job} has failed"),
        Event::AttemptStarted { attempt, task, .. } => format!("begins attempt {attempt} at {}", name(*task)),
        Event::AttemptFailed { attempt, task, why } => {
            format!("attempt {attempt} at {} fails: {why}", name(*task))
        }
        Event::Suspended { epoch } => format!("its lease has run out, epoch {epoch}"),
    }
}

fn name(task: Task) -> String {
    let stage = match task.stage {
        Stage::Map => "map",
        Stage::Reduce => "reduce",
    };
    format!("{stage} {} of job {}", task.number, task.job)
}

const fn cause_words(cause: &Cause) -> &'static str {
    match cause {
        Cause::NodeLost => "its worker is lost",
        Cause::Failed => "it failed",
        Cause::FetchFailed => "it could not fetch its input",
        Cause::Stalled => "it stood still",
        Cause::Dropped => "nobody needs it",
    }
}
