//! Listing accounts.

use common::grpc::{Violations, paging};
use proto::accounts::v1::ListAccountsRequest;
use tonic::Status;
use uuid::Uuid;

use super::finish;
use crate::account::{Account, AccountId};

/// What all pages of the list have in common: there are no filters.
const SCOPE: &str = "accounts";

/// What ListAccounts is asked.
pub(crate) struct List {
    pub(crate) size: u16,
    pub(crate) after: Option<AccountId>,
}

impl List {
    pub(crate) fn parse(request: ListAccountsRequest) -> Result<Self, Status> {
        let ListAccountsRequest { page_size, page_token } = request;
        let mut violations = Violations::default();
        let size = violations.check("page_size", paging::size(page_size));
        let after = violations.check("page_token", cursor(&page_token));
        finish(violations, size.zip(after).map(|(size, after)| Self { size, after }))
    }

    /// Where the list goes on after a page.
    pub(crate) fn next_page_token(page: &[Account], more: bool) -> String {
        match page.last() {
            Some(last) if more => paging::token(SCOPE, last.id.0.as_bytes()),
            _ => String::new(),
        }
    }
}

fn cursor(token: &str) -> Result<Option<AccountId>, &'static str> {
    if token.is_empty() {
        return Ok(None);
    }
    let cursor = paging::cursor(SCOPE, token)?;
    let id =
        Uuid::from_slice(&cursor).map_err(|_| "must be the next_page_token of the same list, unchanged")?;
    Ok(Some(AccountId(id)))
}
