//! The chaos command: `cargo chaos run`, `cargo chaos replay …`, `cargo chaos --help`.

mod system;

fn main() -> std::process::ExitCode {
    squall_cli::main(&system::registry())
}
