//! Ctrl-C and SIGTERM: the first lets what runs come to an end and keeps what was done, the second
//! ends the process at once.

use std::sync::Mutex;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use squall::Interrupt;

use crate::error::CliError;

/// Added to a signal's number, it is the exit code of a process that the signal ended.
const BY_SIGNAL: i32 = 128;

/// The interrupt that the signals of this process raise: the same whoever asks.
pub(crate) fn by_signal() -> Result<Interrupt, CliError> {
    static RAISED: Mutex<Option<Interrupt>> = Mutex::new(None);
    let mut raised = RAISED.lock().expect("nothing panics while it holds the lock");
    if let Some(interrupt) = &*raised {
        return Ok(interrupt.clone());
    }
    let interrupt = Interrupt::default();
    for signal in [SIGINT, SIGTERM] {
        // In this order: the first signal finds the flag down, and raises it for the second.
        flag::register_conditional_shutdown(signal, BY_SIGNAL + signal, interrupt.flag())
            .and_then(|_| flag::register(signal, interrupt.flag()))
            .map_err(CliError::Signals)?;
    }
    *raised = Some(interrupt.clone());
    Ok(interrupt)
}
