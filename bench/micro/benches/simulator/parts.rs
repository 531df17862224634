//! Draws and the digest: what every event pays.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use squall_history::{Domain, Draws, Folder, Identity, Ppm, Seed};

pub(crate) fn all(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parts");
    let (draws, link) = (Draws::new(Seed(1)), Identity::of("link"));
    group.throughput(Throughput::Elements(1_000));
    group.bench_function("draw", |bencher| {
        bencher.iter(|| {
            (0..1_000).fold(0, |sum: u64, n| sum ^ draws.draw(Domain::Schedule, black_box(link), n).bits())
        });
    });
    group.bench_function("draw with three properties", |bencher| {
        bencher.iter(|| {
            let count = (0..1_000).filter(|&n| {
                let draw = draws.draw(Domain::Network, black_box(link), n);
                draw.property(1).between(0, 4_000_000) < 2_000_000
                    && draw.property(2).chance(Ppm::percent(50))
                    && draw.property(3).chance(Ppm::percent(50))
            });
            count.count()
        });
    });
    group.bench_function("fold a word", |bencher| {
        let mut folder = Folder::default();
        bencher.iter(|| {
            (0..1_000).for_each(|word| folder.fold(black_box(word)));
            folder.digest()
        });
    });
    group.throughput(Throughput::Bytes(64 << 10));
    group.bench_function("fold 64 KiB", |bencher| {
        let (mut folder, payload) = (Folder::default(), vec![7; 64 << 10]);
        bencher.iter(|| {
            folder.fold_bytes(black_box(&payload));
            folder.digest()
        });
    });
    group.finish();
}
