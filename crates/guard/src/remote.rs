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
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;
use uuid::Uuid;

use crate::{Follower, Identity, LEASE, Near, Proof, Sessions, follow, watch::Watch};

/// How long sessions may take to say whose a token is: whoever calls a service of the suite hears within a second that it
/// cannot be found out. Sessions itself takes less to notice that its store is away.
const PATIENCE: Duration = Duration::from_secs(1);

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
        let mut request = Request::new(ValidateSessionRequest { session_token: session_token.to_owned() });
        request.set_timeout(PATIENCE);
        match self.client.clone().validate_session(request).await {
            Ok(response) => {
                let ValidateSessionResponse { session, max_age } = response.into_inner();
                let life = max_age.and_then(|age| Duration::try_from(age).ok()).unwrap_or_default();
                let identity = session.and_then(identity).ok_or_else(unavailable)?;
                Ok((identity, life))
            }
            Err(status) if proves_nobody(&status) => Err(status::status(
                Code::Unauthenticated,
                "SESSION_INVALID",
                "the session token proves no session",
            )),
            Err(status) => {
                let reason = status.get_details_error_info().map(|info| info.reason).unwrap_or_default();
                let (code, error) = (status.code(), status.message());
                tracing::warn!(?code, reason, error, "sessions could not be asked");
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

/// Whether sessions says that the token proves nobody, or could not even be one. Any other refusal is of this service,
/// and of nobody who calls it: a credential that is refused, because clocks differ or a key is being rotated, signs
/// nobody out.
fn proves_nobody(status: &Status) -> bool {
    match status.code() {
        Code::Unauthenticated => {
            status.get_details_error_info().is_some_and(|info| info.reason == "SESSION_INVALID")
        }
        Code::InvalidArgument => status
            .get_details_bad_request()
            .is_some_and(|bad| bad.field_violations.iter().any(|it| it.field == "session_token")),
        _ => false,
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
