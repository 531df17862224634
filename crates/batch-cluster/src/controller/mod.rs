//! A controller: a member of the group with the overseer beside it, and the line to the workers.
