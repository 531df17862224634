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
    let [executable, merge, summary] = &runs("merge")[..] else { panic!("{:?}", runs("merge")) };
    script(&project, &format!("{executable}\n{merge}"), &[], &[]).expect(100);
    check_merged(&project, "merged");
    let file = project.path("step-summary.md").display().to_string();
    script(&project, summary, &[], &[("GITHUB_STEP_SUMMARY", &file)]).expect(0);
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
