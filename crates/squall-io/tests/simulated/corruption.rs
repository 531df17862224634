//! Efficacy of `corrupt`: bits that flip on the way, past the checksums of TCP and UDP.

use squall_history::Ppm;
use squall_sim::Rule;

use super::traffic::{THERE, Volley, pair, stream, volley};

const VOLLEY: Volley = Volley { count: 5_000, bytes: 64, gap_ms: 1 };

#[test]
fn corrupt_flips_one_bit_of_datagrams_at_its_rate() {
    let corrupt = Rule::Corrupt(Ppm::percent(10));
    let (came, effects) = volley(pair(), VOLLEY, |stage| Some(stage.rule("fault", corrupt, &[THERE])));
    let flipped = came.iter().filter(|came| came.flipped == 1).count() as u64;
    // 500 of 5,000; five standard deviations are 106.
    assert!(flipped.abs_diff(500) < 107, "{flipped}");
    assert_eq!((came.len(), effects.get("packets-corrupted")), (5_000, flipped));
    assert!(came.iter().all(|came| came.flipped <= 1));
    let (came, _) = volley(pair(), VOLLEY, |_| None);
    assert!(came.len() == 5_000 && came.iter().all(|came| came.flipped == 0));
}

#[test]
fn corrupt_obeys_the_direction_of_its_link() {
    let corrupt = Rule::Corrupt(Ppm::ONE);
    let back = [("b-1", "a-1")];
    let (came, effects) = volley(pair(), VOLLEY, |stage| Some(stage.rule("fault", corrupt, &back)));
    assert!(effects.is_empty() && came.iter().all(|came| came.flipped == 0), "{effects:?}");
}

#[test]
fn corrupt_flips_bits_of_a_stream_that_arrive_and_keeps_its_length() {
    let corrupt = Rule::Corrupt(Ppm::percent(30));
    let (streamed, effects) = stream(pair(), 3 << 20, |stage| Some(stage.rule("fault", corrupt, &[THERE])));
    let counted = effects.get("packets-corrupted");
    assert!(streamed.flipped > 5 && u64::from(streamed.flipped) == counted, "{streamed:?} {counted}");
    assert_eq!(streamed.bytes, 3 << 20);
    let (streamed, _) = stream(pair(), 3 << 20, |_| None);
    assert_eq!((streamed.flipped, streamed.bytes), (0, 3 << 20));
}

#[test]
fn what_is_sent_again_is_whole() {
    // The sender keeps what it wrote: a segment that was lost after a bit of it flipped would carry two.
    let (streamed, effects) = stream(pair(), 1 << 20, |stage| {
        stage.rule("loss", Rule::Loss(Ppm::percent(50)), &[THERE]);
        Some(stage.rule("fault", Rule::Corrupt(Ppm::ONE), &[THERE]))
    });
    let counted = effects.get("packets-corrupted");
    assert_eq!((u64::from(streamed.flipped), streamed.bytes), (counted, 1 << 20));
    assert!(counted > 0);
}
