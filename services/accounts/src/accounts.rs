//! What can be done with accounts, whoever asks.

use std::{collections::HashMap, net::IpAddr, sync::Arc};

use crate::{
    account::{Account, AccountId, Change, Credentials, DisplayName, Email, Etag, NewAccount, RequestId},
    error::Error,
    outbox::Outbox,
    password::{Hasher, Password, PasswordHash},
    sessions::{Attempt, Sessions},
    store::{By, Store},
};

/// Accounts, their passwords, and those who must hear of changes.
#[derive(Clone)]
pub(crate) struct Accounts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) hasher: Hasher,
    pub(crate) sessions: Sessions,
    pub(crate) outbox: Outbox,
}

/// Somebody who wants an account.
pub(crate) struct SignUp {
    pub(crate) email: Email,
    pub(crate) display_name: Option<DisplayName>,
    pub(crate) password: Password,
    pub(crate) request_id: Option<RequestId>,
}

impl Accounts {
    /// Creates an account, or finds the one that the same request has created before.
    pub(crate) async fn create(&self, wanted: SignUp) -> Result<Account, Error> {
        let SignUp { email, display_name, password, request_id } = wanted;
        if let Some(created) = self.created_by(request_id).await? {
            return self.replay(created, &email, password).await;
        }
        // Asked before the hash is made: it is what costs.
        if self.store.credentials(By::Email(email.clone())).await?.is_some() {
            return Err(Error::EmailTaken);
        }
        let password_hash = self.hasher.hash(password.clone()).await?;
        let id = AccountId::new();
        let new = NewAccount { id, email: email.clone(), display_name, password_hash, request_id };
        match self.store.create(new).await {
            Ok(account) => {
                tracing::info!(target: "audit", event = "account_created", account_id = %account.id, "an account was created");
                Ok(account)
            }
            // The same request at the same time, and the other one was faster.
            Err(Error::RequestIdReused) => match self.created_by(request_id).await? {
                Some(created) => self.replay(created, &email, password).await,
                None => Err(Error::RequestIdReused),
            },
            done => done,
        }
    }

    async fn created_by(&self, request_id: Option<RequestId>) -> Result<Option<Credentials>, Error> {
        match request_id {
            Some(id) => self.store.credentials(By::Request(id)).await,
            None => Ok(None),
        }
    }

    /// The account of an earlier call, for whoever can repeat that call. The password is compared with the hash and
    /// kept nowhere else; and it is compared even when the address already differs, so that nobody learns which was
    /// wrong.
    async fn replay(
        &self,
        created: Credentials,
        email: &Email,
        password: Password,
    ) -> Result<Account, Error> {
        let Credentials { account, password_hash } = created;
        let verified = self.hasher.verify(password, Some(password_hash)).await?;
        if verified && account.email.key() == email.key() { Ok(account) } else { Err(Error::RequestIdReused) }
    }

    pub(crate) async fn get(&self, id: AccountId) -> Result<Account, Error> {
        self.store.find(id).await?.ok_or(Error::NotFound)
    }

    /// The accounts in the order of the ids; all of them, or none.
    pub(crate) async fn get_all(&self, ids: Vec<AccountId>) -> Result<Vec<Account>, Error> {
        let found = self.store.find_all(ids.clone()).await?;
        let by_id: HashMap<AccountId, Account> =
            found.into_iter().map(|account| (account.id, account)).collect();
        ids.iter().map(|id| by_id.get(id).cloned().ok_or(Error::NotFound)).collect()
    }

    /// One page after `after`, and whether there is more.
    pub(crate) async fn list(
        &self,
        after: Option<AccountId>,
        size: u16,
    ) -> Result<(Vec<Account>, bool), Error> {
        let mut accounts = self.store.list(after, size.saturating_add(1)).await?;
        let more = accounts.len() > usize::from(size);
        accounts.truncate(size.into());
        Ok((accounts, more))
    }

    pub(crate) async fn update(
        &self,
        id: AccountId,
        change: Change,
        expected: Option<Etag>,
    ) -> Result<Account, Error> {
        let account = self.store.update(id, change, expected).await?;
        self.outbox.poke();
        tracing::info!(
            target: "audit", event = "account_updated", account_id = %id, roles = %account.roles,
            disabled = account.disabled, "an account was updated"
        );
        Ok(account)
    }

    /// Deletes somebody's account at an admin's word.
    pub(crate) async fn delete(&self, id: AccountId, expected: Option<Etag>) -> Result<(), Error> {
        self.store.delete(id, expected).await?;
        self.outbox.poke();
        tracing::info!(target: "audit", event = "account_deleted", account_id = %id, "an account was deleted");
        Ok(())
    }

    /// Deletes the account of somebody who gives its password.
    pub(crate) async fn delete_own(
        &self,
        id: AccountId,
        expected: Option<Etag>,
        password: Password,
        client: Option<IpAddr>,
    ) -> Result<(), Error> {
        let account = self.get(id).await?;
        if expected.is_some_and(|etag| etag != account.etag) {
            return Err(Error::Changed);
        }
        let proven = self.prove(id, password, client).await?;
        self.delete(id, Some(proven.etag)).await
    }

    /// Replaces the password of somebody who gives the current one.
    pub(crate) async fn change_password(
        &self,
        id: AccountId,
        current: Password,
        new: Password,
        client: Option<IpAddr>,
    ) -> Result<Account, Error> {
        let proven = self.prove(id, current, client).await?;
        let hash = self.hasher.hash(new).await?;
        let account = self.store.set_password(id, hash, proven.etag).await?;
        self.outbox.poke();
        tracing::info!(target: "audit", event = "password_changed", account_id = %id, "a password was changed");
        Ok(account)
    }

    /// Checks the current password of an account; the try counts with those of signing in.
    async fn prove(
        &self,
        id: AccountId,
        password: Password,
        client: Option<IpAddr>,
    ) -> Result<Account, Error> {
        let Credentials { account, password_hash } =
            self.store.credentials(By::Id(id)).await?.ok_or(Error::NotFound)?;
        let attempt = Attempt::new(&account.email, client);
        self.sessions.admit(&attempt).await?;
        if !self.hasher.verify(password, Some(password_hash)).await? {
            tracing::info!(
                target: "audit", event = "password_wrong", account_id = %id, client_address = ?client,
                "a current password was wrong"
            );
            return Err(Error::WrongPassword);
        }
        self.sessions.forgive(attempt).await;
        Ok(account)
    }

    /// The account of that address, if that is its password and it may sign in. Otherwise nothing, after the same time.
    pub(crate) async fn verify(&self, email: Email, password: Password) -> Result<Option<Account>, Error> {
        let found = self.store.credentials(By::Email(email)).await?;
        let hash = found.as_ref().map(|found| found.password_hash.clone());
        let verified = self.hasher.verify(password.clone(), hash).await?;
        let Some(Credentials { account, password_hash }) = found.filter(|_| verified) else {
            return Ok(None);
        };
        if account.disabled {
            return Ok(None);
        }
        if password_hash.is_outdated() {
            self.rehash(account.id, password_hash, password).await;
        }
        Ok(Some(account))
    }

    /// A password is known in clear only now: the moment to hash it as one would today. Should it fail, the old hash is
    /// as good as it was.
    async fn rehash(&self, id: AccountId, old: PasswordHash, password: Password) {
        let rehashed = match self.hasher.hash(password).await {
            Ok(new) => self.store.rehash(id, old, new).await,
            Err(error) => Err(error),
        };
        if let Err(error) = rehashed {
            tracing::warn!(account_id = %id, %error, "a password could not be hashed anew");
        }
    }
}
