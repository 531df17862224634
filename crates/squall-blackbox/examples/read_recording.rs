//! Reads a recording and says how many events are in it: for measuring how fast that goes.
#![expect(clippy::print_stdout, reason = "this is what it is for")]

use std::fs::File;
use std::io::BufReader;

use squall_blackbox::recording::{Options, Recording};

fn main() {
    let path = std::env::args().nth(1).expect("a file is named");
    let file = File::open(path).expect("the file can be opened");
    let recording = Recording::read(BufReader::with_capacity(1 << 16, file), Options::default());
    println!("{} events", recording.expect("the recording is well formed").events().len());
}
