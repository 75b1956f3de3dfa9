//! Signing up.

use common::grpc::Violations;
use proto::accounts::v1::{Account, CreateAccountRequest};
use tonic::Status;

use super::finish;
use crate::{
    account::{DisplayName, Email, RequestId},
    accounts::SignUp,
    password::Policy,
};

/// What CreateAccount is asked.
pub(crate) struct Create(pub(crate) SignUp);

impl Create {
    pub(crate) fn parse(request: CreateAccountRequest, policy: Policy) -> Result<Self, Status> {
        let CreateAccountRequest { account, password, request_id } = request;
        let mut violations = Violations::default();
        let named = if let Some(account) = account {
            named(account, &mut violations)
        } else {
            violations.add("account", "must be given");
            None
        };
        let password = violations.check("password", policy.accept(password));
        if let (Some((email, _)), Some(password)) = (&named, &password) {
            violations.check("password", policy.suits(password, email));
        }
        let request_id = violations.check("request_id", optional(&request_id));
        let wanted = named.zip(password).zip(request_id);
        let wanted = wanted.map(|(((email, display_name), password), request_id)| {
            Self(SignUp { email, display_name, password, request_id })
        });
        finish(violations, wanted)
    }
}

/// Everything else is decided by the service, or by an admin later.
fn named(account: Account, violations: &mut Violations) -> Option<(Email, Option<DisplayName>)> {
    let Account { account_id, email, display_name, roles, disabled, create_time, update_time, etag } =
        account;
    let must_be_empty = [
        ("account.account_id", account_id.is_empty()),
        ("account.roles", roles.is_empty()),
        ("account.disabled", !disabled),
        ("account.create_time", create_time.is_none()),
        ("account.update_time", update_time.is_none()),
        ("account.etag", etag.is_empty()),
    ];
    for (field, empty) in must_be_empty {
        if !empty {
            violations.add(field, "must be empty");
        }
    }
    let email = violations.check("account.email", email.parse());
    let display_name = if display_name.is_empty() {
        Some(None)
    } else {
        violations.check("account.display_name", display_name.parse()).map(Some)
    };
    Some((email?, display_name?))
}

fn optional(request_id: &str) -> Result<Option<RequestId>, &'static str> {
    if request_id.is_empty() { Ok(None) } else { request_id.parse().map(Some) }
}
