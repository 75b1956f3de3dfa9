//! Who may call what, and for how long: one row a method.

use common::policy::{Cost, Row, Who};

/// The rules of `fairlead.accounts.v1.AccountsService`.
pub static POLICY: &[Row] = &[
    Row { cost: Cost::High, ..Row::new("CreateAccount", Who::PUBLIC) },
    Row::new("GetAccount", Who::SELF),
    Row::new("BatchGetAccounts", Who::SELF),
    Row::new("UpdateAccount", Who::SELF),
    Row { cost: Cost::High, ..Row::new("DeleteAccount", Who::SELF) },
    Row::new("ListAccounts", Who::ADMIN),
    // Nobody changes the password of another account, admins included.
    Row { cost: Cost::High, ..Row::new("ChangePassword", Who { admin: false, ..Who::SELF }) },
    Row { cost: Cost::High, ..Row::new("VerifyPassword", Who::services(&["sessions"])) },
];
