//! Tasks: each belongs to one incarnation of a node, and which runnable one is next is drawn.

use std::any::Any;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;
use squall_history::{Domain, Draw, Draws, Identity, RestartOn};

use crate::caller;
use crate::waker::{GENERATIONS, TASKS_MAX, TaskKey};
use crate::watch::About;
use crate::world::{self, World};

/// The software of one incarnation of a node.
pub type Software = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// Why a task gave no value.
pub enum JoinError {
    /// It was aborted, or its node stopped.
    Cancelled,
    /// It panicked, with this payload.
    Panicked(Box<dyn Any + Send>),
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cancelled => "Cancelled",
            Self::Panicked(_) => "Panicked",
        })
    }
}

/// What a task runs.
pub(crate) enum Body {
    /// A node's root task: its result is recorded, nobody joins it.
    Root(Software),
    /// What software on the node started.
    Spawned(Pin<Box<dyn Spawned>>),
}

/// A task's future with its result's place, without its types. One allocation holds both: in a large
/// cluster a poll costs mostly the memory that it touches.
pub(crate) trait Spawned: Send {
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()>;
    /// Ends it without a value. The future is dropped first.
    fn end(self: Pin<&mut Self>, why: JoinError);
}

/// What a wake and a turn ask for comes first, in one line of the processor's cache.
#[derive(Default)]
#[repr(C, align(64))]
struct Slot {
    generation: u32,
    task: Option<Task>,
}

/// A live task.
#[repr(C)]
pub(crate) struct Task {
    /// Absent while it is being polled.
    body: Option<Body>,
    pub(crate) node: u32,
    pub(crate) boot: u32,
    pub(crate) identity: Identity,
    wakes: u64,
    state: State,
    aborted: bool,
    // From here on it is in the second line.
    draws: u64,
    /// Its number among the tasks of its incarnation.
    number: u64,
    /// Its place in [`Tasks::by_node`].
    among: usize,
    pub(crate) place: &'static Location<'static>,
}

const _: () = assert!(size_of::<Slot>() == 128 && std::mem::offset_of!(Task, draws) <= 56);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Waiting,
    /// In the ready queue.
    Ready,
    /// Woken while its node stands still.
    Parked,
}

impl Task {
    /// Whether it is the first of its incarnation, which the harness starts.
    pub(crate) const fn is_first(&self) -> bool {
        self.number == 0
    }
}

/// All tasks, and the ready ones in the order of their drawn priorities.
#[derive(Default)]
pub(crate) struct Tasks {
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// Slots of the live tasks of each node, in no order: a node that dies or stands still in a large
    /// cluster must not cost a look at all tasks of all nodes.
    by_node: Vec<Vec<u32>>,
    ready: BinaryHeap<Reverse<(u64, u32, u32)>>,
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tasks").field("slots", &self.slots.len()).finish_non_exhaustive()
    }
}

impl Task {
    /// How often it was woken.
    pub(crate) fn wakes(&self) -> u64 {
        self.wakes
    }
}

impl Tasks {
    pub(crate) fn get(&self, key: TaskKey) -> Option<&Task> {
        let slot = self.slots.get(key.index as usize)?;
        slot.task.as_ref().filter(|_| slot.generation == key.generation)
    }

    fn get_mut(&mut self, key: TaskKey) -> Option<&mut Task> {
        let slot = self.slots.get_mut(key.index as usize)?;
        slot.task.as_mut().filter(|_| slot.generation == key.generation)
    }

