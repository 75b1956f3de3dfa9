//! Listing boats.

use common::grpc::{Violations, paging};
use proto::boats::v1::{ListBoatsRequest, ListBoatsResponse};
use tonic::Status;
use uuid::Uuid;

use super::finish;
use crate::boat::{AccountId, Boat, BoatId};

/// What ListBoats is asked.
pub(crate) struct List {
    pub(crate) account_id: AccountId,
    pub(crate) size: u16,
    pub(crate) after: Option<BoatId>,
}

impl List {
    pub(crate) fn parse(request: ListBoatsRequest, own: AccountId) -> Result<Self, Status> {
        let ListBoatsRequest { account_id, page_size, page_token } = request;
        let mut violations = Violations::default();
        let account_id = if account_id.is_empty() {
            Some(own)
        } else {
            violations.check("account_id", account_id.parse())
        };
        let size = violations.check("page_size", paging::size(page_size));
        let after =
            account_id.and_then(|account_id| violations.check("page_token", cursor(account_id, &page_token)));
        let list = account_id.zip(size).zip(after);
        finish(violations, list.map(|((account_id, size), after)| Self { account_id, size, after }))
    }

    /// The page that begins with what was found, which is one more where there is another page.
    pub(crate) fn answer(&self, mut found: Vec<Boat>) -> ListBoatsResponse {
        let more = found.len() > usize::from(self.size);
        found.truncate(self.size.into());
        let next_page_token = match found.last() {
            Some(last) if more => paging::token(&scope(self.account_id), last.id.0.as_bytes()),
            _ => String::new(),
        };
        ListBoatsResponse { boats: found.into_iter().map(Boat::into).collect(), next_page_token }
    }
}

/// What all pages of the list have in common.
fn scope(account_id: AccountId) -> String {
    format!("boats of {account_id}")
}

fn cursor(account_id: AccountId, token: &str) -> Result<Option<BoatId>, &'static str> {
    if token.is_empty() {
        return Ok(None);
    }
    let cursor = paging::cursor(&scope(account_id), token)?;
    let id =
        Uuid::from_slice(&cursor).map_err(|_| "must be the next_page_token of the same list, unchanged")?;
    Ok(Some(BoatId(id)))
}
