//! What a system offers to the harness does nothing on a real ground, but that a broken promise is told.
#![expect(clippy::unwrap_used, reason = "what the tests have in common stands outside of them")]

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use squall_io::{assert, buggify, hook, hook_now, knob};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Keeps the errors that are told.
#[derive(Clone, Default)]
struct Errors(Arc<Mutex<Vec<String>>>);

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0 += &format!("{field}={value:?} ");
    }
}

impl Subscriber for Errors {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::ERROR && metadata.target() == "squall"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        self.0.lock().unwrap().push(text.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// What is told while a program runs on tokio.
fn told(program: impl Future<Output = ()>) -> Vec<String> {
    let errors = Errors::default();
    tracing::subscriber::with_default(errors.clone(), || {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(program);
    });
    errors.0.lock().unwrap().clone()
}

#[test]
fn no_turn_is_taken_and_no_point_strikes() {
    let told = told(async {
        for _ in 0..1_000 {
            assert_eq!([buggify!("offer/turn"), buggify!("offer/sure", p = 100%), buggify!()], [false; 3]);
            assert_eq!(knob!("offer/knob", 64, 1), 64);
            hook!("offer/point").await;
            hook_now!("offer/plain-point");
        }
        assert::sometimes!(true, "offer/goal");
        assert::reachable!("offer/reached");
        assert::always!(1 + 1 == 2, "offer/sum");
    });
    assert_eq!(told, Vec::<String>::new());
}

#[test]
fn a_broken_promise_is_an_error_that_is_told_and_no_panic() {
    let told = told(async {
        let (left, right) = (2, 3);
        assert::always!(left == right, "offer/equal", "{left} and {right}");
        assert::unreachable!("offer/never");
    });
    let [equal, never] = &told[..] else { panic!("two promises are broken: {told:?}") };
    let says = |text: &str, words: &str| assert!(text.contains(words), "no `{words}` in {text}");
    says(equal, "assertion=\"offer/equal\"");
    says(equal, "place=offers_on_tokio:");
    says(equal, "details=2 and 3");
    says(never, "assertion=\"offer/never\"");
}
