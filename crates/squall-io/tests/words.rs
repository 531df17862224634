//! `#[derive(Word)]`: what a type of one's own looks like in a history, and back.

use serde_json::json;
use squall_history::{Body, Record, SimTime};
use squall_io::vocab::{Custom, Observation};
use squall_io::{Word, observe};

#[derive(Clone, PartialEq, Debug, Word)]
#[word(vocab = "lease")]
enum Lease {
    /// Somebody has it.
    Granted {
        holder: String,
        until_ms: u64,
    },
    /// Nobody has it any more.
    #[word(name = "gone")]
    Released {
        holder: Option<String>,
    },
    Asked,
}

#[derive(Clone, PartialEq, Debug, Word)]
struct SnapshotTaken {
    index: u64,
}

fn written(word: impl Observation) -> Record {
    Record { at: SimTime(7), node: None, boot: None, body: word.into_body() }
}

#[test]
fn a_value_is_a_word_with_details() {
    let record = written(Lease::Granted { holder: "server-1".to_owned(), until_ms: 5 });
    let word = Custom::new("lease", "granted").with("holder", "server-1").with("until-ms", 5);
    assert_eq!(record.body, Body::Custom(word));
    let text = serde_json::to_value(&record).expect("a record has a JSON form");
    assert_eq!(text["custom"]["fields"], json!({ "holder": "server-1", "until-ms": 5 }));
}

#[test]
fn words_come_back_as_they_were() {
    let all = [
        Lease::Granted { holder: "server-1".to_owned(), until_ms: u64::MAX },
        Lease::Released { holder: None },
        Lease::Asked,
    ];
    for word in all {
        let record = written(word.clone());
        assert_eq!(record.word::<Lease>(), Some(word));
        assert_eq!(record.word::<SnapshotTaken>(), None);
    }
    let taken = SnapshotTaken { index: 3 };
    assert_eq!(written(taken.clone()).word(), Some(taken));
}

#[test]
fn what_does_not_fit_is_no_word() {
    for word in [
        Custom::new("other", "asked"),
        Custom::new("lease", "unheard-of"),
        Custom::new("lease", "granted").with("holder", "server-1"),
        Custom::new("lease", "granted").with("holder", 1).with("until-ms", 1),
    ] {
        assert_eq!(Lease::read(&word), None, "{word:?}");
    }
}

#[test]
fn words_are_conditions_by_name() {
    assert_eq!(Lease::CONDITIONS, ["lease/granted", "lease/gone", "lease/asked"]);
    // Without a vocabulary of its own, a word belongs to its crate.
    assert_eq!(SnapshotTaken::CONDITIONS, ["squall-io/snapshot-taken"]);
}

#[test]
fn outside_a_simulation_a_word_is_a_tracing_event() {
    // No subscriber, no simulation, no runtime: nothing is needed, and nothing happens.
    observe(Lease::Asked);
}
