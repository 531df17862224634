//! Runs a contender as a program of its own, within a bound of wall time.

use std::fmt;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use contest::{Job, Measured, UNABLE, Workload};

/// A program that runs the workloads on one simulator.
#[derive(Clone, Debug)]
pub struct Contender {
    /// The simulator.
    pub name: String,
    program: String,
}

/// What a contender came to in a cell.
#[derive(Clone, Debug)]
pub enum Found {
    /// These runs of this job.
    Runs {
        /// Each round's.
        job: Job,
        /// In order.
        runs: Vec<Measured>,
    },
    /// Not one simulated second within the bound.
    TooSlow,
    /// It has no such workload.
    Unable,
    /// It ended with an error.
    Failed(String),
}

/// Between two looks at whether a program has ended.
const LOOK_EVERY: Duration = Duration::from_millis(2);

impl Contender {
    /// The contender `name`, started as `program`.
    pub fn new(name: &str, program: &str) -> Self {
        Self { name: name.to_owned(), program: program.to_owned() }
    }

    /// How much virtual time takes about `target` of processor time; one second at least.
    pub fn calibrate(&self, workload: Workload, nodes: u32, target: Duration, limit: Duration) -> Found {
        let mut job = Job { workload, nodes, simulated: Duration::from_secs(1) };
        loop {
            let cpu = match self.run(job, limit) {
                Ok(measured) => measured.cpu.max(Duration::from_micros(100)),
                Err(Stopped::Late) if job.simulated == Duration::from_secs(1) => return Found::TooSlow,
                Err(Stopped::Unable) => return Found::Unable,
                Err(why) => return Found::Failed(why.to_string()),
            };
            let factor = target.as_secs_f64() / cpu.as_secs_f64();
            // Starting up weighs much in a short run: not too far at once.
            let step = factor.clamp(1.0, 30.0);
            job.simulated = Duration::from_millis((job.simulated.as_secs_f64() * step * 1e3).ceil() as u64);
            if factor < 4.0 {
                return Found::Runs { job, runs: Vec::new() };
            }
        }
    }

    /// One run.
    pub fn run(&self, job: Job, limit: Duration) -> Result<Measured, Stopped> {
        let mut child = Command::new(&self.program)
            .args([job.workload.to_string(), job.nodes.to_string(), job.simulated.as_millis().to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| Stopped::Failed(format!("cannot start {}: {error}", self.program)))?;
        wait(&mut child, limit)?;
        let mut line = String::new();
        let mut stdout = child.stdout.take().expect("it was piped");
        stdout.read_to_string(&mut line).map_err(failed)?;
        let measured = Measured::parse(&line);
        let measured = measured.ok_or_else(|| Stopped::Failed(format!("it printed `{}`", line.trim())))?;
        // A simulation in which nothing happens is fast.
        if measured.done.messages == 0 { Err(failed("no message arrived")) } else { Ok(measured) }
    }
}

/// Why a run gave no measurement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stopped {
    /// It did not end within the bound.
    Late,
    /// It has no such workload.
    Unable,
    /// It ended with an error.
    Failed(String),
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Late => f.write_str("it did not end in time"),
            Self::Unable => f.write_str("it has no such workload"),
            Self::Failed(why) => f.write_str(why),
        }
    }
}

fn failed(why: impl ToString) -> Stopped {
    Stopped::Failed(why.to_string())
}

/// Waits for a program's end; past `limit` it is killed. What it prints fits a pipe.
fn wait(child: &mut Child, limit: Duration) -> Result<(), Stopped> {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().map_err(failed)? {
            return match status.code() {
                Some(0) => Ok(()),
                Some(code) if code == i32::from(UNABLE) => Err(Stopped::Unable),
                _ => Err(Stopped::Failed(format!("it ended with {status}"))),
            };
        }
        if began.elapsed() > limit {
            child.kill().and_then(|()| child.wait()).map_err(failed)?;
            return Err(Stopped::Late);
        }
        std::thread::sleep(LOOK_EVERY);
    }
}
