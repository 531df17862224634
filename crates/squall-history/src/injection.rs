//! What a run did to itself at a named point of the system: an address that can be written down.
//!
//! A hook strikes where the system passes a point, not when a clock says so. The address of such a
//! moment is (site, node, nth): it needs no time, so it stays meaningful in a plan that was reduced.
//! What happened there is the hook's business, not this address's.

use serde::{Deserialize, Serialize};

use crate::NodeName;

/// One passage of one node through one point.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Injection {
    /// Name of the point.
    pub site: String,
    /// The node that passed it.
    pub node: NodeName,
    /// Its passages through that point, counted from 1 since the run began, across incarnations.
    pub nth: u64,
}
