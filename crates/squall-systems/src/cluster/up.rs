//! Starts the nodes, submits the job, kills, waits, prints.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use batch_cluster::Error;
use batch_cluster::client::{Client, ClientConfig};
use batch_cluster::job::{JobId, JobSpec, Source};
use batch_cluster::state::{Dataset, JobStatus};
use squall_io::{real, time};

use super::Failed;
use super::args::{Kill, UpArgs};
use super::nodes::{CLIENT, Ports, Size};

/// How often the client looks at the job and at the clock.
const LOOK: Duration = Duration::from_millis(50);
const DATASET: &str = "words";
/// How often a task may fail by its own fault.
const RETRIES: u32 = 4;

/// Runs a cluster for one job.
pub(super) fn run(args: &UpArgs) -> Result<(), Failed> {
    let size = Size { controllers: args.controllers, workers: args.workers };
    let known = size.servers();
    if let Some(kill) = args.kill.iter().find(|kill| kill.target != "leader" && !known.contains(&kill.target))
    {
        let list = known.join(", ");
        return Err(Failed::Usage(format!(
            "there is no node `{}`: name `leader` or one of {list}",
            kill.target
        )));
    }
    let input = Input::of(&args.input)?;
    let place = Place::of(args.directory.as_deref())?;
    for worker in size.workers() {
        input.put(&place.path().join(worker))?;
    }
    let ports = Ports::free().map_err(Failed::environment("no free port"))?;
    let mut cluster = Processes::default();
    for name in size.servers() {
        cluster.start(&name, place.path(), size, ports, args)?;
    }
    anstream::eprintln!(
        "{} controllers and {} workers run in {}",
        size.controllers,
        size.workers,
        place.path().display()
    );
    let root = place.path().join(CLIENT);
    let client = Errand { args, input: &input, size, ports, cluster: &mut cluster };
    let ended = real::run(&size.hosts(), CLIENT, &root, || async { Ok(client.run().await) });
    let done = ended.map_err(Failed::environment("the client cannot start"))??;
    print(&done.dataset).map_err(Failed::environment("cannot write the result"))?;
    match done.undone {
        None => Ok(()),
        Some(kill) => Err(Failed::TooLate(format!(
            "the job ended before `{}@{}` was due: give it more to do, with `--record-cost` say",
            kill.target, kill.after
        ))),
    }
}

/// As `uniq -c` does.
fn print(dataset: &Dataset) -> io::Result<()> {
    let lines = dataset.parts.iter().flat_map(|part| part.lines());
    let counts: BTreeMap<&str, &str> = lines.filter_map(|line| line.split_once(' ')).collect();
    let mut out = io::BufWriter::new(io::stdout().lock());
    for (word, count) in counts {
        writeln!(out, "{count:>7} {word}")?;
    }
    out.flush()
}

/// The text file.
struct Input {
    path: PathBuf,
    name: String,
    bytes: u64,
}

impl Input {
    fn of(path: &Path) -> Result<Self, Failed> {
        let failed = |source| Failed::Input { file: path.display().to_string(), source };
        let data = fs::metadata(path).map_err(failed)?;
        let name = path.file_name().filter(|_| data.is_file());
        let name = name.ok_or_else(|| failed(io::Error::other("it is not a file")))?;
        Ok(Self { path: path.to_owned(), name: name.to_string_lossy().into_owned(), bytes: data.len() })
    }

    /// Lays it on a worker's disk.
    fn put(&self, root: &Path) -> Result<(), Failed> {
        let directory = root.join("input");
        let failed = || Failed::environment(format!("cannot put the input into {}", directory.display()));
        fs::create_dir_all(&directory).map_err(failed())?;
        fs::copy(&self.path, directory.join(&self.name)).map_err(failed())?;
        Ok(())
    }
}

/// Where the nodes live.
enum Place {
    Kept(PathBuf),
    Passing(tempfile::TempDir),
}

impl Place {
    fn of(directory: Option<&Path>) -> Result<Self, Failed> {
        let Some(directory) = directory else {
            let made = tempfile::tempdir().map_err(Failed::environment("cannot make a directory"))?;
            return Ok(Self::Passing(made));
        };
        let failed = || Failed::environment(format!("cannot use `{}`", directory.display()));
        fs::create_dir_all(directory).map_err(failed())?;
        if fs::read_dir(directory).map_err(failed())?.next().is_some() {
            let what = format!("`{}` is not empty: a cluster starts with empty disks", directory.display());
            return Err(Failed::Usage(what));
        }
        Ok(Self::Kept(fs::canonicalize(directory).map_err(failed())?))
    }

    fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Passing(made) => made.path(),
        }
    }
}

/// The processes; killed when this is dropped.
#[derive(Default)]
struct Processes(BTreeMap<String, Child>);

impl Processes {
    fn start(
        &mut self,
        name: &str,
        place: &Path,
        size: Size,
        ports: Ports,
        args: &UpArgs,
    ) -> Result<(), Failed> {
        let failed = || Failed::environment(format!("cannot start {name}"));
        let root = place.join(name);
        fs::create_dir_all(&root).map_err(failed())?;
        let log = File::create(place.join(format!("{name}.log"))).map_err(failed())?;
        let program = std::env::current_exe().map_err(failed())?;
        let child = Command::new(program)
            .args(["cluster", "node", "--name", name, "--root"])
            .arg(&root)
            .args(["--size", &size.to_string(), "--ports", &ports.to_string()])
            .args(["--record-cost", &args.record_cost.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(failed())?;
        self.0.insert(name.to_owned(), child);
        Ok(())
    }

    /// False if it does not run.
    fn kill(&mut self, name: &str) -> bool {
        let Some(mut child) = self.0.remove(name) else { return false };
        // It may have ended by itself.
        let killed = child.kill().is_ok();
        child.wait().ok();
        killed
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        while let Some((_, mut child)) = self.0.pop_first() {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

/// What came of it.
struct Done {
    dataset: Dataset,
    /// A kill that was not due in time.
    undone: Option<Kill>,
}

/// What the client has to do.
struct Errand<'a> {
    args: &'a UpArgs,
    input: &'a Input,
    size: Size,
    ports: Ports,
    cluster: &'a mut Processes,
}

impl Errand<'_> {
    async fn run(mut self) -> Result<Done, Failed> {
        let mut config = ClientConfig::new(CLIENT, &self.size.controllers());
        config.raft.port = self.ports.raft;
        let mut client = Client::new(config);
        let spec = JobSpec {
            dataset: DATASET.to_owned(),
            source: Source::File { name: self.input.name.clone(), bytes: self.input.bytes },
            maps: self.args.maps,
            reduces: self.args.reduces,
            retries: RETRIES,
        };
        let refused = |error: Error| Failed::Cluster(format!("the job was not accepted: {error}"));
        let job = client.submit(&spec).await.map_err(refused)?;
        anstream::eprintln!("job {} over {} bytes is accepted", job.0, self.input.bytes);
        let undone = self.wait(&mut client, job).await?;
        match client.get(DATASET).await {
            Ok(Some(dataset)) => Ok(Done { dataset, undone }),
            Ok(None) => Err(Failed::Cluster("the job has succeeded and its dataset is not there".to_owned())),
            Err(error) => Err(Failed::Cluster(format!("the dataset cannot be fetched: {error}"))),
        }
    }

    /// Until the job has ended; kills meanwhile. The first kill that was not due by then.
    async fn wait(&mut self, client: &mut Client, job: JobId) -> Result<Option<Kill>, Failed> {
        let start = time::now();
        let mut kills: Vec<&Kill> = self.args.kill.iter().collect();
        kills.sort_by_key(|kill| std::cmp::Reverse(kill.after));
        let mut shown = None;
        loop {
            while let Some(kill) = kills.pop_if(|kill| time::now() - start >= kill.after.to_std()) {
                self.kill(kill, client);
            }
            match client.status(job).await {
                Ok(JobStatus::Succeeded { .. }) => break,
                Ok(JobStatus::Running { done, tasks }) if shown != Some(done) => {
                    shown = Some(done);
                    anstream::eprintln!("{done} of {tasks} tasks are done");
                }
                Ok(JobStatus::Running { .. }) | Err(_) => {}
                Ok(JobStatus::Failed { why }) => {
                    return Err(Failed::Cluster(format!("the job failed: {why}")));
                }
                Ok(JobStatus::Unknown) => return Err(Failed::Cluster("the job is lost".to_owned())),
            }
            if time::now() - start > self.args.timeout.to_std() {
                let timeout = self.args.timeout;
                return Err(Failed::Cluster(format!("the job has not ended within {timeout}")));
            }
            time::sleep(LOOK).await;
        }
        Ok(kills.last().map(|&kill| kill.clone()))
    }

    fn kill(&mut self, kill: &Kill, client: &Client) {
        let name = match kill.target.as_str() {
            "leader" => client.leader().unwrap_or("leader"),
            name => name,
        };
        match self.cluster.kill(name) {
            true => anstream::eprintln!("{name} is killed"),
            false => anstream::eprintln!("{name} does not run: nobody is killed"),
        }
    }
}
