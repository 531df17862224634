//! What is to be done for one object: read it, judge it as a register if that is possible, else search.

use super::objects::{self, Object};
use super::plan::Plan;
use super::prefix::{Illegal, Unexplained};
use super::search::{Progress, Search};
use super::turns::Ending;
use super::zones::{Conflict, Timed, Zones};
use super::{Limits, Model, Values};
use crate::{Budget, Exhausted, Operation};

/// How far the judgement of an object is.
pub(super) enum Job<'h, 'm, M: Model> {
    /// It has not begun.
    New(Object<'h>),
    /// Its search is under way.
    Searching(Box<Searching<'h, 'm, M>>),
    /// There is a legal order.
    Legal,
    /// There is none, as the search found.
    Illegal(Box<Searching<'h, 'm, M>>),
    /// There is none, as the zones show. Why in words of operations is for a search to say.
    Contradictory(Object<'h>, Conflict),
    /// The model cannot read an operation.
    Unreadable(String),
    /// Its share of the memory did not suffice.
    OutOfMemory,
}

/// An object and its search.
pub(super) struct Searching<'h, 'm, M: Model> {
    object: Object<'h>,
    calls: Vec<M::Call>,
    values: Values<'h>,
    search: Search<'m, M>,
}

/// Whoever works on jobs, one after the other.
pub(super) struct Judge<'h, 'a, 'm, M> {
    model: &'m M,
    limits: Limits,
    all: &'a [Operation<'h>],
    zones: Zones,
}

impl<'h, 'm, M: Model> Job<'h, 'm, M> {
    /// How many operations it is about, for a fair share of work.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::New(object) => object.members.len(),
            _ => 1,
        }
    }

    /// Whether nothing else need be judged.
    pub(super) fn ends_all(&self) -> bool {
        matches!(self, Self::Illegal(_) | Self::Contradictory(..) | Self::Unreadable(_))
    }

    /// What it ends all with.
    pub(super) fn ending(
        self,
        model: &'m M,
        limits: Limits,
        all: &[Operation<'h>],
        budget: &mut Budget,
    ) -> Ending<'h, M> {
        let judge = Judge::new(model, limits, all);
        match self {
            Self::Illegal(found) => Ending::Illegal(Box::new(found.illegal(all, None))),
            Self::Contradictory(object, conflict) => judge.explained(object, conflict, budget),
            Self::Unreadable(why) => Ending::Unreadable(why),
            _ => unreachable!("it does not end all"),
        }
    }
}

impl<'h, 'a, 'm, M: Model> Judge<'h, 'a, 'm, M> {
    pub(super) fn new(model: &'m M, limits: Limits, all: &'a [Operation<'h>]) -> Self {
        Self { model, limits, all, zones: Zones::default() }
    }

    /// Gives each job a turn, until one ends all.
    ///
    /// # Errors
    /// If steps or time run out; the jobs behind did not have a turn then.
    pub(super) fn turns(
        &mut self,
        jobs: &mut [Job<'h, 'm, M>],
        turn: u64,
        budget: &mut Budget,
    ) -> Result<(), Exhausted> {
        for job in jobs {
            let (next, end) = match std::mem::replace(job, Job::Legal) {
                Job::New(object) => self.begin(object, turn, budget),
                Job::Searching(searching) => self.advance(searching, turn, budget),
                over => (over, Ok(())),
            };
            *job = next;
            end?;
            if job.ends_all() {
                break;
            }
        }
        Ok(())
    }

    fn begin(&mut self, object: Object<'h>, turn: u64, budget: &mut Budget) -> Turn<'h, 'm, M> {
        let mut values = Values::default();
        let operations = object.members.iter().map(|&member| &self.all[member as usize]);
        let calls = match objects::calls(self.model, operations.clone(), &mut values) {
            Ok(calls) => calls,
            Err(why) => return (Job::Unreadable(why), Ok(())),
        };
        if self.limits.zones {
            let timed = operations.zip(&calls).map(|(operation, call)| {
                let (invoked, returned) = span(operation);
                Some(Timed { invoked, returned, call: self.model.register(call)? })
            });
            if let Some(judged) = self.zones.judge(values.len(), timed) {
                return match (budget.spend(calls.len() as u64), judged) {
                    (Err(what), _) => (Job::New(object), Err(what)),
                    (Ok(()), Ok(())) => (Job::Legal, Ok(())),
                    (Ok(()), Err(conflict)) => (Job::Contradictory(object, conflict), Ok(())),
                };
            }
        }
        let searching = self.searching(object, calls, values);
        self.advance(Box::new(searching), turn, budget)
    }

    fn searching(&self, object: Object<'h>, calls: Vec<M::Call>, values: Values<'h>) -> Searching<'h, 'm, M> {
        let spans = object.members.iter().map(|&member| span(&self.all[member as usize]));
        let search = Search::new(self.model, self.limits, Plan::new(self.model, spans, &calls));
        Searching { object, calls, values, search }
    }

    fn advance(
        &self,
        mut searching: Box<Searching<'h, 'm, M>>,
        turn: u64,
        budget: &mut Budget,
    ) -> Turn<'h, 'm, M> {
        match searching.search.advance(turn, budget) {
            Progress::Running => (Job::Searching(searching), Ok(())),
            Progress::Illegal => (Job::Illegal(searching), Ok(())),
            Progress::Legal => {
                searching.search.release(budget);
                (Job::Legal, Ok(()))
            }
            Progress::Exhausted(Exhausted::Bytes) => {
                // What it held may let the others come to an end.
                searching.search.release(budget);
                (Job::OutOfMemory, Ok(()))
            }
            Progress::Exhausted(what) => (Job::Searching(searching), Err(what)),
        }
    }

    /// Searches where the zones have shown that there is no order, to say why.
    fn explained(&self, object: Object<'h>, conflict: Conflict, budget: &mut Budget) -> Ending<'h, M> {
        let mut values = Values::default();
        let operations = object.members.iter().map(|&member| &self.all[member as usize]);
        let calls = match objects::calls(self.model, operations, &mut values) {
            Ok(calls) => calls,
            Err(why) => return Ending::Unreadable(why),
        };
        let mut searching = self.searching(object, calls, values);
        loop {
            match searching.search.advance(u64::MAX, budget) {
                Progress::Running => {}
                Progress::Illegal => {
                    return Ending::Illegal(Box::new(searching.illegal(self.all, Some(conflict))));
                }
                Progress::Legal => unreachable!("the zones contradict each other"),
                // The verdict is certain; only the budget for its explanation is missing.
                Progress::Exhausted(_) => {
                    let object = searching.object;
                    let (calls, values) = (searching.calls, searching.values);
                    return Ending::Contradictory(Box::new(Unexplained { object, calls, values, conflict }));
                }
            }
        }
    }
}

/// What a job is after a turn, and whether steps or time ran out.
type Turn<'h, 'm, M> = (Job<'h, 'm, M>, Result<(), Exhausted>);

/// Places of an operation's invocation and of its completion.
pub(super) fn span(operation: &Operation<'_>) -> (usize, Option<usize>) {
    (operation.invoked.place, operation.ok().map(|(moment, _)| moment.place))
}

impl<'h, M: Model> Searching<'h, '_, M> {
    fn illegal(self, all: &[Operation<'h>], conflict: Option<Conflict>) -> Illegal<'h, M> {
        let Self { object, calls, values, search } = self;
        let operations = object.operations(all);
        let (stuck, order) = (operations[search.stuck()], search.order());
        Illegal { object, stuck, operations, calls, values, order, conflict, is_shortest: true }
    }
}
