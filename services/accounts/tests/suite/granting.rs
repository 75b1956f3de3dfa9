//! The first admin: by the command of the real binary, and by its function over every store.

use accounts::{Granted, Refused, account::Role, grant_admin, store::By};
use testkit::{Binary, ServiceKeys};

use crate::{contract, stores};

#[tokio::test]
async fn granting_gives_the_role_once_and_ends_the_sessions() {
    let rested = stores::sqlite().await;
    let before = contract::create(&rested.store, "Ada@example.com").await;

    let first = grant_admin(&*rested.store, "ada@example.com").await;
    let second = grant_admin(&*rested.store, "ada@example.com").await;

    let after = rested.store.find(before.id).await.unwrap().unwrap();
    assert_eq!((first.unwrap(), second.unwrap()), (Granted::Now, Granted::Before));
    assert!(after.roles.contains(&Role::admin()));
    assert_eq!(after.auth_epoch, before.auth_epoch + 1);
    assert!(matches!(grant_admin(&*rested.store, "nobody@example.com").await, Err(Refused::Failed(_))));
    assert!(matches!(grant_admin(&*rested.store, "no address").await, Err(Refused::Email(_))));
}

#[tokio::test]
async fn the_command_says_what_came_of_it() {
    let rested = stores::postgres().await;
    contract::create(&rested.store, "ada@example.com").await;
    let key = ServiceKeys::make(&["accounts"]).pem("accounts");
    let environment = [
        ("FAIRLEAD__SERVER__CREDENTIALS__PRIVATE_KEY", key.as_str()),
        ("FAIRLEAD__ACCOUNTS__POSTGRES__URL", rested.kept.url.as_str()),
        ("FAIRLEAD__ACCOUNTS__SESSIONS__URL", "http://127.0.0.1:1"),
    ];
    let run = async |arguments: &[&str]| Binary::start("accounts", arguments, &environment).exit().await;

    let granted = run(&["grant-admin", "ada@example.com"]).await;
    let unknown = run(&["grant-admin", "nobody@example.com"]).await;
    let misused = run(&["grant-admin"]).await;

    assert_eq!(granted.code, Some(0), "{granted:?}");
    assert_eq!(unknown.code, Some(1), "{unknown:?}");
    assert_eq!(misused.code, Some(2), "{misused:?}");
    let found = rested.store.credentials(By::Email("ada@example.com".parse().unwrap())).await.unwrap();
    assert!(found.unwrap().account.roles.contains(&Role::admin()));
}
