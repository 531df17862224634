//! A node: keeps carts, coordinates what clients ask for, keeps hints for nodes that others do not reach.
//!
//! Each cart has N *homes*. Whoever of them a client asks coordinates: a write once W of them have it durably,
//! a read once R of them have answered. Where two answers differ, the *read's repair* brings all that answered
//! up to date, after the client has its answer. What a home could not be given, another node keeps as a *hint*
//! and hands over when it can. In a sloppy quorum a hint counts as a home's answer to a write.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use squall_io::task::JoinSet;
use squall_io::vocab::Custom;
use squall_io::{assert, observe, rand, select, task, time};
use squall_wire::{crc32c, encode};
use tokio::sync::{Mutex, MutexGuard, mpsc, oneshot};

use crate::disk::Saved;
use crate::object::{Actor, Object};
use crate::protocol::{Answer, PORT, Question};
use crate::rpc::{self, Line, PATIENCE};
use crate::{Config, HINT_FORGOTTEN, LAST_WRITER_WINS, Quorum, REPAIR_OVERWRITES};

/// How often hints are tried to be handed over.
const HAND_OVER: Duration = Duration::from_millis(500);

/// What a node has to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its name.
    pub name: String,
    /// All nodes, the same list everywhere.
    pub nodes: Vec<String>,
    /// N, R, W and what counts.
    pub config: Config,
    /// Planted bugs that are on.
    pub bugs: squall::BugSet,
}

/// The nodes in the order in which they are responsible for a cart: its homes first.
pub fn ring<'a>(nodes: &'a [String], key: &str) -> impl Iterator<Item = &'a String> {
    let start = crc32c(0, key.as_bytes()) as usize % nodes.len();
    nodes.iter().cycle().skip(start).take(nodes.len())
}

/// Runs a node until its disk fails it.
///
/// # Errors
/// What the disk says; and if the port is taken.
pub async fn run(settings: Settings) -> io::Result<()> {
    let (failed, mut failure) = mpsc::unbounded_channel();
    let mut saved: Saved<Durable> = Saved::open().await?;
    if saved.value.actor == 0 {
        // The disk is new, or was replaced: under the old number this node would use dots a second time.
        saved.value.actor = rand::bits().max(1);
        saved.save().await?;
    }
    saved.value.carts.iter().for_each(|(key, object)| tell(key, object));
    let node = Arc::new(Node { settings, saved: Mutex::new(saved), failed });
    drop(task::spawn(node.clone().hand_over_hints()));
    let listen = rpc::serve(PORT, move |question| {
        let node = node.clone();
        async move { Some(node.answer(question).await) }
    });
    select! {
        ended = listen => ended,
        error = failure.recv() => Err(error.expect("the node holds a sender")),
    }
}

/// What a node must not forget.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Durable {
    /// With the node's name it names a coordinator; 0 on a new disk.
    actor: u64,
    carts: BTreeMap<String, Object>,
    /// By home and key.
    hints: BTreeMap<(String, String), Object>,
}

struct Node {
    settings: Settings,
    saved: Mutex<Saved<Durable>>,
    failed: mpsc::UnboundedSender<io::Error>,
}

impl Node {
    async fn answer(self: Arc<Self>, question: Question) -> Answer {
        match question {
            Question::Get { key } => {
                let (done, answer) = oneshot::channel();
                // It goes on when the client has its answer.
                drop(task::spawn(self.read(key, done)));
                answer.await.map_or(Answer::NoQuorum, Answer::Cart)
            }
            Question::Put { key, context, items } => {
                let actor: Actor = (self.settings.name.clone(), self.saved.lock().await.value.actor);
                let object = self.change(&key, |object| object.write(&actor, &context, items)).await;
                let (done, answer) = oneshot::channel();
                drop(task::spawn(self.write(key, object, done)));
                answer.await.map_or(Answer::NoQuorum, |()| Answer::Done)
            }
            other => self.keep(other).await,
        }
    }

    /// What needs no other node.
    async fn keep(&self, question: Question) -> Answer {
        match question {
            Question::Fetch { key } => {
                let saved = self.saved.lock().await;
                return Answer::Cart(saved.value.carts.get(&key).cloned().unwrap_or_default());
            }
            // planted bug: what came in meanwhile is overwritten, not merged with
            Question::Repair { key, object } if self.settings.bugs.has(REPAIR_OVERWRITES) => {
                self.change(&key, |own| *own = object).await;
            }
            Question::Store { key, object } | Question::Repair { key, object } => {
                self.change(&key, |own| own.merge(&object)).await;
            }
            Question::Hint { home, key, object } => {
                let mut saved = self.saved.lock().await;
                saved.value.hints.entry((home, key)).or_default().merge(&object);
                self.save(&saved).await;
                assert::reachable!("quorum-kv/hint-kept");
            }
            Question::Get { .. } | Question::Put { .. } => return Answer::NoQuorum,
        }
        Answer::Done
    }

