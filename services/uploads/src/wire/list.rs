//! Listing uploads.

use common::grpc::{Violations, paging};
use proto::uploads::v1::ListUploadsRequest;
use tonic::Status;
use uuid::Uuid;

use super::finish;
use crate::upload::{AccountId, Upload, UploadId};

/// What ListUploads is asked.
pub(crate) struct List {
    pub(crate) account_id: AccountId,
    pub(crate) size: u16,
    pub(crate) after: Option<UploadId>,
}

impl List {
    pub(crate) fn parse(request: ListUploadsRequest, own: AccountId) -> Result<Self, Status> {
        let ListUploadsRequest { account_id, page_size, page_token } = request;
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

    /// Where the list goes on after a page.
    pub(crate) fn next_page_token(account_id: AccountId, page: &[Upload], more: bool) -> String {
        match page.last() {
            Some(last) if more => paging::token(&scope(account_id), last.id.0.as_bytes()),
            _ => String::new(),
        }
    }
}

/// What all pages of the list have in common.
fn scope(account_id: AccountId) -> String {
    format!("uploads of {account_id}")
}

fn cursor(account_id: AccountId, token: &str) -> Result<Option<UploadId>, &'static str> {
    if token.is_empty() {
        return Ok(None);
    }
    let cursor = paging::cursor(&scope(account_id), token)?;
    let id =
        Uuid::from_slice(&cursor).map_err(|_| "must be the next_page_token of the same list, unchanged")?;
    Ok(Some(UploadId(id)))
}
