//! What the checkers say of histories, module by module.

#![expect(clippy::unwrap_used, reason = "a case that is written wrongly may panic")]

mod linear;
