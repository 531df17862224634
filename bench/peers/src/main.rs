//! Echo on squall-sim and on turmoil, in turn, in one run: 5 servers, 5 clients, 64-byte frames over
//! streams, 1–5 ms latency. Prints messages (frames, one way) per second of wall time, and the
//! ratio, for several rounds.
//!
//! `cargo run --release --manifest-path bench/peers/Cargo.toml`

mod echo_squall;
mod echo_turmoil;

use std::time::{Duration, Instant};

const PAIRS: usize = 5;
const FRAME: usize = 64;
const ROUNDS: usize = 5;

/// Frames that arrived, and how long it took.
struct Measured {
    messages: u64,
    wall: Duration,
}

impl Measured {
    fn rate(&self) -> f64 {
        self.messages as f64 / self.wall.as_secs_f64()
    }
}

fn measure(run: impl FnOnce() -> u64) -> Measured {
    let began = Instant::now();
    let messages = run();
    Measured { messages, wall: began.elapsed() }
}

fn main() {
    let mut ratios = Vec::new();
    for round in 1..=ROUNDS {
        // Simulated seconds so chosen that each takes about as long on the wall.
        let squall = measure(|| echo_squall::run(2_000));
        let turmoil = measure(|| echo_turmoil::run(100));
        let ratio = squall.rate() / turmoil.rate();
        println!(
            "round {round}: squall-sim {:.2} M/s ({} in {:.2?}), turmoil {:.3} M/s ({} in {:.2?}), ratio {ratio:.1}",
            squall.rate() / 1e6,
            squall.messages,
            squall.wall,
            turmoil.rate() / 1e6,
            turmoil.messages,
            turmoil.wall,
        );
        ratios.push(ratio);
    }
    ratios.sort_by(f64::total_cmp);
    println!("median ratio squall-sim / turmoil: {:.1}", ratios[ROUNDS / 2]);
}
