//! Rules of the state, one by one.
