//! Over every store.

use std::time::Duration;

use common::config;
use uuid::Uuid;

use super::*;
use crate::{
    secret::Secret,
    store::contract::{eventually, on_every_store},
};

/// A keeper over every store.
async fn with(config: Config, case: impl AsyncFn(Keeper)) {
    on_every_store(async |store| {
        let near = Arc::new(Near::new(Duration::ZERO, || 0));
        case(Keeper::new(store, config.clone(), near)).await;
    })
    .await;
}

fn grant(account: AccountId, epoch: u64) -> Grant {
    Grant { account, roles: vec!["admin".to_owned()], epoch: Epoch::new(epoch).unwrap() }
}

async fn begin(keeper: &Keeper) -> Issued {
    begin_for(keeper, AccountId(Uuid::now_v7())).await
}

async fn begin_for(keeper: &Keeper, account: AccountId) -> Issued {
    keeper.begin(grant(account, 1), Device::default()).await.unwrap()
}

fn no_grace() -> Config {
    Config { refresh_grace: config::Duration::from_millis(0), ..Config::default() }
}

#[expect(clippy::needless_pass_by_value, reason = "called with what was just answered")]
fn invalid<T>(result: Result<T, Error>) -> bool {
    matches!(result, Err(Error::SessionInvalid | Error::RefreshInvalid))
}

#[tokio::test]
async fn a_new_session_is_proved_by_its_session_token_alone() {
    with(Config::default(), async |keeper| {
        let issued = begin(&keeper).await;

        let proved = keeper.validate(&issued.session_token).await.unwrap();

        assert_eq!(proved.session, issued.session);
        assert!(invalid(keeper.validate(&issued.refresh_token).await));
        assert!(invalid(keeper.refresh(&issued.session_token).await));
        assert!(invalid(keeper.validate("fls_garbage").await));
    })
    .await;
}