    fn insert(&mut self, mut task: Task) -> TaskKey {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            u32::try_from(self.slots.len() - 1).expect("bounded just below")
        });
        assert!(index < TASKS_MAX, "more than {TASKS_MAX} tasks at a time");
        let slot = &mut self.slots[index as usize];
        assert!(slot.task.is_none(), "a free slot holds no task");
        let node = task.node as usize;
        if self.by_node.len() <= node {
            self.by_node.resize_with(node + 1, Vec::new);
        }
        task.among = self.by_node[node].len();
        self.by_node[node].push(index);
        slot.task = Some(task);
        TaskKey { index, generation: slot.generation }
    }

    /// Takes a task out for good.
    fn remove(&mut self, key: TaskKey) -> Option<Task> {
        self.get(key)?;
        let slot = &mut self.slots[key.index as usize];
        let task = slot.task.take()?;
        slot.generation += 1;
        // A slot that has used up its generations is retired: a stale waker never hits a new task.
        if slot.generation < GENERATIONS {
            self.free.push(key.index);
        }
        let neighbours = &mut self.by_node[task.node as usize];
        let removed = neighbours.swap_remove(task.among);
        assert!(removed == key.index, "a task's place among its node's is its own");
        if let Some(&moved) = neighbours.get(task.among) {
            let moved = self.slots[moved as usize].task.as_mut().expect("its node's live task");
            moved.among = task.among;
        }
        Some(task)
    }

    /// The next runnable task, if any.
    pub(crate) fn pop_ready(&mut self) -> Option<TaskKey> {
        while let Some(Reverse((_, index, generation))) = self.ready.pop() {
            let key = TaskKey { index, generation };
            // A task that ended or was parked since leaves its entry behind.
            if self.get(key).is_some_and(|task| task.state == State::Ready) {
                return Some(key);
            }
        }
        None
    }

    pub(crate) fn is_ready(&self, key: TaskKey) -> bool {
        self.get(key).is_some_and(|task| task.state == State::Ready)
    }

    /// Puts a runnable task back among those that are to be polled.
    pub(crate) fn push_ready(&mut self, priority: u64, key: TaskKey) {
        self.ready.push(Reverse((priority, key.index, key.generation)));
    }

    /// Puts the body back after polling; false if the task is gone.
    #[must_use]
    fn put_back(&mut self, key: TaskKey, body: Body) -> bool {
        self.get_mut(key).is_some_and(|task| {
            task.body = Some(body);
            true
        })
    }

    /// Live tasks of a node, in the order they were started: slots depend on other nodes' tasks.
    fn of_node(&self, node: u32) -> Vec<TaskKey> {
        let slots = self.by_node.get(node as usize).map_or(&[][..], Vec::as_slice);
        let live = slots.iter().map(|&index| {
            let slot = &self.slots[index as usize];
            let task = slot.task.as_ref().expect("its node's live task");
            (task.number, TaskKey { index, generation: slot.generation })
        });
        let mut live: Vec<(u64, TaskKey)> = live.collect();
        live.sort_unstable_by_key(|(number, _)| *number);
        live.into_iter().map(|(_, key)| key).collect()
    }

    /// The next draw of a live task.
    pub(crate) fn draw(&mut self, key: TaskKey, draws: &Draws) -> Option<Draw> {
        let task = self.get_mut(key)?;
        task.draws += 1;
        Some(draws.draw(Domain::System, task.identity, task.draws))
    }
}

impl World {
    /// Makes a task runnable; one that ended since is left alone.
    pub(crate) fn tasks_wake(&mut self, key: TaskKey) {
        let Some(task) = self.tasks.get_mut(key) else { return };
        if task.state != State::Waiting {
            return;
        }
        if self.nodes.get(task.node).paused {
            task.state = State::Parked;
            return;
        }
        task.state = State::Ready;
        task.wakes += 1;
        let priority = self.draws.draw(Domain::Schedule, task.identity, task.wakes).bits();
        self.tasks.ready.push(Reverse((priority, key.index, key.generation)));
    }

    /// Parks every runnable task of a node that stands still.
    pub(crate) fn tasks_park(&mut self, node: u32) {
        self.cpu_clear(node);
        for key in self.tasks.of_node(node) {
            let task = self.tasks.get_mut(key).expect("just listed");
            if task.state == State::Ready {
                task.state = State::Parked;
            }
        }
    }

    /// Tasks of a node that were woken while it stands still.
    pub(crate) fn tasks_parked(&self, node: u32) -> u64 {
        let tasks = self.tasks.of_node(node).into_iter().filter_map(|key| self.tasks.get(key));
        tasks.filter(|task| task.state == State::Parked).count() as u64
    }

    /// Makes every parked task of a node runnable; how many there were.
    pub(crate) fn tasks_unpark(&mut self, node: u32) -> u64 {
        let mut count = 0;
        for key in self.tasks.of_node(node) {
            let task = self.tasks.get_mut(key).expect("just listed");
            if task.state == State::Parked {
                task.state = State::Waiting;
                count += 1;
                self.tasks_wake(key);
            }
        }
        count
    }

