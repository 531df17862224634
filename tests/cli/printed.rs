//! The manner of what is printed: colours only where they can be shown, and the name of the program
//! as it was called.

use crate::project::{CALLED, FAILING, PROGRAM, Project, TWICE, ran};

const ESCAPE: char = '\u{1b}';

fn failing() -> Project {
    let project = Project::new();
    project.scenario("twice", TWICE);
    project
}

#[test]
fn a_pipe_gets_no_colours_unless_it_asks() {
    let project = failing();
    let args = ["run", "--seed", FAILING, "--no-shrink"];
    let plain = project.squall(&args).expect(100);
    assert!(!plain.out.contains(ESCAPE) && !plain.err.contains(ESCAPE), "{}\n{}", plain.out, plain.err);
    let coloured = ran(project.command(&args).env("CLICOLOR_FORCE", "1").output()).expect(100);
    assert!(coloured.out.contains(ESCAPE), "{}", coloured.out);
    let refused = ran(project.command(&args).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1").output());
    assert!(!refused.out.contains(ESCAPE), "{}", refused.out);
}

#[test]
fn a_terminal_gets_colours_unless_it_refuses() {
    let project = failing();
    // `script` gives the command a terminal of its own.
    let on_a_terminal = |no_color: &str| {
        let line = format!("{no_color} '{PROGRAM}' run --seed {FAILING} --no-shrink; echo code $?");
        let mut script = std::process::Command::new("script");
        script.args(["-qec", &line, "/dev/null"]).current_dir(project.path("")).env("TERM", "xterm");
        script.env("SQUALL_PROGRAM", CALLED).env_remove("NO_COLOR").stdin(std::process::Stdio::null());
        let out = ran(script.output()).out;
        assert!(out.contains("code 100"), "{out}");
        out
    };
    assert!(on_a_terminal("").contains("\u{1b}[1m"));
    let plain = on_a_terminal("NO_COLOR=1");
    let table = &plain[plain.find('╭').unwrap()..];
    assert!(!table.contains(ESCAPE), "{table}");
}

#[test]
fn commands_name_the_program_as_it_was_called() {
    let project = failing();
    let called = |name: Option<&str>| {
        let mut command = project.command(&["run", "--seed", FAILING]);
        match name {
            Some(name) => command.env("SQUALL_PROGRAM", name),
            None => command.env_remove("SQUALL_PROGRAM"),
        };
        let ran = ran(command.output()).expect(100);
        let summary = project.read("reports/latest/summary.md");
        let minimised = ran.after("Minimised repro:")[0].to_owned();
        (ran.after("Reproduce with:")[0].to_owned(), minimised, summary)
    };
    for (name, prefix) in [(None, PROGRAM), (Some("my chaos"), "my chaos"), (Some(CALLED), CALLED)] {
        let (replay, minimised, summary) = called(name);
        assert_eq!(replay, format!("{prefix} replay twice --seed {FAILING}"));
        assert!(minimised.starts_with(&format!("{prefix} replay reports/")), "{minimised}");
        assert!(summary.contains(&replay), "{summary}");
    }
}

#[test]
fn a_scenario_called_by_path_is_printed_by_path() {
    let project = Project::new();
    project.write("my 'own' runs/twice.yaml", format!("version: 1\nname: twice\n{TWICE}\n"));
    let ran = project.squall(&["run", "my 'own' runs/twice.yaml", "--seed", FAILING]).expect(100);
    let command = ran.after("Reproduce with:")[0];
    project.printed(command).expect(100).says("reproduced: ");
}

#[test]
fn progress_is_as_loud_as_asked() {
    let project = Project::new();
    project.scenario("quiet", "system: hostile\nduration: 1s\nseeds: 2");
    let said = |how: &str| project.squall(&["run", "--show-progress", how]).expect(0).err;
    assert_eq!(said("counter"), "quiet: 2 seeds, 0 failed\n");
    assert_eq!(said("auto"), "quiet: 2 seeds, 0 failed\n", "a pipe gets lines");
    assert_eq!(said("none"), "");
}
