//! The commands that README.md shows do what it says: each is run, in order, in a folder with the
//! project's own scenarios and recordings. A line marked `# exit 100` ends with that code, every other with 0.

use std::fs;

use crate::project::{CALLED, Project, root};

/// A command line of the README: what stands behind the program, and the exit code it promises.
#[derive(Debug)]
struct Line {
    args: Vec<String>,
    code: i32,
}

/// The command lines within fenced `sh` blocks.
fn lines(text: &str) -> Vec<Line> {
    let mut inside = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        match line.trim() {
            "```sh" => inside = true,
            "```" => inside = false,
            line if inside => lines.extend(command(line)),
            _ => {}
        }
    }
    lines
}

fn command(line: &str) -> Option<Line> {
    let (command, comment) = line.split_once('#').unwrap_or((line, ""));
    let rest = command.trim().strip_prefix(CALLED)?;
    let code = match comment.trim().strip_prefix("exit ") {
        Some(code) => code.parse().expect("a number behind `# exit`"),
        None => 0,
    };
    assert!(!rest.contains(['\'', '"', '\\', '$', '|']), "this test reads no shell: {line}");
    Some(Line { args: rest.split_whitespace().map(str::to_owned).collect(), code })
}

#[test]
fn its_commands_do_what_it_says() {
    let readme = fs::read_to_string(root().join("README.md")).expect("there is a README");
    let lines = lines(&readme);
    let mentioned = readme.lines().filter(|line| line.trim_start().starts_with(CALLED)).count();
    assert_eq!(lines.len(), mentioned, "a command stands outside the `sh` blocks: {lines:#?}");
    assert!(lines.len() >= 5, "{lines:#?}");

    let project = Project::new();
    fs::remove_dir(project.path("scenarios")).unwrap();
    for folder in ["scenarios", "tests"] {
        std::os::unix::fs::symlink(root().join(folder), project.path(folder)).unwrap();
    }
    for line in lines {
        let args = shortened(&line.args);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let ran = project.squall(&args);
        assert_eq!(ran.code, line.code, "{CALLED} {}\n{}\n{}", args.join(" "), ran.out, ran.err);
    }
}

/// In a build that is not optimised sweeps run fewer seeds: that more of them pass too is what the
/// chaos smoke of `cargo xtask ci` says.
fn shortened(args: &[String]) -> Vec<String> {
    let mut args = args.to_vec();
    let seeds = args.iter().position(|arg| arg == "--seeds");
    match seeds {
        Some(place) if cfg!(debug_assertions) => args[place + 1] = "2".to_owned(),
        None if args.is_empty() => args = ["--seeds", "2"].map(str::to_owned).to_vec(),
        _ => {}
    }
    args
}
