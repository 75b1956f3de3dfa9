//! How a token is turned into an identity: by asking whoever keeps the sessions.

use std::sync::Arc;

use async_trait::async_trait;
use common::policy::{People, Person};
use http::Extensions;
use tonic::Status;

use crate::Identity;

/// Whoever keeps the sessions.
#[async_trait]
pub trait Sessions: Send + Sync + 'static {
    /// The identity that a session token proves.
    ///
    /// # Errors
    /// UNAUTHENTICATED when it proves none, UNAVAILABLE when that cannot be found out.
    async fn validate(&self, session_token: &str) -> Result<Identity, Status>;
}

/// Tells people apart by their sessions.
#[must_use]
pub fn people(sessions: impl Sessions) -> Arc<dyn People> {
    Arc::new(BySession(sessions))
}

struct BySession<S>(S);

#[async_trait]
impl<S: Sessions> People for BySession<S> {
    async fn identify(&self, token: &str) -> Result<Person, Status> {
        let identity = self.0.validate(token).await?;
        let admin = identity.is_admin();
        let mut extensions = Extensions::new();
        extensions.insert(identity);
        Ok(Person { admin, extensions })
    }
}
