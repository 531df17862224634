//! How a jitter is spread: tables of quantiles in whole numbers, so that every machine draws the same.
//!
//! A draw picks one of 256 cells, all alike likely, and a place in it; between a cell's two ends the
//! quantile is a straight line. No logarithm and no exponential: they differ between machines.

use squall_history::{Draw, LatencyShape, SimDuration};

/// One, in the tables' unit: the jitter itself.
const ONE_BITS: u32 = 16;

type Quantiles = [u32; 257];

/// What is added to a latency: the jitter, spread by its shape (the draw itself, no property of it).
#[inline]
pub(super) fn addition(shape: LatencyShape, jitter: SimDuration, draw: Draw) -> SimDuration {
    match shape {
        LatencyShape::Uniform => SimDuration(draw.between(0, jitter.0)),
        LatencyShape::Constant => SimDuration::ZERO,
        LatencyShape::Normal => scaled(&NORMAL, jitter, draw),
        LatencyShape::HeavyTail => scaled(&HEAVY_TAIL, jitter, draw),
    }
}

fn scaled(table: &Quantiles, jitter: SimDuration, draw: Draw) -> SimDuration {
    let product = u128::from(jitter.0) * u128::from(quantile(table, draw.bits()));
    SimDuration(u64::try_from(product >> ONE_BITS).unwrap_or(u64::MAX))
}

/// The quantile at `bits`, a fraction of 2^64.
fn quantile(table: &Quantiles, bits: u64) -> u64 {
    let cell = usize::from(bits.to_be_bytes()[0]);
    let (low, high) = (u64::from(table[cell]), u64::from(table[cell + 1]));
    // 32 bits of the place in the cell: the product fits, the tables' values being below 2^21.
    let place = bits >> 24 & 0xffff_ffff;
    low + (((high - low) * place) >> 32)
}

/// A bell: 1/2 + z/6, where z is the standard normal quantile, cut at three deviations.
#[rustfmt::skip]
const NORMAL: Quantiles = [
    0, 3_713, 6_362, 8_015, 9_242, 10_229, 11_060, 11_782, 12_422, 12_999, 13_526, 14_011, 14_462, 14_884,
    15_281, 15_656, 16_011, 16_350, 16_674, 16_984, 17_282, 17_569, 17_845, 18_113, 18_372, 18_623, 18_867,
    19_104, 19_335, 19_560, 19_779, 19_994, 20_203, 20_408, 20_609, 20_806, 20_999, 21_188, 21_374, 21_557,
    21_736, 21_913, 22_087, 22_258, 22_427, 22_593, 22_757, 22_918, 23_078, 23_236, 23_391, 23_545, 23_697,
    23_847, 23_995, 24_142, 24_287, 24_431, 24_574, 24_715, 24_854, 24_993, 25_130, 25_266, 25_401, 25_534,
    25_667, 25_799, 25_929, 26_059, 26_188, 26_315, 26_442, 26_568, 26_694, 26_818, 26_942, 27_065, 27_187,
    27_308, 27_429, 27_549, 27_669, 27_788, 27_906, 28_024, 28_141, 28_258, 28_374, 28_490, 28_605, 28_720,
    28_834, 28_948, 29_062, 29_175, 29_288, 29_400, 29_512, 29_624, 29_735, 29_846, 29_957, 30_067, 30_177,
    30_287, 30_397, 30_506, 30_615, 30_724, 30_833, 30_941, 31_050, 31_158, 31_266, 31_374, 31_482, 31_589,
    31_697, 31_804, 31_912, 32_019, 32_126, 32_233, 32_340, 32_447, 32_554, 32_661, 32_768, 32_875, 32_982,
    33_089, 33_196, 33_303, 33_410, 33_517, 33_624, 33_732, 33_839, 33_947, 34_054, 34_162, 34_270, 34_378,
    34_486, 34_595, 34_703, 34_812, 34_921, 35_030, 35_139, 35_249, 35_359, 35_469, 35_579, 35_690, 35_801,
    35_912, 36_024, 36_136, 36_248, 36_361, 36_474, 36_588, 36_702, 36_816, 36_931, 37_046, 37_162, 37_278,
    37_395, 37_512, 37_630, 37_748, 37_867, 37_987, 38_107, 38_228, 38_349, 38_471, 38_594, 38_718, 38_842,
    38_968, 39_094, 39_221, 39_348, 39_477, 39_607, 39_737, 39_869, 40_002, 40_135, 40_270, 40_406, 40_543,
    40_682, 40_821, 40_962, 41_105, 41_249, 41_394, 41_541, 41_689, 41_839, 41_991, 42_145, 42_300, 42_458,
    42_618, 42_779, 42_943, 43_109, 43_278, 43_449, 43_623, 43_800, 43_979, 44_162, 44_348, 44_537, 44_730,
    44_927, 45_128, 45_333, 45_542, 45_757, 45_976, 46_201, 46_432, 46_669, 46_913, 47_164, 47_423, 47_691,
    47_967, 48_254, 48_552, 48_862, 49_186, 49_525, 49_880, 50_255, 50_652, 51_074, 51_525, 52_010, 52_537,
    53_114, 53_754, 54_476, 55_307, 56_294, 57_521, 59_174, 61_823, 65_536,
];

