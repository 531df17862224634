//! Several hosts as one: runs side by side, answers in the order of the requests.
//!
//! What is asked and what is answered does not depend on how many hosts there are: shrinking, charts
//! and scores come out the same whatever `-j`.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::{HostError, Interrupt, RunHost, RunReply, RunRequest, Spent};

/// Some hosts, at least one.
pub struct Pool {
    hosts: Vec<Box<dyn RunHost>>,
}

/// What a search among requests came to.
#[derive(Debug)]
pub struct Searched {
    /// The first request whose reply was wanted, by its place, with its reply.
    pub found: Option<(usize, RunReply)>,
    /// Requests up to that one, or all: the same whatever the number of hosts. What hosts ran beyond
    /// it is thrown away and not counted.
    pub runs: u64,
    /// Whether it was interrupted; then `found` is absent, whatever else was seen.
    pub interrupted: bool,
}

impl Pool {
    /// These hosts.
    ///
    /// # Panics
    /// Without one.
    pub fn new(hosts: Vec<Box<dyn RunHost>>) -> Self {
        assert!(!hosts.is_empty(), "a pool needs a host");
        Self { hosts }
    }

    /// How many run side by side.
    pub fn size(&self) -> usize {
        self.hosts.len()
    }

    /// What the runs of all hosts have cost so far; `None` if one of them cannot tell.
    pub fn spent(&self) -> Option<Spent> {
        self.hosts.iter().try_fold(Spent::default(), |sum, host| Some(sum + host.spent()?))
    }

    /// The hosts themselves.
    pub fn hosts(&mut self) -> &mut [Box<dyn RunHost>] {
        &mut self.hosts
    }

    /// One run.
    ///
    /// # Errors
    /// Those of the host.
    pub fn run(&mut self, request: &RunRequest) -> Result<RunReply, HostError> {
        self.hosts[0].run(request)
    }

    /// All replies, in the order of the requests; `None` if it was interrupted before the last.
    ///
    /// # Errors
    /// The first error of a host in that order.
    pub fn all(
        &mut self,
        requests: &[RunRequest],
        interrupt: &Interrupt,
    ) -> Result<Option<Vec<RunReply>>, HostError> {
        let mut replies = self.work(requests, interrupt, &Result::is_err);
        (0..requests.len()).map(|place| replies.remove(&place).transpose()).collect()
    }