    /// Starts a task, ready to run.
    pub(crate) fn tasks_spawn(
        &mut self,
        node: u32,
        body: Body,
        place: &'static Location<'static>,
    ) -> TaskKey {
        let owner = self.nodes.get_mut(node);
        let (boot, number) = (owner.boot, owner.spawns);
        let identity = owner.identity.with(boot.into()).with(number);
        owner.spawns += 1;
        let key = self.tasks.insert(Task {
            body: Some(body),
            node,
            boot,
            identity,
            number,
            among: 0,
            place,
            wakes: 0,
            draws: 0,
            state: State::Waiting,
            aborted: false,
        });
        self.tasks_wake(key);
        key
    }

    /// Takes all tasks of a node out, to be dropped outside the borrow.
    pub(crate) fn tasks_take_all(&mut self, node: u32) -> Vec<(TaskKey, Body)> {
        let keys = self.tasks.of_node(node);
        let bodies = keys.into_iter().filter_map(|key| {
            let body = self.tasks.remove(key)?.body?;
            Some((key, body))
        });
        bodies.collect()
    }

    /// Takes a runnable task out for its turn.
    pub(crate) fn begin_turn(&mut self, key: TaskKey) -> Turn {
        let task = self.tasks.get_mut(key).expect("a ready task is live");
        task.state = State::Waiting;
        let body = task.body.take().expect("a task that waits for its turn is not being polled");
        let caller = caller::Caller { node: task.node, boot: task.boot, task: key };
        let (identity, aborted) = (task.identity, task.aborted);
        if self.trace.is_watched() {
            let task = self.tasks.get(key).expect("still there");
            let nodes = vec![self.nodes.get(task.node).name.clone()];
            let place = (!task.is_first()).then(|| task.place.to_string());
            let what = "poll".to_owned();
            self.trace.watch.begin(About { what, nodes, place });
        }
        self.trace.fold(caller::now().0);
        self.trace.fold(identity.0);
        Turn { body, caller, aborted }
    }

    /// A task is over.
    pub(crate) fn tasks_finish(&mut self, key: TaskKey) {
        self.tasks.remove(key);
    }
}

/// A task's result and who waits for it.
struct Join<T> {
    ended: Option<Result<T, JoinError>>,
    waiter: Option<Waker>,
    finished: bool,
}

/// Shared by a task and its handle. A mutex because handles are `Send`; within a run it is never
/// contended.
struct Shared<T>(Arc<Mutex<Join<T>>>);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Shared<T> {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Join { ended: None, waiter: None, finished: false })))
    }

    fn lock(&self) -> MutexGuard<'_, Join<T>> {
        self.0.lock().expect("nothing panics while it holds the lock")
    }

    fn finish(&self, ended: Result<T, JoinError>) {
        let waiter = {
            let mut join = self.lock();
            (join.ended, join.finished) = (Some(ended), true);
            join.waiter.take()
        };
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }
}

pin_project! {
    struct Typed<F: Future> {
        // Absent once it was ended without a value.
        #[pin]
        future: Option<F>,
        shared: Shared<F::Output>,
    }
}

impl<F> Spawned for Typed<F>
where
    F: Future + Send,
    F::Output: Send,
{
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let future = this.future.as_pin_mut().expect("what was ended is polled no more");
        future.poll(cx).map(|value| this.shared.finish(Ok(value)))
    }

    fn end(self: Pin<&mut Self>, why: JoinError) {
        let mut this = self.project();
        // Whoever joins is told also if a destructor panics.
        let why = match crate::panics::catch(|| this.future.set(None)) {
            Ok(()) => why,
            Err((caught, payload)) => {
                record_panic(caught);
                JoinError::Panicked(payload)
            }
        };
        this.shared.finish(Err(why));
    }
}

/// Waits for a task, or aborts it. Dropping it lets the task run on.
#[must_use = "a task whose handle is dropped runs on"]
pub struct JoinHandle<T> {
    run: u32,
    /// Absent if the node had stopped when the task should have started.
    task: Option<TaskKey>,
    shared: Shared<T>,
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").field("task", &self.task).finish_non_exhaustive()
    }
}

impl<T> JoinHandle<T> {
    /// Asks the task to end: it is dropped at its next turn, never at once.
    pub fn abort(&self) {
        if let Some(key) = self.task
            && self.run == caller::run()
        {
            world::with(|world| {
                if let Some(task) = world.tasks.get_mut(key) {
                    task.aborted = true;
                    world.tasks_wake(key);
                }
            });
        }
    }