/// Lomax with shape 2 and scale 1/2: ((1 - u)^(-1/2) - 1) / 2. The last cell ends where its mean is that
/// of the whole tail above it.
#[rustfmt::skip]
const HEAVY_TAIL: Quantiles = [
    0, 64, 129, 194, 259, 325, 391, 457, 524, 592, 659, 728, 796, 865, 935, 1_004, 1_075, 1_145, 1_217,
    1_288, 1_360, 1_433, 1_506, 1_579, 1_653, 1_728, 1_803, 1_878, 1_954, 2_030, 2_107, 2_185, 2_262, 2_341,
    2_420, 2_499, 2_579, 2_660, 2_741, 2_823, 2_905, 2_988, 3_072, 3_156, 3_240, 3_325, 3_411, 3_498, 3_585,
    3_673, 3_761, 3_850, 3_940, 4_030, 4_121, 4_212, 4_305, 4_398, 4_492, 4_586, 4_681, 4_777, 4_874, 4_971,
    5_069, 5_168, 5_268, 5_368, 5_470, 5_572, 5_675, 5_778, 5_883, 5_988, 6_095, 6_202, 6_310, 6_419, 6_529,
    6_640, 6_752, 6_864, 6_978, 7_093, 7_209, 7_325, 7_443, 7_562, 7_682, 7_803, 7_925, 8_048, 8_172, 8_297,
    8_424, 8_552, 8_681, 8_811, 8_942, 9_075, 9_209, 9_344, 9_480, 9_618, 9_757, 9_898, 10_040, 10_183,
    10_328, 10_475, 10_622, 10_772, 10_923, 11_075, 11_229, 11_385, 11_542, 11_702, 11_862, 12_025, 12_189,
    12_356, 12_524, 12_694, 12_865, 13_039, 13_215, 13_393, 13_573, 13_755, 13_939, 14_126, 14_314, 14_505,
    14_699, 14_895, 15_093, 15_293, 15_497, 15_702, 15_911, 16_122, 16_336, 16_553, 16_773, 16_995, 17_221,
    17_450, 17_682, 17_917, 18_155, 18_397, 18_643, 18_892, 19_144, 19_401, 19_661, 19_925, 20_193, 20_465,
    20_742, 21_023, 21_308, 21_598, 21_893, 22_192, 22_497, 22_806, 23_121, 23_442, 23_767, 24_099, 24_437,
    24_780, 25_130, 25_486, 25_849, 26_219, 26_596, 26_980, 27_372, 27_772, 28_179, 28_595, 29_020, 29_454,
    29_896, 30_349, 30_811, 31_284, 31_767, 32_262, 32_768, 33_286, 33_817, 34_360, 34_917, 35_488, 36_074,
    36_676, 37_293, 37_927, 38_579, 39_248, 39_938, 40_647, 41_378, 42_130, 42_906, 43_707, 44_534, 45_388,
    46_271, 47_185, 48_131, 49_112, 50_129, 51_185, 52_283, 53_424, 54_613, 55_853, 57_147, 58_499, 59_914,
    61_397, 62_953, 64_590, 66_313, 68_131, 70_053, 72_090, 74_252, 76_554, 79_011, 81_641, 84_466, 87_512,
    90_808, 94_391, 98_304, 102_603, 107_354, 112_643, 118_581, 125_311, 133_026, 141_995, 152_596, 165_394,
    181_272, 201_701, 229_376, 269_930, 337_960, 491_520, 1_540_096,
];

