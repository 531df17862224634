//! Recordings: what each format says, and what makes it malformed, with the place.

mod edn;
mod laws;
mod limits;
mod malformed;
mod operations;
mod squall;

use std::fmt::Write as _;
use std::io::BufReader;

use squall_blackbox::recording::{Keys, Malformed, Options, ReadError, Recording, Times};
use squall_history::Phase;

/// Reads with these options, in the smallest pieces an input can come in.
fn read_with(text: impl AsRef<[u8]>, options: Options) -> Result<Recording, Box<Malformed>> {
    let read = |capacity| match Recording::read(BufReader::with_capacity(capacity, text.as_ref()), options) {
        Ok(recording) => Ok(recording),
        Err(ReadError::Malformed(malformed)) => Err(malformed),
        Err(ReadError::Io(error)) => panic!("{error}"),
    };
    let (whole, bitwise) = (read(1 << 16), read(1));
    let told = |read: &Result<Recording, Box<Malformed>>| match read {
        Ok(recording) => Ok(told(recording)),
        Err(malformed) => Err(malformed.clone()),
    };
    assert_eq!(told(&whole), told(&bitwise), "what is read depends on the pieces it comes in");
    whole
}

fn read(text: impl AsRef<[u8]>) -> Recording {
    let read = read_with(text, Options::default());
    read.unwrap_or_else(|malformed| panic!("{malformed}\n{:?}", malformed.excerpt))
}

#[track_caller]
fn refused(text: impl AsRef<[u8]>) -> Box<Malformed> {
    match read_with(text, Options::default()) {
        Ok(recording) => panic!("not refused, but read as:\n{}", told(&recording)),
        Err(malformed) => malformed,
    }
}

/// A recording in short: one event a line, as `3: op 0 p1 ok read x 5 @120`.
fn told(recording: &Recording) -> String {
    let mut text = String::new();
    for (place, event) in recording.events().enumerate() {
        let op = event.op;
        let phase = match op.phase {
            Phase::Invoke => "invoke",
            Phase::Ok => "ok",
            Phase::Fail => "fail",
            Phase::Info => "info",
        };
        let key = op.key.as_deref().map_or_else(String::new, |key| format!(" {key}"));
        let node = event.node.map_or_else(String::new, |node| format!(" on {node}"));
        let (line, id, process) = (recording.line(place).unwrap(), op.id.0, op.process.0);
        let (f, value, at) = (&op.f, &op.value, event.at.0);
        writeln!(text, "{line}: op {id} p{process} {phase} {f}{key} {value} @{at}{node}").unwrap();
    }
    text
}

fn keys(keys: Keys) -> Options {
    Options { keys, ..Options::default() }
}

fn places() -> Options {
    Options { times: Times::Ignored, ..Options::default() }
}
