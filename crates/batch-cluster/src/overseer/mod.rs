//! What the leader does besides consensus: leases, failure detection, scheduling. A pure core.
