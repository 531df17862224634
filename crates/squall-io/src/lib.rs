//! The ground a system stands on: `net`, `time`, `task`, `fs`, `rand`, `stop`, [`select!`] and
//! [`observe()`], with tokio's names and tokio's `AsyncRead`/`AsyncWrite`; and what a system offers to a
//! harness by itself: [`buggify!`], [`knob!`], [`hook!`] and the assertions of [`mod@assert`].
//!
//! Which ground is under these functions is found at run time: inside a simulation the simulator,
//! else the current tokio runtime. One build of a system therefore runs simulated and real; there
//! is no provider trait, no type parameter and no `cfg` in the system. Which is deliberately absent:
//! a way to ask which ground it is. A system that knows it is being tested is not being tested.
//!
//! Outside a simulation and outside a tokio runtime the constructors panic and say so; they never
//! fall through from a lost simulation to real IO.
//!
//! ```
//! use squall_io::net::{TcpListener, TcpStream};
//! use squall_io::task;
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//!
//! /// Says back what it hears, to one client after the other.
//! async fn echo(listener: TcpListener) -> std::io::Result<()> {
//!     loop {
//!         let (mut stream, _) = listener.accept().await?;
//!         let mut word = [0; 5];
//!         stream.read_exact(&mut word).await?;
//!         stream.write_all(&word).await?;
//!     }
//! }
//!
//! // In production: on tokio. In a simulation the same functions run on a node of it.
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
//! let address = listener.local_addr()?;
//! task::spawn(echo(listener));
//! let mut stream = TcpStream::connect(address).await?;
//! stream.write_all(b"hello").await?;
//! let mut answer = [0; 5];
//! stream.read_exact(&mut answer).await?;
//! assert_eq!(&answer, b"hello");
//! # std::io::Result::Ok(())
//! # })?;
//! # std::io::Result::Ok(())
//! ```
//!
//! A node with a place of its own, its address and its folder, is started by [`real`]; a system tells of its
//! inside in words ([`vocab`], [`Word`]). It is all that production depends on: the feature `sim` belongs to
//! the harness.

pub mod assert;
pub mod catalogue;
mod coop;
pub mod fs;
mod ground;
#[cfg(all(feature = "sim", madsim))]
mod madsim;
pub mod net;
mod observe;
pub mod rand;
pub mod real;
mod select;
pub mod stop;
pub mod task;
pub mod time;
#[cfg(all(feature = "turmoil", not(madsim)))]
mod turmoil;

pub use observe::observe;
/// Makes the values of a type words of a history, [`vocab::Word`]: a struct is one word, an enum one for
/// each variant. A detail is a named field; its type has a JSON form (`Serialize`) and can be read back
/// (`Deserialize`, without borrowing).
///
/// ```
/// use squall_io::{Word, observe};
///
/// #[derive(Word)]
/// #[word(vocab = "lease")]
/// enum Lease {
///     Granted { holder: String, until_ms: u64 },   // lease/granted
///     #[word(name = "given-up")]
///     Released { holder: String },                 // lease/given-up
/// }
///
/// observe(Lease::Granted { holder: "server-1".to_owned(), until_ms: 500 });
/// assert_eq!(Lease::CONDITIONS, ["lease/granted", "lease/given-up"]);
/// ```
///
/// Without `vocab` the vocabulary is the name of the crate in which the type stands. An oracle reads a word
/// back with `record.word::<Lease>()`; a system that returns `Lease::CONDITIONS` from
/// `System::conditions` lets scenarios name its words under `sometimes` and `wait-for`.
///
/// Fields without names are refused:
///
/// ```compile_fail
/// #[derive(squall_io::Word)]
/// struct Granted(String);
/// ```
pub use squall_derive::Word;
pub use squall_history::vocab;
pub use squall_history::vocab::Word;

/// What the macros of this crate expand to; not for use by name.
#[doc(hidden)]
pub mod private {
    pub use crate::assert::{broken, reached};
    pub use crate::coop::{fires, knob, pass, pass_now, take};
    pub use crate::observe::{field, json};
    pub use crate::select::{Out2, Out3, Out4, Out5, first_branch};
    pub use inventory;
    pub use squall_history::Ppm;
}
