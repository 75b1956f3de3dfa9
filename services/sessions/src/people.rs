//! How this service tells its own callers apart: by the sessions it keeps.

use async_trait::async_trait;
use guard::{Hit, Identity};
use tonic::Status;

use crate::prover::Prover;

#[async_trait]
impl guard::Sessions for Prover {
    async fn validate(&self, session_token: &str) -> Result<Identity, Status> {
        let Hit { proof: session, .. } = Self::validate(self, session_token).await?;
        Ok(Identity {
            account_id: session.record.account.0,
            session_id: session.id.0,
            roles: session.record.roles.as_slice().into(),
        })
    }
}
