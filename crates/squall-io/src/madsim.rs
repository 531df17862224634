//! What madsim calls otherwise: the time.

/// Time since the simulation began, in nanoseconds.
pub(crate) fn now_ns() -> u64 {
    let elapsed = ::madsim::time::TimeHandle::current().elapsed();
    u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX)
}
