//! The chart of a cause: its words, and that other people's words stay words in it.

use squall_check::cause::{CAUSE_FORMAT, Cause, CauseEnded, CauseMoment, LaterFaults, Turn};
use squall_history::vocab::{Custom, raft};
use squall_history::*;
use squall_report::{Style, cause_json, cause_sentences, cause_svg, cause_text};

use crate::fixture::at_ms;

fn moment(at: SimTime, same: u64, runs: u64, what: &[Body]) -> CauseMoment {
    let record = |body: &Body| Record {
        at: SimTime(at.0.saturating_sub(1)),
        node: (!matches!(body, Body::Fault(_))).then(|| "controller-2".into()),
        boot: None,
        body: body.clone(),
    };
    CauseMoment { at, what: what.iter().map(record).collect(), runs, same, other: 0 }
}

fn cause() -> Cause {
    let kill = Body::Fault(FaultEvent::Applied {
        id: FaultId("kill#0".into()),
        action: Action::Kill(Selector::Nodes(vec!["controller-1".into()])),
        beyond_budget: false,
    });
    let hostile = Custom::new("a", "b").with("c", "</text><script>alert('\u{1b}[31m')</script> & \"more\"");
    let leads = Body::Raft(raft::Event::BecameLeader { term: 3 });
    Cause {
        v: CAUSE_FORMAT,
        scenario: "kill-leader".to_owned(),
        seed: Seed(0x1f3a),
        digest: None,
        symptom: "acked-job-not-lost".to_owned(),
        violated_at: at_ms(9_000),
        later_faults: LaterFaults::Kept,
        runs: 220,
        ended: CauseEnded::Complete,
        moments: vec![
            moment(SimTime::ZERO, 1, 20, &[]),
            moment(at_ms(4_000), 2, 80, &[kill.clone(), kill]),
            moment(at_ms(4_213), 68, 80, &[leads]),
            moment(at_ms(9_000), 20, 20, &[Body::Custom(hostile)]),
        ],
        turns: vec![Turn { before: 1, after: 2, between: 0 }],
    }
}

#[test]
fn a_chart_in_text() {
    insta::assert_snapshot!(cause_text(&cause(), Style::Plain));
}

#[test]
fn a_chart_as_a_picture() {
    insta::assert_snapshot!(cause_svg(&cause()));
}

#[test]
fn what_a_system_said_stays_text_in_the_picture() {
    let svg = cause_svg(&cause());
    assert!(!svg.contains("<script") && svg.contains("&lt;script&gt;"), "{svg}");
    assert!(!svg.contains('\u{1b}') && !svg.contains("http://www.w3.org/1999"), "{svg}");
    // Every element that is opened is closed, in its order.
    let mut open = Vec::new();
    for tag in svg.split('<').skip(1).map(|rest| rest.split('>').next().unwrap()) {
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "{svg}"),
            None if tag.ends_with('/') => {}
            None => open.push(tag.split_whitespace().next().unwrap()),
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn sentences_say_how_sure_they_are() {
    let mut cause = cause();
    cause.turns[0].between = 3;
    let told = cause_sentences(&cause).concat();
    assert!(told.contains("none of the 3 instants between stands out"), "{told}");
    cause.turns.clear();
    cause.ended = CauseEnded::OutOfRuns;
    let told = cause_sentences(&cause).concat();
    assert!(told.contains("No moment stands out: 5 % at the start, 100 % at the end"), "{told}");
    assert!(told.contains("It stopped there after 220 runs: --runs"), "{told}");
    cause.moments[0].same = 20;
    let told = cause_sentences(&cause).concat();
    assert!(
        told.contains("likely from the start (100 %): the faults that were applied bring it about"),
        "{told}"
    );
    cause.moments.clear();
    assert_eq!(cause_sentences(&cause)[0], "Nothing was sampled.");
    assert!(cause_svg(&cause).ends_with("</svg>\n"));
}

#[test]
fn data_that_was_written_is_read_back() {
    let cause = cause();
    assert_eq!(serde_json::from_str::<Cause>(&cause_json(&cause)).unwrap(), cause);
}