#[cfg(test)]
mod tests {
    use super::*;
    use squall_history::{Domain, Draws, Identity, Seed};

    const JITTER: SimDuration = SimDuration::from_millis(1);

    fn many(shape: LatencyShape) -> Vec<u64> {
        let draws = Draws::new(Seed(11));
        let all = (0..200_000).map(|n| {
            addition(shape, JITTER, draws.draw(Domain::Network, Identity::of("shape"), n)).as_nanos()
        });
        let mut all: Vec<u64> = all.collect();
        all.sort_unstable();
        all
    }

    fn mean(all: &[u64]) -> u64 {
        all.iter().sum::<u64>() / all.len() as u64
    }

    fn share_below(all: &[u64], nanos: u64) -> f64 {
        all.partition_point(|&one| one < nanos) as f64 / all.len() as f64
    }

    /// The standard normal distribution, by its series (Abramowitz and Stegun 26.2.10).
    fn below_normal(z: f64) -> f64 {
        let (mut term, mut sum) = (z, z);
        for k in 1..200 {
            term *= -z * z / (2.0 * f64::from(k));
            sum += term / f64::from(2 * k + 1);
        }
        0.5 + sum / (2.0 * std::f64::consts::PI).sqrt()
    }

    #[test]
    fn the_tables_hold_the_quantiles_they_say() {
        for (place, &value) in NORMAL.iter().enumerate().take(256).skip(1) {
            let z = (f64::from(value) / 65_536.0 - 0.5) * 6.0;
            let error = (below_normal(z) - place as f64 / 256.0).abs();
            assert!(error < 1e-4, "{place}: {error}");
        }
        for (place, &value) in HEAVY_TAIL.iter().enumerate().take(256) {
            let exact = ((1.0 - place as f64 / 256.0).powf(-0.5) - 1.0) / 2.0;
            assert!((f64::from(value) / 65_536.0 - exact).abs() < 1e-5, "{place}");
        }
        assert!(NORMAL.is_sorted() && HEAVY_TAIL.is_sorted());
    }

    #[test]
    fn every_shape_but_constant_adds_half_of_the_jitter_on_average() {
        for (shape, within) in [
            (LatencyShape::Uniform, 4_000),
            (LatencyShape::Normal, 3_000),
            // Its variance is large: the mean of 200,000 is off by some percent.
            (LatencyShape::HeavyTail, 25_000),
        ] {
            let mean = mean(&many(shape));
            assert!(mean.abs_diff(500_000) < within, "{shape:?}: {mean}");
        }
        assert_eq!(many(LatencyShape::Constant).last(), Some(&0));
    }

    #[test]
    fn a_bell_has_its_deviation_and_a_tail_its_far_end() {
        let bell = many(LatencyShape::Normal);
        // One and two deviations around the middle: 68.27 and 95.45 of a hundred.
        let within = |d: u64| share_below(&bell, 500_000 + d) - share_below(&bell, 500_000 - d);
        assert!((within(166_667) - 0.6827).abs() < 0.006, "{}", within(166_667));
        assert!((within(333_333) - 0.9545).abs() < 0.003, "{}", within(333_333));
        assert!(*bell.last().unwrap() <= 1_000_000);
        let tail = many(LatencyShape::HeavyTail);
        assert!((share_below(&tail, 207_107) - 0.5).abs() < 0.006);
        assert!((share_below(&tail, 4_500_000) - 0.99).abs() < 0.002);
        let last = *tail.last().unwrap();
        assert!(last > 15_000_000 && last <= 23_500_000, "{last}");
    }

    #[test]
    fn uniform_is_the_draw_it_always_was() {
        let draw = Draws::new(Seed(3)).draw(Domain::Network, Identity::of("x"), 1);
        assert_eq!(addition(LatencyShape::Uniform, JITTER, draw).0, draw.between(0, JITTER.0));
    }
}
