//! Ctrl-C and SIGTERM: the first lets what runs come to an end and keeps what was done, the second
//! ends the process at once.

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use squall::Interrupt;

use crate::error::CliError;

/// Added to a signal's number, it is the exit code of a process that the signal ended.
const BY_SIGNAL: i32 = 128;

/// An interrupt that the signals of this process raise. Asked for once in a process.
pub(crate) fn by_signal() -> Result<Interrupt, CliError> {
    let interrupt = Interrupt::default();
    for signal in [SIGINT, SIGTERM] {
        // In this order: the first signal finds the flag down, and raises it for the second.
        flag::register_conditional_shutdown(signal, BY_SIGNAL + signal, interrupt.flag())
            .and_then(|_| flag::register(signal, interrupt.flag()))
            .map_err(CliError::Signals)?;
    }
    Ok(interrupt)
}
