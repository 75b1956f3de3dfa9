//! How this service tells its own callers apart: by the sessions it keeps.

use async_trait::async_trait;
use guard::Identity;
use tonic::Status;

use crate::keeper::Keeper;

#[async_trait]
impl guard::Sessions for Keeper {
    async fn validate(&self, session_token: &str) -> Result<Identity, Status> {
        let session = Self::validate(self, session_token).await?;
        Ok(Identity {
            account_id: session.record.account.0,
            session_id: session.id.0,
            roles: session.record.roles.into(),
        })
    }
}