#[tokio::test]
async fn an_exchange_ends_the_old_pair_and_keeps_the_session() {
    with(Config::default(), async |keeper| {
        let old = begin(&keeper).await;

        let new = keeper.refresh(&old.refresh_token).await.unwrap();

        assert_eq!(new.session.id, old.session.id);
        assert!(invalid(keeper.validate(&old.session_token).await));
        assert!(keeper.validate(&new.session_token).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_was_lost_is_answered_again() {
    with(Config::default(), async |keeper| {
        let old = begin(&keeper).await;
        let new = keeper.refresh(&old.refresh_token).await.unwrap();

        let again = keeper.refresh(&old.refresh_token).await.unwrap();

        assert_eq!(again.session_token, new.session_token);
        assert_eq!(again.refresh_token, new.refresh_token);
        assert_eq!(again.session, new.session);
    })
    .await;
}

#[tokio::test]
async fn an_exchange_that_is_answered_again_is_told_again() {
    with(Config::default(), async |keeper| {
        let old = begin(&keeper).await;
        let mut listening = keeper.store.listen().await.unwrap();

        keeper.refresh(&old.refresh_token).await.unwrap();
        keeper.refresh(&old.refresh_token).await.unwrap();

        let mut heard = Vec::new();
        for _ in 0..2 {
            heard.extend(listening.next().await.unwrap().revocations);
        }
        assert_eq!(heard, [old.session.id.ended(old.session.record.account); 2]);
    })
    .await;
}

#[tokio::test]
async fn exchanges_at_once_get_the_same_successor() {
    with(Config::default(), async |keeper| {
        let old = begin(&keeper).await;

        let exchanges = [(); 4].map(|()| {
            let (keeper, token) = (keeper.clone(), old.refresh_token.clone());
            tokio::spawn(async move { keeper.refresh(&token).await.unwrap() })
        });
        let mut tokens = Vec::new();
        for exchange in exchanges {
            tokens.push(exchange.await.unwrap().refresh_token);
        }

        tokens.dedup();
        assert_eq!(tokens.len(), 1);
        assert!(keeper.refresh(&tokens[0]).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn a_reuse_after_the_grace_ends_the_session() {
    with(no_grace(), async |keeper| {
        let old = begin(&keeper).await;
        let new = keeper.refresh(&old.refresh_token).await.unwrap();

        let reuse = keeper.refresh(&old.refresh_token).await;

        assert!(matches!(reuse, Err(Error::RefreshReused)));
        assert!(invalid(keeper.validate(&new.session_token).await));
        assert!(invalid(keeper.refresh(&new.refresh_token).await));
        assert!(keeper.list(old.session.record.account).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_reuse_after_the_new_session_token_was_shown_ends_the_session() {
    with(Config::default(), async |keeper| {
        let old = begin(&keeper).await;
        let new = keeper.refresh(&old.refresh_token).await.unwrap();
        keeper.validate(&new.session_token).await.unwrap();

        assert!(matches!(keeper.refresh(&old.refresh_token).await, Err(Error::RefreshReused)));

        assert!(invalid(keeper.validate(&new.session_token).await));
    })
    .await;
}

#[tokio::test]
async fn a_reuse_ends_no_other_session_of_the_account() {
    with(no_grace(), async |keeper| {
        let old = begin(&keeper).await;
        let other = begin_for(&keeper, old.session.record.account).await;
        keeper.refresh(&old.refresh_token).await.unwrap();

        assert!(matches!(keeper.refresh(&old.refresh_token).await, Err(Error::RefreshReused)));

        assert!(keeper.validate(&other.session_token).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn a_guess_with_a_known_session_id_ends_nothing() {
    with(Config::default(), async |keeper| {
        let issued = begin(&keeper).await;
        let bucket = issued.session.record.account.bucket();
        let guess = Token { bucket, session: issued.session.id, secret: Secret::random() };

        assert!(invalid(keeper.refresh(&guess.spell(Kind::Refresh)).await));
        assert!(invalid(keeper.validate(&guess.spell(Kind::Session)).await));

        assert!(keeper.validate(&issued.session_token).await.is_ok());
        assert!(keeper.refresh(&issued.refresh_token).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn a_session_that_is_not_used_ends() {
    let short = config::Duration::from_millis(60);
    let config = Config { idle_timeout: short, session_token_lifetime: short, ..Config::default() };
    with(config, async |keeper| {
        let issued = begin(&keeper).await;
        let (account, end) = (issued.session.record.account, issued.session.record.idle_end);

        eventually(async || keeper.list(account).await.unwrap().is_empty()).await;

        assert!(keeper.store.now(account.bucket()).await.unwrap() >= end);
        assert!(invalid(keeper.validate(&issued.session_token).await));
        assert!(invalid(keeper.refresh(&issued.refresh_token).await));
    })
    .await;
}

#[tokio::test]
async fn a_session_that_is_used_ends_later() {
    let config = Config { touch_interval: config::Duration::from_millis(10), ..Config::default() };
    with(config, async |keeper| {
        let begun = begin(&keeper).await;
        let mut used = begun.session.clone();

        eventually(async || {
            used = keeper.validate(&begun.session_token).await.unwrap().session;
            used.record.used > begun.session.record.used
        })
        .await;

        assert!(used.record.idle_end > begun.session.record.idle_end);
        assert_eq!(keeper.list(used.record.account).await.unwrap(), [used]);
    })
    .await;
}

#[tokio::test]
async fn no_use_keeps_a_session_beyond_its_absolute_end() {
    let config = Config {
        absolute_timeout: config::Duration::from_millis(100),
        touch_interval: config::Duration::from_millis(10),
        ..Config::default()
    };
    with(config, async |keeper| {
        let issued = begin(&keeper).await;

        eventually(async || invalid(keeper.validate(&issued.session_token).await)).await;

        let Record { account, absolute_end, .. } = issued.session.record;
        assert!(keeper.store.now(account.bucket()).await.unwrap() >= absolute_end);
        assert!(invalid(keeper.refresh(&issued.refresh_token).await));
        assert!(keeper.list(issued.session.record.account).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_session_token_ends_before_its_session_which_can_be_renewed() {
    let config = Config { session_token_lifetime: config::Duration::from_millis(500), ..Config::default() };
    with(config, async |keeper| {
        let issued = begin(&keeper).await;
        eventually(async || invalid(keeper.validate(&issued.session_token).await)).await;

        let renewed = keeper.refresh(&issued.refresh_token).await.unwrap();

        assert_eq!(keeper.validate(&renewed.session_token).await.unwrap().session.id, issued.session.id);
    })
    .await;
}

#[tokio::test]
async fn a_password_that_was_changed_meanwhile_begins_no_session() {
    with(Config::default(), async |keeper| {
        let account = AccountId(Uuid::now_v7());
        let before = begin_for(&keeper, account).await;
        assert_eq!(keeper.revoke_account(account, None, Some(Epoch::new(2).unwrap())).await.unwrap(), 1);

        let late = keeper.begin(grant(account, 1), Device::default()).await;

        assert!(matches!(late, Err(Error::InvalidCredentials)));
        assert!(invalid(keeper.validate(&before.session_token).await));
        assert!(keeper.begin(grant(account, 2), Device::default()).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn one_session_too_many_ends_the_first() {
    with(Config { per_account: 2, ..Config::default() }, async |keeper| {
        let account = AccountId(Uuid::now_v7());
        let first = begin_for(&keeper, account).await;
        let began = first.session.record.created;
        eventually(async || keeper.store.now(account.bucket()).await.unwrap() > began).await;
        let second = begin_for(&keeper, account).await;

        let third = begin_for(&keeper, account).await;

        assert!(invalid(keeper.validate(&first.session_token).await));
        assert!(keeper.validate(&second.session_token).await.is_ok());
        assert!(keeper.validate(&third.session_token).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn a_revoked_session_proves_nothing_any_more() {
    with(Config::default(), async |keeper| {
        let issued = begin(&keeper).await;
        let (account, id) = (issued.session.record.account, issued.session.id);

        keeper.revoke(account, id).await.unwrap();

        assert!(invalid(keeper.validate(&issued.session_token).await));
        assert!(invalid(keeper.refresh(&issued.refresh_token).await));
        assert!(matches!(keeper.revoke(account, id).await, Err(Error::NotFound)));
    })
    .await;
}

#[test]
fn the_defaults_are_as_documented() {
    let Config {
        session_token_lifetime,
        idle_timeout,
        absolute_timeout,
        refresh_grace,
        touch_interval,
        per_account,
    } = Config::default();

    let days = |days: u64| Duration::from_secs(days * 24 * 60 * 60);
    assert_eq!(session_token_lifetime.0, Duration::from_secs(15 * 60));
    assert_eq!((idle_timeout.0, absolute_timeout.0), (days(14), days(90)));
    assert_eq!((refresh_grace.0, touch_interval.0), (Duration::from_secs(10), Duration::from_secs(60)));
    assert_eq!(per_account, 100);
}
