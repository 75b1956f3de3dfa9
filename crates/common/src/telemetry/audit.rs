//! Security events: one target, stable names.
//!
//! They are logged like anything else, with this target, at info or above, and no level setting hides them:
//!
//! ```
//! tracing::info!(target: common::telemetry::audit::TARGET, event = "sign_in_failed", "credentials refused");
//! ```
//!
//! Fields mean the same in every event and are left out where they say nothing:
//!
//! | field | what it holds |
//! |---|---|
//! | `event` | what happened, a constant in snake case: `sign_in_failed`, `refresh_reused`, `sessions_revoked`, `roles_changed`, `credential_refused` |
//! | `account_id`, `session_id` | whom and what it concerns |
//! | `actor_id` | the account that did it, where that is somebody else |
//! | `caller` | the service of the suite that called |
//! | `client_address` | where the call came from |
//! | `reason` | why it was refused: the stable reason of the answer |
//!
//! No event carries an e-mail address, a password or a token.

/// The target of every security event.
pub const TARGET: &str = "audit";
