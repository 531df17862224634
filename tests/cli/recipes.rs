//! The recipes in `docs/campaigns/recipes/`: each is read as its platform reads it, and its commands are
//! executed with the variables that the platform sets. Only the number of seeds is made smaller.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use serde_json::Value;

use crate::project::{PROGRAM, Project, Ran, ran, root};
use crate::stints::PANICS;

const SLICES: usize = 8;

fn recipe(name: &str) -> String {
    fs::read_to_string(root().join("docs/campaigns/recipes").join(name)).expect("the recipe is there")
}

fn yaml(name: &str) -> Value {
    serde_saphyr::from_str(&recipe(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A project with the program where recipes expect it, and the campaign of one machine in `whole`.
fn project() -> Project {
    let project = Project::new();
    project.scenario("panics", PANICS);
    for place in ["target/chaos", "bin"] {
        fs::create_dir_all(project.path(place)).unwrap();
        symlink(PROGRAM, project.path(place).join("squall")).unwrap();
    }
    project.squall(&["run", "--seeds", "24", "--no-shrink", "--output", "whole"]).expect(100);
    project
}

/// Runs a script of a recipe.
fn script(project: &Project, text: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    let text = text.replace("--seeds 5000", "--seeds 24 --no-shrink").replace("/reports/", "reports/");
    let mut shell = Command::new("bash");
    shell.args(["-e", "-c", &text, "script"]).args(arguments).current_dir(project.path(""));
    shell.env("PATH", format!("{}:{}", project.path("bin").display(), env!("PATH")));
    for name in ["CI_NODE_INDEX", "CI_NODE_TOTAL", "STRATEGY_JOB_INDEX", "JOB_COMPLETION_INDEX"] {
        shell.env_remove(name);
    }
    for name in ["GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"] {
        shell.env_remove(name);
    }
    ran(shell.envs(variables.iter().copied()).output())
}

/// Insists that slices ended as slices do, one of them with a failure.
fn check_slices(codes: &[i32]) {
    assert!(codes.contains(&100) && codes.iter().all(|code| [0, 100].contains(code)), "{codes:?}");
    assert_eq!(codes.len(), SLICES);
}

fn check_merged(project: &Project, folder: &str) {
    let whole = project.read("whole/results.ndjson");
    assert_eq!(project.read(format!("{folder}/results.ndjson")), whole);
}

#[test]
fn of_github() {
    let workflow = yaml("github.yml");
    let job = |name: &str| &workflow["jobs"][name];
    let machines = job("slice")["strategy"]["matrix"]["slice"].as_array().expect("a matrix").len();
    assert_eq!(machines, SLICES);
    let runs = |name: &str| -> Vec<String> {
        let steps = job(name)["steps"].as_array().expect("steps").iter();
        steps.filter_map(|step| Some(step["run"].as_str()?.to_owned())).collect()
    };
    let project = project();
    let of_index = |index: usize| {
        let value = |name: &str| {
            let text = job("slice")["env"][name].as_str().expect("a variable");
            let text = text.replace("${{ strategy.job-index }}", &index.to_string());
            text.replace("${{ strategy.job-total }}", &machines.to_string())
        };
        let names = ["STRATEGY_JOB_INDEX", "STRATEGY_JOB_TOTAL"];
        let values = names.map(value);
        let variables = [(names[0], values[0].as_str()), (names[1], values[1].as_str())];
        let ran = script(&project, &runs("slice").join("\n"), &[], &variables);
        fs::create_dir_all(project.path("slices")).unwrap();
        fs::rename(project.path("slice"), project.path(format!("slices/slice-{index}"))).unwrap();
        ran.code
    };
    check_slices(&(0..machines).map(of_index).collect::<Vec<_>>());
    let [executable, merge] = &runs("merge")[..] else { panic!("{:?}", runs("merge")) };
    let file = project.path("step-summary.md").display().to_string();
    let step = [("GITHUB_ACTIONS", "true"), ("GITHUB_STEP_SUMMARY", &*file)];
    let merged = script(&project, &format!("{executable}\n{merge}"), &[], &step).expect(100);
    merged.says("::error file=scenarios/panics.yaml");
    check_merged(&project, "merged");
    assert!(project.read("step-summary.md").contains("panics"));
    // What is built there is what is run here.
    assert!(runs("build")[0].contains("--profile chaos --locked --package squall-systems --bin squall"));
}

/// The script of a Kubernetes Job's only container.
fn container(job: &Value) -> (&Value, &str) {
    let containers = job["spec"]["template"]["spec"]["containers"].as_array().expect("containers");
    let [container] = &containers[..] else { panic!("one container") };
    let [shell, flag, script] = &container["command"].as_array().expect("a command")[..] else {
        panic!("{}", container["command"])
    };
    assert_eq!((shell, flag), (&"sh".into(), &"-c".into()));
    (container, script.as_str().expect("a script"))
}

#[test]
fn of_kubernetes() {
    let job = yaml("kubernetes.yaml");
    let (spec, (container_of, text)) = (&job["spec"], container(&job));
    assert_eq!((&spec["completionMode"], &spec["completions"]), (&"Indexed".into(), &SLICES.into()));
    assert_eq!(container_of["env"][0]["name"], "JOB_COMPLETIONS");
    let total = container_of["env"][0]["value"].as_str().expect("a string, as Kubernetes wants");
    assert_eq!(total, spec["completions"].to_string());
    let project = project();
    let of_index = |index: usize| {
        let variables = [("JOB_COMPLETION_INDEX", &*index.to_string()), ("JOB_COMPLETIONS", total)];
        if index == 3 {
            // A pod that is evicted in its first moments; the next one of its index goes on.
            let budget = text.replace("--partition auto", "--partition auto --time-budget 1ns");
            script(&project, &budget, &[], &variables).expect(0).says("cut after 0 of 3 seeds");
        }
        script(&project, text, &[], &variables).code
    };
    check_slices(&(0..SLICES).map(of_index).collect::<Vec<_>>());
    // Started once more, whatever for: the same verdict.
    let again = [("JOB_COMPLETION_INDEX", "3"), ("JOB_COMPLETIONS", total)];
    script(&project, text, &[], &again).warns("is complete");
    script(&project, container(&yaml("kubernetes-merge.yaml")).1, &[], &[]).expect(100);
    check_merged(&project, "reports/merged");
}

#[test]
fn of_slurm() {
    let text = recipe("slurm.sbatch");
    let array = text.lines().find_map(|line| line.strip_prefix("#SBATCH --array=")).expect("an array");
    let (first, last) = array.split_once('-').expect("a range");
    let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
    let project = project();
    let of_task = |task: usize| {
        let numbers = [task, last - first + 1, first, last, 1].map(|number| number.to_string());
        let names = ["ID", "COUNT", "MIN", "MAX", "STEP"].map(|name| format!("SLURM_ARRAY_TASK_{name}"));
        let mut variables: Vec<(&str, &str)> =
            names.iter().zip(&numbers).map(|(name, number)| (name.as_str(), number.as_str())).collect();
        variables.extend([("SLURM_ARRAY_JOB_ID", "77"), ("SLURM_CPUS_PER_TASK", "2")]);
        script(&project, &text, &[], &variables).code
    };
    check_slices(&(first..=last).map(of_task).collect::<Vec<_>>());
    script(&project, &recipe("slurm-merge.sbatch"), &["77"], &[]).expect(100);
    check_merged(&project, "merged-77");
}

/// The script of a step, by what it begins with, of a job.
fn step_of(workflow: &Value, job: &str, start: &str) -> String {
    let steps = workflow["jobs"][job]["steps"].as_array().expect("steps").iter();
    let mut texts = steps.filter_map(|step| step["run"].as_str());
    texts.find(|text| text.starts_with(start)).unwrap_or_else(|| panic!("{job}: no {start}")).to_owned()
}

/// Pull requests and nights: the workflow that `ci.md` tells of.
#[test]
fn of_github_nights() {
    let text = fs::read_to_string(root().join("docs/campaigns/github-actions.yml")).expect("it is there");
    let workflow: Value = serde_saphyr::from_str(&text).expect("it is YAML");
    let project = project();
    project.write(".config/chaos.toml", "[profile.ci]\nseeds = 3\n[profile.nightly]\nseeds = 24\n");
    let (output, summary) = (project.path("output"), project.path("summary.md"));
    let (output, summary) = (output.display().to_string(), summary.display().to_string());
    let files = [("GITHUB_OUTPUT", &*output), ("GITHUB_STEP_SUMMARY", &*summary), ("GITHUB_ACTIONS", "true")];

    let pull_request = step_of(&workflow, "pull-request", "target/chaos/squall");
    let code = script(&project, &pull_request, &[], &files).code;
    assert!([0, 100].contains(&code), "{code}");
    assert_eq!(project.read("reports/pull-request/results.ndjson").lines().count().min(1), 1);

    let draw = step_of(&workflow, "build", "seed=");
    let seed_of = |given: &str| {
        project.write("output", "");
        script(&project, &draw, &[], &[&files[..], &[("GIVEN", given)]].concat())
            .expect(0)
            .says("Base seed of");
        let seed = project.read("output").trim().strip_prefix("base-seed=").expect("an output").to_owned();
        assert!(project.read("summary.md").contains(&seed));
        seed
    };
    assert_eq!(seed_of("0x1f3a"), "0x1f3a");
    let seed = seed_of("");
    assert_ne!(seed, seed_of(""), "every night has its own");

    let total = workflow["jobs"]["slice"]["strategy"]["matrix"]["slice"].as_array().expect("a matrix").len();
    let slice = step_of(&workflow, "slice", "target/chaos/squall");
    for index in 0..total {
        let (index, total) = (index.to_string(), total.to_string());
        let matrix =
            [("STRATEGY_JOB_INDEX", &*index), ("STRATEGY_JOB_TOTAL", &*total), ("BASE_SEED", &*seed)];
        let code = script(&project, &slice, &[], &[&files[..], &matrix].concat()).code;
        assert!([0, 100].contains(&code), "{code}");
        fs::create_dir_all(project.path("slices")).unwrap();
        fs::rename(project.path("slice"), project.path(format!("slices/slice-{index}"))).unwrap();
    }
    let code = script(&project, &step_of(&workflow, "merge", "target/chaos/squall"), &[], &files).code;
    assert!([0, 100].contains(&code), "{code}");
    let whole = ["run", "--profile", "nightly", "--base-seed", &seed, "--no-shrink", "--output", "night"];
    assert_eq!(project.squall(&whole).code, code);
    assert_eq!(project.read("merged/results.ndjson"), project.read("night/results.ndjson"));
}
