//! A test target without a harness, as a user has it, for the scenarios of the folder that it is started in.

fn main() -> std::process::ExitCode {
    squall_cli::test_main(&squall_systems::registry(), "scenarios")
}
