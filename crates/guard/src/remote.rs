//! The sessions service at the other end of a channel, with a near cache in front of it.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use common::{
    Process,
    grpc::{Channel, status},
    lifecycle::StopWhen,
};
use proto::sessions::v1::{
    Session, ValidateSessionRequest, ValidateSessionResponse, sessions_service_client::SessionsServiceClient,
};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{Follower, Identity, LEASE, Near, Proof, Sessions, follow, watch::Watch};

/// The sessions service, near or far.
pub struct RemoteSessions {
    client: SessionsServiceClient<Channel>,
    near: Arc<Near<Identity>>,
}

impl RemoteSessions {
    /// Asks the sessions service at the other end of the channel. What it answered is kept, within what the plan grants
    /// to `cache`, a [`demand`](crate::demand) of the process; for as long as the process runs, the service is asked to
    /// tell what was revoked.
    #[must_use]
    pub fn new(channel: Channel, cache: &'static str, process: &Process) -> Self {
        let client = SessionsServiceClient::new(channel);
        let room = process.permits(cache);
        // A replica's own cache may be behind the one that tells of revocations by a lease.
        let near = Arc::new(Near::new(LEASE, move || room.size().saturating_mul(1024)));
        near.observe(process.meter(), process.service());
        let relieved = Arc::clone(&near);
        process.on_pressure(move |bytes| relieved.shrink(usize::try_from(bytes).unwrap_or(usize::MAX)));
        let (feed, follower) = (Arc::new(Watch(client.clone())), Arc::clone(&near) as Arc<dyn Follower>);
        process.worker(cache, StopWhen::CallsDone, |stop| follow(feed, follower, stop));
        Self { client, near }
    }

    async fn ask(&self, session_token: &str) -> Result<(Identity, Duration), Status> {
        let request = ValidateSessionRequest { session_token: session_token.to_owned() };
        match self.client.clone().validate_session(request).await {
            Ok(response) => {
                let ValidateSessionResponse { session, max_age } = response.into_inner();
                let life = max_age.and_then(|age| Duration::try_from(age).ok()).unwrap_or_default();
                let identity = session.and_then(identity).ok_or_else(unavailable)?;
                Ok((identity, life))
            }
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

#[async_trait]
impl Sessions for RemoteSessions {
    async fn validate(&self, session_token: &str) -> Result<Identity, Status> {
        let miss = match self.near.find(session_token) {
            Ok(hit) => return Ok((*hit.proof).clone()),
            Err(miss) => miss,
        };
        let (identity, life) = self.ask(session_token).await?;
        self.near.keep(miss, Arc::new(identity.clone()), life);
        Ok(identity)
    }
}

impl Proof for Identity {
    fn account(&self) -> Uuid {
        self.account_id
    }

    fn session(&self) -> Uuid {
        self.session_id
    }

    fn bytes(&self) -> usize {
        self.roles.iter().map(|role| size_of::<String>() + role.len()).sum()
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
    let wait = Duration::from_secs(1);
    status::retry_later(
        Code::Unavailable,
        "SESSIONS_UNAVAILABLE",
        "sessions cannot be checked right now",
        wait,
    )
}
