//! Who is calling: from a bearer token to an identity.
//!
//! A service gives [`people`] to its [`common::grpc::Service`]; its handlers ask [`caller`]. What a token proved is kept
//! for a while in a [`Near`] cache, which is used only as long as it is known that no revocation is missing there.

mod caller;
mod remote;
mod validator;

mod near;

mod feed;
mod tail;
mod watch;

mod clock;

pub use caller::{ADMIN, Caller, Identity, caller};
pub use clock::BootTime;
pub use feed::{Feed, Heard, LEASE, Listening, Lost, Revocation};
pub use near::{Hit, LONGEST, Miss, Near, Proof, demand};
pub use remote::RemoteSessions;
pub use tail::{Follower, follow};
pub use validator::{Sessions, people};
