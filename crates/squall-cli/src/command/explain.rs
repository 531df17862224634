//! `explain`: what an error code means.

use crate::args::ExplainArgs;
use crate::error::CliError;

pub(crate) fn run(args: &ExplainArgs) -> Result<u8, CliError> {
    match squall_scenario::explain(&args.code) {
        Some(text) => {
            anstream::println!("{text}");
            Ok(0)
        }
        None => Err(CliError::Usage(format!("`{}` is no error code; they look like E0012", args.code))),
    }
}
