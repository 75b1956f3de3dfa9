//! How requests and accounts are spelt in the contract.

mod change_password;
mod create;
mod delete;
mod list;
mod read;
mod update;
mod verify;

use common::grpc::Violations;
use prost_types::Timestamp;
use proto::accounts::v1 as pb;
use tonic::Status;

pub(crate) use change_password::ChangePassword;
pub(crate) use create::Create;
pub(crate) use delete::Delete;
pub(crate) use list::List;
pub(crate) use read::{BatchGet, Get};
pub(crate) use update::Update;
pub(crate) use verify::Verify;

use crate::account::{Account, Etag, Role, Time};

impl From<Account> for pb::Account {
    fn from(account: Account) -> Self {
        let Account {
            id,
            email,
            display_name,
            roles,
            disabled,
            auth_epoch: _,
            etag,
            create_time,
            update_time,
        } = account;
        Self {
            account_id: id.to_string(),
            email: email.to_string(),
            display_name: display_name.map(|name| name.to_string()).unwrap_or_default(),
            roles: roles.iter().map(Role::to_string).collect(),
            disabled,
            create_time: Some(timestamp(create_time)),
            update_time: Some(timestamp(update_time)),
            etag: etag.to_string(),
        }
    }
}

impl From<Account> for pb::VerifiedAccount {
    fn from(account: Account) -> Self {
        Self {
            account_id: account.id.to_string(),
            roles: account.roles.iter().map(Role::to_string).collect(),
            auth_epoch: account.auth_epoch,
        }
    }
}

fn timestamp(time: Time) -> Timestamp {
    let micros = time.as_micros();
    let nanos = i32::try_from(micros.rem_euclid(1_000_000) * 1_000).expect("a second has 10^9 nanoseconds");
    Timestamp { seconds: micros.div_euclid(1_000_000), nanos }
}

/// An etag that need not be given.
fn optional_etag(text: &str) -> Result<Option<Etag>, &'static str> {
    if text.is_empty() { Ok(None) } else { text.parse().map(Some) }
}

/// The request that its fields make, or everything that is wrong with them. `None` stands for a field that was reported.
fn finish<T>(violations: Violations, parsed: Option<T>) -> Result<T, Status> {
    violations.finish()?;
    Ok(parsed.expect("a field without a value has been reported as a violation"))
}