    /// Whether the task has ended.
    pub fn is_finished(&self) -> bool {
        self.shared.lock().finished
    }

    /// Ready with the task's value once it has ended.
    ///
    /// # Panics
    /// After it was ready.
    pub fn poll_join(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, JoinError>> {
        let mut join = self.shared.lock();
        if let Some(ended) = join.ended.take() {
            return Poll::Ready(ended);
        }
        assert!(!join.finished, "a join handle was polled after it was ready");
        let old = join.waiter.replace(cx.waker().clone());
        drop(join);
        drop(old);
        Poll::Pending
    }
}

/// Starts a task on the calling node. `place` is where the system asked for it.
///
/// # Panics
/// Outside software on a node.
pub fn spawn<F>(future: F, place: &'static Location<'static>) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let caller = caller::expect();
    let shared = Shared::new();
    let body = Body::Spawned(Box::pin(Typed { future: Some(future), shared: shared.clone() }));
    // On a node that is being stopped nothing starts any more: the future is dropped, outside the
    // borrow, as if it had started and been stopped at once.
    let alive = world::with(|world| world.nodes.is_current(caller.node, caller.boot));
    let task = if alive {
        Some(world::with(|world| world.tasks_spawn(caller.node, body, place)))
    } else {
        body.end(JoinError::Cancelled);
        None
    };
    JoinHandle { run: caller::run(), task, shared }
}

impl Body {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self {
            Self::Spawned(task) => task.as_mut().poll(cx),
            Self::Root(software) => software.as_mut().poll(cx).map(|ended| {
                let error = ended.err();
                caller::observe(squall_history::Body::Node(squall_history::NodeEvent::Exited { error }));
                world::with(|world| world.stop_crashed(caller::expect(), RestartOn::Exit));
            }),
        }
    }

    fn end(self, why: JoinError) {
        match self {
            Self::Spawned(mut task) => task.as_mut().end(why),
            Self::Root(software) => drop(software),
        }
    }
}

/// A task that is about to be polled.
pub(crate) struct Turn {
    body: Body,
    caller: caller::Caller,
    aborted: bool,
}

impl Turn {
    pub(crate) const fn key(&self) -> TaskKey {
        self.caller.task
    }
}

/// Polls a task, outside the world's borrow.
pub(crate) fn poll(turn: Turn) {
    let Turn { mut body, caller, aborted } = turn;
    let key = caller.task;
    let still = caller::as_caller(caller, || {
        let waker = crate::waker::waker(caller::run(), key);
        let ended = if aborted {
            Err(JoinError::Cancelled)
        } else {
            match crate::panics::catch(|| body.poll(&mut Context::from_waker(&waker))) {
                Ok(Poll::Pending) => return Some(body),
                Ok(Poll::Ready(())) => Ok(()),
                Err((caught, payload)) => {
                    record_panic(caught);
                    Err(JoinError::Panicked(payload))
                }
            }
        };
        match ended {
            Ok(()) => drop_finished(body),
            Err(why) => drop_body(body, why),
        }
        None
    });
    world::with(|world| {
        match still {
            // Aborted by itself while it ran: it is dropped at its next turn, which the abort has made
            // ready.
            Some(body) => {
                let returned = world.tasks.put_back(key, body);
                assert!(returned, "a task being polled cannot be taken away");
            }
            // Last: destructors run as a live task, which may still draw.
            None => world.tasks_finish(key),
        }
        world.trace.executed(caller::now());
    });
}

pub(crate) fn record_panic(caught: crate::panics::Caught) {
    let panicked = squall_history::NodeEvent::Panicked { message: caught.message, location: caught.location };
    caller::observe(squall_history::Body::Node(panicked));
    world::with(|world| world.stop_crashed(caller::expect(), RestartOn::Panic));
}

/// Drops a body that gave its value: with it goes the value, if nobody joins.
fn drop_finished(body: Body) {
    if let Err((caught, _)) = crate::panics::catch(|| drop(body)) {
        record_panic(caught);
    }
}

/// Ends a task's body; a destructor that panics is a panic of the node as well.
pub(crate) fn drop_body(body: Body, why: JoinError) {
    if let Err((caught, _)) = crate::panics::catch(|| body.end(why)) {
        record_panic(caught);
    }
}
