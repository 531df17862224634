//! Names of nodes, and what can go wrong with looking one up.
//!
//! There is no server of names between the nodes: a lookup is answered at once, unless a rule lies on
//! the link from the node that asks to the node that is meant. A node always knows its own name.

use std::io::{self, ErrorKind};
use std::net::Ipv4Addr;

use squall_history::{DnsTrouble, Domain, SimDuration};

use super::link::LinkId;
use super::rule::Rule;
use crate::caller;
use crate::timer::Sleep;
use crate::world::{self, World};

/// A resolver's patience with one question, and how often it asks (`timeout` and `attempts` of
/// resolv.conf(5)).
const PATIENCE: SimDuration = SimDuration::from_secs(5);
const ATTEMPTS: u32 = 2;

/// Names the draws of a link that decide about lookups; packets' fates have the numbers of their
/// classes.
const LOOKUP: u64 = 17;

/// What a question comes to.
enum Answer {
    At(Ipv4Addr, SimDuration),
    Silence,
}

/// The address of a node, by its name; `localhost` is the node that asks.
///
/// # Errors
/// `NotFound` if no node has that name, or a fault says so; `TimedOut` after ten seconds without an
/// answer.
///
/// # Panics
/// Outside software on a node.
pub async fn lookup(name: &str) -> io::Result<Ipv4Addr> {
    for _ in 0..ATTEMPTS {
        let (address, wait) = match world::with(|world| world.ask(name))? {
            Answer::At(address, wait) => (Some(address), wait),
            Answer::Silence => (None, PATIENCE),
        };
        if wait > SimDuration::ZERO {
            Sleep::until(caller::now() + wait).await;
        }
        if let Some(address) = address {
            return Ok(address);
        }
    }
    Err(io::Error::new(ErrorKind::TimedOut, format!("nothing answered who `{name}` is")))
}

impl World {
    /// One question (draws: domain `Network`; identity: the link; n: lookups under the rule).
    fn ask(&mut self, name: &str) -> io::Result<Answer> {
        let unknown = || io::Error::new(ErrorKind::NotFound, format!("no host is named `{name}`"));
        let asker = caller::expect().node;
        if name == "localhost" {
            return Ok(Answer::At(Ipv4Addr::LOCALHOST, SimDuration::ZERO));
        }
        let node = self.nodes.named(name).ok_or_else(unknown)?;
        let address = self.nodes.get(node).address;
        let (mut wait, mut silent) = (SimDuration::ZERO, false);
        let link = LinkId { from: asker, to: node };
        let identity = self.link_identity(link).with(LOOKUP);
        for place in 0..self.net.links.laid(link).len() {
            let links = &mut self.net.links;
            let at = links.place(link).expect("a rule lies on it");
            let laid = &mut links.states[at].rules[place];
            let active = links.rules.get(laid.id);
            let Rule::Dns(trouble) = active.rule else { continue };
            laid.arrivals += 1;
            let (id, count) = (laid.id, laid.arrivals);
            let draw = self.draws.draw(Domain::Network, identity, count).property(active.identity.0);
            let effect = match trouble {
                DnsTrouble::Fail => {
                    links.rules.count(id, "lookups-failed");
                    return Err(unknown());
                }
                DnsTrouble::TimeOut => {
                    silent = true;
                    "lookups-unanswered"
                }
                DnsTrouble::Slow { latency: (low, high) } => {
                    let by = SimDuration(draw.between(low.0, high.0.max(low.0)));
                    self.trace.fold(by.0);
                    wait = wait + by;
                    "lookups-delayed"
                }
            };
            links.rules.count(id, effect);
        }
        Ok(if silent { Answer::Silence } else { Answer::At(address, wait) })
    }
}