    /// The first request, in their order, whose reply is `wanted`. Later ones may be begun, and are
    /// thrown away. A plan that does not fit is an answer too, and not the one that is wanted: a search
    /// tries what the system may refuse.
    ///
    /// # Errors
    /// The first failure of a host in that order, if it comes before what was found.
    pub fn first(
        &mut self,
        requests: &[RunRequest],
        interrupt: &Interrupt,
        wanted: &(dyn Fn(&RunReply) -> bool + Sync),
    ) -> Result<Searched, HostError> {
        let ends = |reply: &Result<RunReply, HostError>| match reply {
            Ok(reply) => wanted(reply),
            Err(error) => !matches!(error, HostError::Plan(_)),
        };
        let mut replies = self.work(requests, interrupt, &ends);
        for place in 0..requests.len() {
            let runs = place as u64 + 1;
            let Some(reply) = replies.remove(&place) else {
                return Ok(Searched { found: None, runs: place as u64, interrupted: true });
            };
            match reply {
                Ok(reply) if wanted(&reply) => {
                    return Ok(Searched { found: Some((place, reply)), runs, interrupted: false });
                }
                Ok(_) | Err(HostError::Plan(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Searched { found: None, runs: requests.len() as u64, interrupted: false })
    }

    /// Replies by place: all, unless one ends the work and makes those behind it needless.
    fn work(
        &mut self,
        requests: &[RunRequest],
        interrupt: &Interrupt,
        ends: &(dyn Fn(&Result<RunReply, HostError>) -> bool + Sync),
    ) -> BTreeMap<usize, Result<RunReply, HostError>> {
        let next = AtomicUsize::new(0);
        // Requests behind this place are not needed any more.
        let last = AtomicUsize::new(usize::MAX);
        let replies = Mutex::new(BTreeMap::new());
        std::thread::scope(|scope| {
            for host in &mut self.hosts {
                scope.spawn(|| {
                    loop {
                        let place = next.fetch_add(1, Ordering::Relaxed);
                        let needless = place >= requests.len() || place > last.load(Ordering::Relaxed);
                        if needless || interrupt.is_raised() {
                            return;
                        }
                        let reply = host.run(&requests[place]);
                        if ends(&reply) {
                            last.fetch_min(place, Ordering::Relaxed);
                        }
                        let mut replies = replies.lock().unwrap_or_else(PoisonError::into_inner);
                        replies.insert(place, reply);
                    }
                });
            }
        });
        replies.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers at once; which host answers what is left to the scheduler.
    struct Echo;

    impl RunHost for Echo {
        fn run(&mut self, request: &RunRequest) -> Result<RunReply, HostError> {
            if request.plan.seed.0 == 77 {
                return Err(HostError::Plan(crate::RunError::Remote("refused".to_owned())));
            }
            if request.plan.seed.0 == 99 {
                return Err(HostError::Host("99".to_owned()));
            }
            std::thread::sleep(std::time::Duration::from_micros(request.plan.seed.0 % 7 * 100));
            Ok(plain::reply(request))
        }
    }

    mod plain {
        use super::*;
        use squall_check::{Outcome, SeedResult};

        pub(super) fn reply(request: &RunRequest) -> RunReply {
            RunReply {
                result: SeedResult::of(&request.plan, Outcome::Pass),
                bound: None,
                history: None,
                journal: None,
                coverage: None,
                trace: None,
                log: String::new(),
            }
        }

        pub(super) fn request(seed: u64) -> RunRequest {
            RunRequest { plan: plan(seed), recording: crate::Recording::Summary }
        }

        fn plan(seed: u64) -> squall_history::Plan {
            let value = serde_json::json!({
                "format": 1, "scenario": "a", "seed": format!("{seed:#x}"), "engine": "native",
                "system": {"name": "a", "config": null}, "workload": null,
                "topology": squall_history::Topology::of_roles(&[("a", 1)]),
                "network": squall_history::NetworkProfile::default(),
                "disk": squall_history::DiskProfile::default(),
                "duration": squall_history::SimDuration::from_secs(1),
                "faults": [], "expect": squall_history::Expect::default(),
                "limits": squall_history::Limits::default(),
            });
            serde_json::from_value(value).expect("a plan")
        }
    }

    fn pool(hosts: usize) -> Pool {
        Pool::new((0..hosts).map(|_| Box::new(Echo) as Box<dyn RunHost>).collect())
    }

    fn seeds(seeds: &[u64]) -> Vec<RunRequest> {
        seeds.iter().map(|&seed| plain::request(seed)).collect()
    }

    #[test]
    fn what_is_found_does_not_depend_on_the_number_of_hosts() {
        let requests = seeds(&[6, 1, 5, 2, 20, 3, 21, 4, 99]);
        for hosts in 1..6 {
            let found = pool(hosts)
                .first(&requests, &Interrupt::default(), &|reply| reply.result.seed.0 >= 20)
                .expect("the error comes behind what is found");
            let (place, reply) = found.found.expect("two are wanted");
            assert_eq!((place, reply.result.seed.0, found.runs), (4, 20, 5), "{hosts} hosts");
        }
    }

    #[test]
    fn a_plan_that_is_refused_is_passed_over_in_a_search_and_an_error_otherwise() {
        let requests = seeds(&[1, 77, 20, 99]);
        for hosts in 1..4 {
            let found = pool(hosts)
                .first(&requests, &Interrupt::default(), &|reply| reply.result.seed.0 >= 20)
                .expect("a refusal is no error");
            assert_eq!((found.found.map(|(place, _)| place), found.runs), (Some(2), 3), "{hosts} hosts");
            assert!(pool(hosts).all(&requests[..2], &Interrupt::default()).is_err());
        }
    }

    #[test]
    fn answers_come_in_the_order_of_the_requests_and_errors_too() {
        let of = |hosts, asked: &[u64]| pool(hosts).all(&seeds(asked), &Interrupt::default());
        let replies = of(4, &[3, 6, 0, 5]).expect("no error").expect("not interrupted");
        assert_eq!(replies.iter().map(|reply| reply.result.seed.0).collect::<Vec<_>>(), [3, 6, 0, 5]);
        assert!(of(3, &[1, 99, 2]).is_err());
        let raised = Interrupt::default();
        raised.raise();
        assert!(pool(2).all(&seeds(&[1]), &raised).expect("no error").is_none());
    }
}
