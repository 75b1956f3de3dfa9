//! Who is calling: from a bearer token to an identity.
//!
//! A service gives [`people`] to its [`common::grpc::Service`]; its handlers ask [`caller`].

mod caller;
mod validator;

pub use caller::{ADMIN, Caller, Identity, caller};
pub use validator::{RemoteSessions, Sessions, people};
