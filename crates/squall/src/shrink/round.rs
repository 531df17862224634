//! Round numbers: what a reader takes in without counting digits.

use squall_history::{Ppm, SimDuration, SimTime};

/// Digits of a number, zeros at its end left out: 4,200 has two.
pub(super) fn digits(number: u64) -> u32 {
    let mut number = number;
    while number != 0 && number.is_multiple_of(10) {
        number /= 10;
    }
    number.checked_ilog10().map_or(0, |log| log + 1)
}

/// The next number not above this one that has at most so many digits.
fn down(number: u64, digits: u32) -> u64 {
    let grain = grain(number, digits);
    number / grain * grain
}

/// The next number not below this one that has at most so many digits.
pub(super) fn up(number: u64, digits: u32) -> u64 {
    number.checked_next_multiple_of(grain(number, digits)).unwrap_or(number)
}

fn grain(number: u64, digits: u32) -> u64 {
    let all = number.checked_ilog10().map_or(1, |log| log + 1);
    10_u64.pow(all.saturating_sub(digits))
}

/// Digits that are tried at most: three tell a second from a millisecond.
const DIGITS_MAX: u32 = 3;

/// Numbers to try in place of one that says how much or how long: much smaller and round, then the same
/// but rounder. Never zero, and none twice.
pub(super) fn simpler(number: u64) -> Vec<u64> {
    let own = digits(number);
    let smaller = [8, 4, 2].map(|part| down(number / part, 1));
    let rounder = (1..own.min(DIGITS_MAX + 1)).flat_map(|digits| [down(number, digits), up(number, digits)]);
    let mut found = Vec::new();
    for other in smaller.into_iter().chain(rounder) {
        let is_simpler = digits(other) < own || (other < number && digits(other) == own);
        if other > 0 && is_simpler && !found.contains(&other) {
            found.push(other);
        }
    }
    found
}

/// Shorter than this nobody thinks of a fault, a delay or a pause.
const MOMENT: SimDuration = SimDuration::from_millis(1);

/// [`simpler`] of a span, but for such as are shorter than a millisecond.
pub(super) fn simpler_span(span: SimDuration) -> Vec<SimDuration> {
    let spans = simpler(span.as_nanos()).into_iter().map(SimDuration::from_nanos);
    spans.filter(|other| *other >= MOMENT.min(span)).collect()
}

/// The same span in fewer digits, the nearer first.
pub(super) fn rounder_spans(span: SimDuration) -> Vec<SimDuration> {
    let mut found = Vec::new();
    for digits in 1..digits(span.0).min(DIGITS_MAX + 1) {
        let (low, high) = (down(span.0, digits), up(span.0, digits));
        let near = if span.0 - low <= high - span.0 { [low, high] } else { [high, low] };
        found.extend(near.into_iter().filter(|other| *other > 0).map(SimDuration));
    }
    found.dedup();
    found
}

/// [`simpler`] of a share.
pub(super) fn simpler_share(share: Ppm) -> Vec<Ppm> {
    let parts = simpler(share.get().into()).into_iter();
    parts.filter_map(|parts| Ppm::new(u32::try_from(parts).ok()?)).collect()
}

/// Ranges to try in place of one: a single value, then [`simpler`] ones.
pub(super) fn simpler_range((low, high): (SimDuration, SimDuration)) -> Vec<(SimDuration, SimDuration)> {
    if low != high {
        return [low, high].into_iter().filter(|span| span.as_nanos() > 0).map(|span| (span, span)).collect();
    }
    simpler_span(high).into_iter().map(|span| (span, span)).collect()
}

/// Steps of the clock that times are rounded to, the coarsest first.
pub(super) const GRAINS: [SimDuration; 6] = [
    SimDuration::from_secs(1),
    SimDuration::from_millis(100),
    SimDuration::from_millis(10),
    SimDuration::from_millis(1),
    SimDuration::from_micros(100),
    SimDuration::from_micros(10),
];

/// The nearest multiple of a grain.
pub(super) fn nearest(at: SimTime, grain: SimDuration) -> SimTime {
    let grain = grain.as_nanos();
    SimTime(at.0.saturating_add(grain / 2) / grain * grain)
}

/// Times to try in place of one: on the coarsest grain first, the nearer neighbour before the other.
pub(crate) fn rounder_times(at: SimTime) -> Vec<SimTime> {
    let mut found = Vec::new();
    for grain in GRAINS.iter().filter(|grain| !at.0.is_multiple_of(grain.as_nanos())) {
        let near = nearest(at, *grain);
        let other =
            if near < at { near.0.saturating_add(grain.as_nanos()) } else { near.0 - grain.as_nanos() };
        for time in [near, SimTime(other)] {
            if digits(time.0) < digits(at.0) && !found.contains(&time) {
                found.push(time);
            }
        }
    }
    found
}
