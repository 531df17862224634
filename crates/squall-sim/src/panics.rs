//! Panics of the system under test, caught with their place.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::Once;

use crate::caller::Caller;

/// What a panic said, and where.
#[derive(Clone, Debug, Default)]
pub(crate) struct Caught {
    pub(crate) message: String,
    pub(crate) location: String,
}

thread_local! {
    /// How many calls of [`catch`] are under way.
    static CATCHING: Cell<u32> = const { Cell::new(0) };
    /// Panics that nothing here catches, and whose they are.
    static STRAY: RefCell<Vec<(Caller, Caught)>> = const { RefCell::new(Vec::new()) };
    static LAST: RefCell<Option<Caught>> = const { RefCell::new(None) };
}

/// Runs `f`; a panic of it is caught, told nowhere on the terminal, and described.
pub(crate) fn catch<R>(f: impl FnOnce() -> R) -> Result<R, (Caught, Box<dyn Any + Send>)> {
    install();
    let _catching = Catching::begin();
    // Whatever `f` leaves half done belongs to a task that is dropped and never polled again.
    catch_unwind(AssertUnwindSafe(f)).map_err(|payload| {
        let message = message(&*payload);
        // A panic that is passed on (`resume_unwind`) calls no hook; what the hook noted last may
        // then be of another one, which the program itself had caught.
        let noted = LAST.take().filter(|noted| noted.message == message);
        let mut caught = noted.unwrap_or_else(|| Caught { message, location: "(unknown)".to_owned() });
        caught.message = with_advice(caught.message);
        (caught, payload)
    })
}

/// One call of [`catch`], for as long as it lasts.
struct Catching;

impl Catching {
    fn begin() -> Self {
        CATCHING.set(CATCHING.get() + 1);
        Self
    }
}

impl Drop for Catching {
    fn drop(&mut self) {
        CATCHING.set(CATCHING.get() - 1);
    }
}

/// The panics of tasks that another simulator polls without a wrapper of ours, since the last call.
pub(crate) fn take_stray() -> Vec<(Caller, Caught)> {
    install();
    STRAY.take()
}

/// Takes the process's panic hook once; panics outside a simulated node go on to the previous one.
fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| match crate::caller::get() {
            Some(_) if CATCHING.get() > 0 => LAST.set(Some(describe(info))),
            Some(caller) => STRAY.with_borrow_mut(|stray| stray.push((caller, describe(info)))),
            None => previous(info),
        }));
    });
}

fn describe(info: &PanicHookInfo<'_>) -> Caught {
    let location = info.location().map(ToString::to_string).unwrap_or_default();
    Caught { message: message(info.payload()), location }
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("(no message)").to_owned()
}

/// Calls of tokio's own runtime find none here; says what to use instead.
fn with_advice(message: String) -> String {
    if message.contains("must be called from the context of a Tokio 1.x runtime") {
        return format!(
            "{message} (in a simulation use squall_io::task::spawn, squall_io::time and squall_io::net \
             in place of tokio's own)"
        );
    }
    message
}
