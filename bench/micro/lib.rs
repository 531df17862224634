//! Nothing: the package exists for its benchmarks (`benches/`), which use the simulator as its users do.
