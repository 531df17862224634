//! One node: the process that `up` starts.

use std::io::{self, Read as _};
use std::thread;
use std::time::Duration;

use batch_cluster::controller::{self, ControllerConfig};
use batch_cluster::worker::{self, WorkerConfig};
use squall_io::real;

use super::Failed;
use super::args::NodeArgs;

/// Everything waits this many times longer than in a simulation: real machines stall now and then.
pub(super) const SLOWER: u32 = 3;

/// How long a node that is asked to stop may take.
const GRACE: Duration = Duration::from_secs(5);

/// Runs until it is killed or asked to stop, or until the process that started it is gone.
pub(super) fn run(args: &NodeArgs) -> Result<(), Failed> {
    end_with_parent().map_err(Failed::environment("cannot start a thread"))?;
    let controllers = args.size.controllers();
    let hosts = args.size.hosts();
    let ended = if controllers.contains(&args.name) {
        let mut config = ControllerConfig::new(&args.name, &controllers).slower(SLOWER);
        (config.member.port, config.worker_port) = (args.ports.raft, args.ports.worker);
        real::run_until_stopped(&hosts, &args.name, &args.root, GRACE, || controller::run(config))
    } else {
        let mut config = WorkerConfig::new(&args.name, &controllers).slower(SLOWER);
        (config.worker_port, config.shuffle_port) = (args.ports.worker, args.ports.shuffle);
        config.per_record = args.record_cost.to_std();
        real::run_until_stopped(&hosts, &args.name, &args.root, GRACE, || worker::run(config))
    };
    ended.map(drop).map_err(Failed::environment(format!("{} ended", args.name)))
}

/// The parent holds the other end of the standard input; it closes with the parent, however that
/// ends.
fn end_with_parent() -> io::Result<()> {
    thread::Builder::new().name("parent".to_owned()).spawn(|| {
        io::stdin().read_to_end(&mut Vec::new()).ok();
        std::process::exit(0);
    })?;
    Ok(())
}
