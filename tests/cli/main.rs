//! The command line, from outside: a process is started in a folder of its own, and what it prints,
//! writes and exits with is compared. Nothing here knows how the command is made.

mod hostile;
mod project;
mod seals;
