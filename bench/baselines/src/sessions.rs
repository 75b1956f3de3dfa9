//! Validates sessions over the same records: a connection from the pool for each `GET`, everything by default, and nothing
//! that costs time beside it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use deadpool_redis::{Pool, redis};
use sha2::{Digest, Sha256};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use self::v1::{
    Session, ValidateSessionRequest, ValidateSessionResponse, sessions_service_server::SessionsService,
};

/// `fairlead.sessions.v1`, with `ValidateSession` and nothing else.
pub(crate) mod v1 {
    #![expect(clippy::pedantic, unused_qualifications, unreachable_pub, reason = "generated")]
    tonic::include_proto!("fairlead.sessions.v1");
}

/// Knows who is signed in.
pub(crate) struct Naive {
    pub(crate) redis: Pool,
}

#[tonic::async_trait]
impl SessionsService for Naive {
    async fn validate_session(
        &self,
        request: Request<ValidateSessionRequest>,
    ) -> Result<Response<ValidateSessionResponse>, Status> {
        let ValidateSessionRequest { session_token } = request.into_inner();
        let nobody = || Status::unauthenticated("the session token proves no session");
        let token = Token::parse(&session_token).ok_or_else(nobody)?;
        let mut redis = self.redis.get().await.map_err(|error| Status::unavailable(error.to_string()))?;
        let record: Option<Vec<u8>> = redis::cmd("GET")
            .arg(token.key())
            .query_async(&mut redis)
            .await
            .map_err(|error| Status::unavailable(error.to_string()))?;
        let session = record.and_then(|record| token.proves(&record)).ok_or_else(nobody)?;
        Ok(Response::new(ValidateSessionResponse { session: Some(session), max_age: None }))
    }
}

struct Token {
    bucket: u16,
    session: [u8; 16],
    secret: [u8; 32],
}

impl Token {
    fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix("fls_")?).ok()?;
        let (bucket, rest) = bytes.split_first_chunk()?;
        let (session, rest) = rest.split_first_chunk()?;
        let (secret, _checksum) = rest.split_first_chunk()?;
        Some(Self { bucket: u16::from_be_bytes(*bucket), session: *session, secret: *secret })
    }

    fn key(&self) -> Vec<u8> {
        [format!("fl:s:{{{}}}:", self.bucket).as_bytes(), &self.session].concat()
    }

    /// A record has the account's id after eight bytes, then the SHA-256 of the secret.
    fn proves(&self, record: &[u8]) -> Option<Session> {
        let account = Uuid::from_slice(record.get(8..24)?).ok()?;
        if record.get(24..56)? != &Sha256::digest(self.secret)[..] {
            return None;
        }
        let session_id = Uuid::from_bytes(self.session).to_string();
        Some(Session { session_id, account_id: account.to_string(), ..Session::default() })
    }
}