    /// Changes a cart durably and gives it back.
    async fn change(&self, key: &str, change: impl FnOnce(&mut Object)) -> Object {
        let mut saved: MutexGuard<'_, Saved<Durable>> = self.saved.lock().await;
        let object = saved.value.carts.entry(key.to_owned()).or_default();
        let before = object.clone();
        change(object);
        // planted bug: of concurrent writes one is kept
        if self.settings.bugs.has(LAST_WRITER_WINS) {
            object.keep_last();
        }
        let after = object.clone();
        assert::sometimes!(after.siblings.len() > 1, "quorum-kv/siblings");
        if after != before {
            self.save(&saved).await;
            tell(key, &after);
        }
        after
    }

    /// Asks all homes of a cart at once, itself included if it is one.
    fn ask_homes(self: &Arc<Self>, key: &str, question: &Question) -> JoinSet<(String, Option<Answer>)> {
        let mut asked = JoinSet::new();
        for home in ring(&self.settings.nodes, key).take(self.settings.config.n) {
            asked.spawn(self.clone().ask(home.clone(), question.clone()));
        }
        asked
    }

    async fn ask(self: Arc<Self>, node: String, question: Question) -> (String, Option<Answer>) {
        let answer = match node == self.settings.name {
            true => Some(self.keep(question).await),
            false => Line::new(&node, PORT, PATIENCE).call(&question).await.ok(),
        };
        (node, answer)
    }

    /// Coordinates a read, and repairs what it found behind.
    async fn read(self: Arc<Self>, key: String, done: oneshot::Sender<Object>) {
        let mut asked = self.ask_homes(&key, &Question::Fetch { key: key.clone() });
        let (mut done, mut found, mut held) = (Some(done), Object::default(), BTreeMap::new());
        while let Some(ended) = asked.join_next().await {
            let Ok((home, Some(Answer::Cart(object)))) = ended else { continue };
            found.merge(&object);
            held.insert(home, object);
            if held.len() == self.settings.config.r
                && let Some(done) = done.take()
            {
                // The client may be gone.
                done.send(found.clone()).ok();
            }
        }
        for (home, _) in held.into_iter().filter(|(_, object)| *object != found) {
            assert::reachable!("quorum-kv/read-repair");
            self.clone().ask(home, Question::Repair { key: key.clone(), object: found.clone() }).await;
        }
    }

    /// Coordinates a write that this node has.
    async fn write(self: Arc<Self>, key: String, object: Object, done: oneshot::Sender<()>) {
        let config = self.settings.config;
        let mut asked = self.ask_homes(&key, &Question::Store { key: key.clone(), object: object.clone() });
        let (mut done, mut stored) = (Some(done), 0);
        while let Some(ended) = asked.join_next().await {
            let Ok((home, answer)) = ended else { continue };
            let counts = match answer {
                Some(Answer::Done) => true,
                _ => self.clone().leave_hint(home, &key, &object).await && config.quorum == Quorum::Sloppy,
            };
            stored += usize::from(counts);
            if stored == config.w
                && let Some(done) = done.take()
            {
                done.send(()).ok();
            }
        }
    }

    /// Gives what a home could not be given to the first other node that takes it.
    async fn leave_hint(self: Arc<Self>, home: String, key: &str, object: &Object) -> bool {
        for other in ring(&self.settings.nodes, key).skip(self.settings.config.n) {
            let hint = Question::Hint { home: home.clone(), key: key.to_owned(), object: object.clone() };
            if let (_, Some(Answer::Done)) = self.clone().ask(other.clone(), hint).await {
                return true;
            }
        }
        false
    }

    /// Hands over, for ever, what it keeps for others.
    async fn hand_over_hints(self: Arc<Self>) {
        loop {
            time::sleep(HAND_OVER).await;
            let hints = self.saved.lock().await.value.hints.clone();
            for ((home, key), object) in hints {
                // planted bug: forgotten when it is sent, not when it has arrived
                if self.settings.bugs.has(HINT_FORGOTTEN) {
                    self.forget(&home, &key, &object).await;
                }
                let store = Question::Store { key: key.clone(), object: object.clone() };
                if let (_, Some(Answer::Done)) = self.clone().ask(home.clone(), store).await {
                    assert::reachable!("quorum-kv/hint-handed-over");
                    self.forget(&home, &key, &object).await;
                }
            }
        }
    }

    /// Forgets a hint, unless there is more to hand over by now.
    async fn forget(&self, home: &str, key: &str, object: &Object) {
        let mut saved = self.saved.lock().await;
        let place = (home.to_owned(), key.to_owned());
        if saved.value.hints.get(&place) == Some(object) {
            saved.value.hints.remove(&place);
            self.save(&saved).await;
        }
    }

    /// Makes the state durable. If the disk cannot, this never returns: the caller holds the lock, so nobody
    /// sees what is not durable, and the node ends.
    async fn save(&self, saved: &Saved<Durable>) {
        if let Err(error) = saved.save().await {
            self.failed.send(error).ok();
            std::future::pending::<()>().await;
        }
    }
}

/// Says what it holds, for the invariant `replicas-converge`.
fn tell(key: &str, object: &Object) {
    let hash = crc32c(0, &encode(object));
    observe(Custom::new("quorum-kv", "holds").with("key", key).with("hash", hash));
}
