//! Reading accounts.

use common::grpc::Violations;
use proto::accounts::v1::{BatchGetAccountsRequest, GetAccountRequest};
use tonic::Status;

use super::finish;
use crate::account::AccountId;

/// What GetAccount is asked.
pub(crate) struct Get {
    pub(crate) id: AccountId,
}

impl Get {
    pub(crate) fn parse(request: GetAccountRequest) -> Result<Self, Status> {
        let GetAccountRequest { account_id } = request;
        let mut violations = Violations::default();
        let id = violations.check("account_id", account_id.parse());
        finish(violations, id.map(|id| Self { id }))
    }
}

/// What BatchGetAccounts is asked.
pub(crate) struct BatchGet {
    pub(crate) ids: Vec<AccountId>,
}

impl BatchGet {
    pub(crate) fn parse(request: BatchGetAccountsRequest) -> Result<Self, Status> {
        const MOST: usize = 100;
        let BatchGetAccountsRequest { account_ids } = request;
        let mut violations = Violations::default();
        if account_ids.is_empty() || account_ids.len() > MOST {
            violations.add("account_ids", "must be 1 to 100 ids");
        }
        let ids: Option<Vec<AccountId>> = account_ids
            .iter()
            .take(MOST)
            .enumerate()
            .map(|(place, id)| violations.check(&format!("account_ids[{place}]"), id.parse()))
            .collect();
        finish(violations, ids.map(|ids| Self { ids }))
    }
}
