//! Changing fields of an account.

use common::grpc::Violations;
use prost_types::FieldMask;
use proto::accounts::v1::{Account, UpdateAccountRequest};
use tonic::Status;

use super::{finish, optional_etag};
use crate::account::{AccountId, Change, Etag, Role, Roles};

/// What UpdateAccount is asked.
pub(crate) struct Update {
    pub(crate) id: AccountId,
    pub(crate) change: Change,
    pub(crate) expected: Option<Etag>,
    /// A field to be changed that only admins may change.
    pub(crate) admin_field: Option<&'static str>,
}

/// A field that can be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Email,
    DisplayName,
    Roles,
    Disabled,
}

impl Field {
    const ALL: [Self; 4] = [Self::Email, Self::DisplayName, Self::Roles, Self::Disabled];

    const fn path(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::DisplayName => "display_name",
            Self::Roles => "roles",
            Self::Disabled => "disabled",
        }
    }

    const fn is_for_admins(self) -> bool {
        match self {
            Self::Email | Self::Roles | Self::Disabled => true,
            Self::DisplayName => false,
        }
    }

    fn is_populated(self, account: &Account) -> bool {
        match self {
            Self::Email => !account.email.is_empty(),
            Self::DisplayName => !account.display_name.is_empty(),
            Self::Roles => !account.roles.is_empty(),
            Self::Disabled => account.disabled,
        }
    }
}

impl Update {
    /// `admin` tells what `*` stands for.
    pub(crate) fn parse(request: UpdateAccountRequest, admin: bool) -> Result<Self, Status> {
        let UpdateAccountRequest { account, update_mask } = request;
        let mut violations = Violations::default();
        if account.is_none() {
            violations.add("account", "must be given");
        }
        let account = account.unwrap_or_default();
        let fields = violations.check("update_mask", masked(update_mask.as_ref(), &account, admin));
        let fields = fields.unwrap_or_default();
        let id = violations.check("account.account_id", account.account_id.parse());
        let expected = violations.check("account.etag", optional_etag(&account.etag));
        let change = change(&account, &fields, &mut violations);
        let admin_field = fields.into_iter().find(|field| field.is_for_admins()).map(Field::path);
        let update = id.zip(expected).map(|(id, expected)| Self { id, change, expected, admin_field });
        finish(violations, update)
    }
}

/// The fields that a mask names (AIP-134): without one those that are not empty, `*` for all that the caller may change.
fn masked(mask: Option<&FieldMask>, account: &Account, admin: bool) -> Result<Vec<Field>, String> {
    let paths = mask.map_or(&[][..], |mask| &mask.paths);
    match paths {
        [] => Ok(Field::ALL.into_iter().filter(|field| field.is_populated(account)).collect()),
        [all] if all == "*" => {
            Ok(Field::ALL.into_iter().filter(|field| admin || !field.is_for_admins()).collect())
        }
        paths => paths.iter().map(|path| field(path)).collect(),
    }
}

fn field(path: &str) -> Result<Field, String> {
    let known = Field::ALL.map(Field::path).join(", ");
    let field = Field::ALL.into_iter().find(|field| field.path() == path);
    field.ok_or_else(|| format!("must name {known}, or be * alone"))
}

fn change(account: &Account, fields: &[Field], violations: &mut Violations) -> Change {
    let mut change = Change::default();
    for field in fields {
        match field {
            Field::Email => change.email = violations.check("account.email", account.email.parse()),
            Field::DisplayName if account.display_name.is_empty() => change.display_name = Some(None),
            Field::DisplayName => {
                change.display_name =
                    violations.check("account.display_name", account.display_name.parse()).map(Some);
            }
            Field::Roles => change.roles = violations.check("account.roles", roles(&account.roles)),
            Field::Disabled => change.disabled = Some(account.disabled),
        }
    }
    change
}

fn roles(words: &[String]) -> Result<Roles, &'static str> {
    let roles: Vec<Role> = words.iter().map(|word| word.parse()).collect::<Result<_, _>>()?;
    Roles::new(roles)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_mask_the_fields_that_are_not_empty_are_changed() {
        let account = Account { display_name: "Ada".to_owned(), disabled: true, ..account() };

        let update = Update::parse(request(account, None), true).unwrap();

        assert_eq!(update.change.disabled, Some(true));
        assert!(update.change.display_name.is_some() && update.change.email.is_none());
    }

    #[test]
    fn an_empty_field_that_is_named_is_cleared() {
        let update = Update::parse(request(account(), Some(&["display_name", "roles"])), true).unwrap();

        assert_eq!(update.change.display_name, Some(None));
        assert_eq!(update.change.roles, Some(Roles::default()));
    }

    #[test]
    fn a_star_stands_for_what_the_caller_may_change() {
        let account = Account { email: "ada@example.com".to_owned(), ..account() };

        let by_owner = Update::parse(request(account.clone(), Some(&["*"])), false).unwrap();
        let by_admin = Update::parse(request(account, Some(&["*"])), true).unwrap();

        assert_eq!(by_owner.admin_field, None);
        assert_eq!(by_owner.change, Change { display_name: Some(None), ..Change::default() });
        assert!(by_admin.change.email.is_some() && by_admin.change.disabled == Some(false));
    }

    #[test]
    fn a_field_for_admins_is_noticed() {
        let update = Update::parse(request(account(), Some(&["display_name", "roles"])), false).unwrap();

        assert_eq!(update.admin_field, Some("roles"));
    }

    #[test]
    fn fields_that_cannot_be_changed_are_refused_by_name_of_the_mask() {
        for paths in
            [&["etag"][..], &["account_id"], &["password"], &["display_name", "*"], &[""], &["displayName"]]
        {
            let status = Update::parse(request(account(), Some(paths)), true).err().unwrap();

            assert!(status.message().ends_with(": update_mask"), "{paths:?}: {status:?}");
        }
    }

    fn account() -> Account {
        Account { account_id: AccountId::new().to_string(), ..Account::default() }
    }

    fn request(account: Account, paths: Option<&[&str]>) -> UpdateAccountRequest {
        let update_mask =
            paths.map(|paths| FieldMask { paths: paths.iter().map(ToString::to_string).collect() });
        UpdateAccountRequest { account: Some(account), update_mask }
    }
}
