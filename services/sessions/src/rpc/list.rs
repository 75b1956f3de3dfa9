//! Pages of sessions, newest first.

use common::grpc::{Violations, paging};
use proto::sessions::v1::{ListSessionsRequest, ListSessionsResponse};
use tonic::Status;
use uuid::Uuid;

use crate::{
    id::{AccountId, SessionId},
    session::Session,
    wire,
};

/// Which page of which account.
pub(super) struct Page {
    pub(super) account: AccountId,
    size: usize,
    /// The last session of the page before. It may have ended since.
    after: Option<SessionId>,
}

impl Page {
    pub(super) fn parse(request: &ListSessionsRequest) -> Result<Self, Status> {
        let ListSessionsRequest { account_id, page_size, page_token } = request;
        let mut violations = Violations::default();
        let account = violations.check("account_id", wire::account_id(account_id));
        let size = violations.check("page_size", paging::size(*page_size));
        let after =
            violations.check("page_token", wire::optional(page_token, |token| cursor(account_id, token)));
        violations.finish()?;
        Ok(Self {
            account: wire::parsed(account),
            size: wire::parsed(size).into(),
            after: wire::parsed(after),
        })
    }

    /// This page of all the account's sessions: an account has so few that they are read at once.
    pub(super) fn of(&self, mut sessions: Vec<Session>) -> ListSessionsResponse {
        sessions.sort_unstable_by_key(|session| std::cmp::Reverse(session.id));
        sessions.retain(|session| self.after.is_none_or(|after| session.id < after));
        let more = sessions.len() > self.size;
        sessions.truncate(self.size);
        let last = sessions.last().filter(|_| more);
        let next_page_token = last
            .map(|last| paging::token(&scope(&self.account.to_string()), last.id.0.as_bytes()))
            .unwrap_or_default();
        ListSessionsResponse { sessions: sessions.into_iter().map(Into::into).collect(), next_page_token }
    }
}

fn cursor(account_id: &str, token: &str) -> Result<SessionId, &'static str> {
    let cursor = paging::cursor(&scope(account_id), token)?;
    let id =
        Uuid::from_slice(&cursor).map_err(|_| "must be the next_page_token of the same list, unchanged")?;
    Ok(SessionId(id))
}

fn scope(account_id: &str) -> String {
    format!("sessions/{account_id}")
}
