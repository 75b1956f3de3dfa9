//! How a token is turned into an identity: by asking whoever keeps the sessions.

use std::sync::Arc;

use async_trait::async_trait;
use common::{
    grpc::{Channel, status},
    policy::{People, Person},
};
use http::Extensions;
use proto::sessions::v1::{Session, ValidateSessionRequest, sessions_service_client::SessionsServiceClient};
use tonic::{Code, Status};

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

/// The sessions service, near or far.
pub struct RemoteSessions(SessionsServiceClient<Channel>);

impl RemoteSessions {
    /// Asks the sessions service at the other end of the channel.
    #[must_use]
    pub fn new(channel: Channel) -> Self {
        Self(SessionsServiceClient::new(channel))
    }
}

#[async_trait]
impl Sessions for RemoteSessions {
    async fn validate(&self, session_token: &str) -> Result<Identity, Status> {
        let request = ValidateSessionRequest { session_token: session_token.to_owned() };
        match self.0.clone().validate_session(request).await {
            Ok(response) => response.into_inner().session.and_then(identity).ok_or_else(unavailable),
            // A token that cannot even be parsed proves nobody either.
            Err(status) if matches!(status.code(), Code::Unauthenticated | Code::InvalidArgument) => {
                Err(status::status(
                    Code::Unauthenticated,
                    "SESSION_INVALID",
                    "the session token proves no session",
                ))
            }
            Err(status) => {
                tracing::warn!(code = ?status.code(), error = status.message(), "sessions could not be asked");
                Err(unavailable())
            }
        }
    }
}

fn identity(session: Session) -> Option<Identity> {
    Some(Identity {
        account_id: session.account_id.parse().ok()?,
        session_id: session.session_id.parse().ok()?,
        roles: session.roles.into(),
    })
}

fn unavailable() -> Status {
    let wait = std::time::Duration::from_secs(1);
    status::retry_later(
        Code::Unavailable,
        "SESSIONS_UNAVAILABLE",
        "sessions cannot be checked right now",
        wait,
    )
}
