//! What is done with sessions: begun, proved, renewed and ended.

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use guard::{Near, Revocation};

use crate::{
    clock::Moment,
    error::Error,
    id::{AccountId, SessionId},
    record::{Epoch, Record},
    secret::Nonce,
    session::{Config, Device, Grant, Pair, Renewal, Session, Validity},
    store::{Insertion, Store},
    token::{Kind, Token},
};

/// How often a change is tried again because somebody else changed the session in between. Two callers with the same
/// token need two rounds; more than a few mean that something else is wrong.
const ROUNDS: usize = 8;

/// Keeps sessions in a store.
#[derive(Clone)]
pub(crate) struct Keeper {
    store: Arc<dyn Store>,
    config: Config,
    /// What it ends is gone from here at once, before the feed tells.
    near: Arc<Near<Session>>,
}

/// A session that a token proved.
pub(crate) struct Proved {
    pub(crate) session: Session,
    /// For how long the token goes on proving it, unless somebody ends it.
    pub(crate) life: Duration,
}

/// A session with the tokens that were just issued for it.
pub(crate) struct Issued {
    pub(crate) session: Session,
    pub(crate) session_token: String,
    pub(crate) refresh_token: String,
}

impl Keeper {
    pub(crate) fn new(store: Arc<dyn Store>, config: Config, near: Arc<Near<Session>>) -> Self {
        Self { store, config, near }
    }

    /// Begins a session for an account that has shown its password.
    ///
    /// # Errors
    /// [`Error::InvalidCredentials`] when the password was changed meanwhile.
    pub(crate) async fn begin(&self, grant: Grant, device: Device) -> Result<Issued, Error> {
        let now = self.store.now(grant.account.bucket()).await?;
        let pair = Pair::random();
        let record = Record::begin(grant, device, &pair, now, &self.config);
        let session = Session { id: SessionId::new(now), record };
        let inserted = self.store.insert(&session, self.config.per_account).await;
        if inserted.is_err() {
            // Others may have been ended for it all the same.
            self.near.revoke(&session.record.account.ended(Some(session.id)));
        }
        match inserted? {
            Insertion::Kept { evicted } => {
                for id in &evicted {
                    self.near.revoke(&id.ended(session.record.account));
                }
                ended(session.record.account, &evicted, "too_many");
                Ok(issue(session, pair))
            }
            Insertion::Outdated => Err(Error::InvalidCredentials),
        }
    }

    /// Finds the session that a session token proves, and notes its use.
    ///
    /// # Errors
    /// [`Error::SessionInvalid`] when it proves none.
    pub(crate) async fn validate(&self, token: &str) -> Result<Proved, Error> {
        let Token { bucket, session: id, secret } =
            Token::parse(Kind::Session, token).ok_or(Error::SessionInvalid)?;
        for _ in 0..ROUNDS {
            let (record, now) = self.store.read(bucket, id).await?.ok_or(Error::SessionInvalid)?;
            match record.validate(&secret, now, &self.config) {
                Validity::Refused => return Err(Error::SessionInvalid),
                Validity::Good => return Ok(self.proved(id, record, now)),
                Validity::Touch(touched) => {
                    self.touch(id, &record, &touched).await;
                    return Ok(self.proved(id, touched, now));
                }
                Validity::EndGrace(settled) => {
                    if self.store.replace(id, &record, &settled).await? {
                        return Ok(self.proved(id, settled, now));
                    }
                }
            }
        }
        Err(Error::Contended)
    }

    fn proved(&self, id: SessionId, record: Record, now: Moment) -> Proved {
        let life = record.life(now, &self.config);
        Proved { session: Session { id, record }, life }
    }

    /// Notes the use of a session. A store that answers reads but takes no writes, because it is full or has lost its
    /// primary, signs nobody out; and who was overtaken has been noted by another.
    async fn touch(&self, id: SessionId, record: &Record, touched: &Record) {
        if let Err(error) = self.store.replace(id, record, touched).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the use of a session could not be noted"
            );
        }
    }

    /// Exchanges a refresh token for a new pair.
    ///
    /// # Errors
    /// [`Error::RefreshInvalid`] when it renews nothing, [`Error::RefreshReused`] when it was exchanged before, in
    /// which case the session has been ended.
    pub(crate) async fn refresh(&self, token: &str) -> Result<Issued, Error> {
        let Token { bucket, session: id, secret } =
            Token::parse(Kind::Refresh, token).ok_or(Error::RefreshInvalid)?;
        for _ in 0..ROUNDS {
            let (record, now) = self.store.read(bucket, id).await?.ok_or(Error::RefreshInvalid)?;
            match record.renew(&secret, Nonce::random(), now, &self.config) {
                Renewal::Refused => return Err(Error::RefreshInvalid),
                Renewal::Again(pair) => {
                    // Who rotated it may have failed to tell.
                    let ended = id.ended(record.account);
                    self.ends(&ended, self.store.announce(&[ended])).await?;
                    return Ok(issue(Session { id, record }, pair));
                }
                Renewal::Rotated(rotated, pair) => {
                    let ended = id.ended(record.account);
                    if self.ends(&ended, self.store.rotate(id, &record, &rotated)).await? {
                        return Ok(issue(Session { id, record: *rotated }, pair));
                    }
                }
                Renewal::Reused => {
                    tracing::warn!(
                        target: "audit", event = "refresh_reuse", account_id = %record.account, session_id = %id,
                        "a refresh token was used again"
                    );
                    let end = id.ended(record.account);
                    if self.ends(&end, self.store.revoke(record.account, id)).await? {
                        ended(record.account, &[id], "reuse");
                    }
                    return Err(Error::RefreshReused);
                }
            }
        }
        Err(Error::Contended)
    }

    /// Ends a session of the account.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none.
    pub(crate) async fn revoke(&self, account: AccountId, id: SessionId) -> Result<(), Error> {
        if !self.ends(&id.ended(account), self.store.revoke(account, id)).await? {
            return Err(Error::NotFound);
        }
        ended(account, &[id], "revoked");
        Ok(())
    }

    /// Ends the account's sessions: all but `except`, or with an epoch those that are older. Tells how many.
    ///
    /// # Errors
    /// [`Error::NotFound`] when `except` is no session of the account; nothing has ended then.
    pub(crate) async fn revoke_account(
        &self,
        account: AccountId,
        except: Option<SessionId>,
        epoch: Option<Epoch>,
    ) -> Result<usize, Error> {
        let end = account.ended(except);
        let gone = self.ends(&end, self.store.revoke_account(account, except, epoch)).await?;
        let gone = gone.ok_or(Error::NotFound)?;
        ended(account, &gone, "revoked_all");
        Ok(gone.len())
    }

    /// Has the store end something, and forgets it here whatever becomes of that: it may have ended all the same.
    async fn ends<T>(
        &self,
        revocation: &Revocation,
        ending: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let ended = ending.await;
        self.near.revoke(revocation);
        ended
    }

    /// The account's sessions, newest first.
    pub(crate) async fn list(&self, account: AccountId) -> Result<Vec<Session>, Error> {
        self.store.list(account).await
    }
}

/// Every end of a session that somebody or something brought about comes by here, after the store has made it so.
fn ended(account: AccountId, sessions: &[SessionId], cause: &'static str) {
    for id in sessions {
        tracing::info!(
            target: "audit", event = "session_ended", cause, account_id = %account, session_id = %id,
            "a session was ended"
        );
    }
}

pub(crate) fn issue(session: Session, pair: Pair) -> Issued {
    let token = |secret| Token { bucket: session.record.account.bucket(), session: session.id, secret };
    let session_token = token(pair.session).spell(Kind::Session);
    let refresh_token = token(pair.refresh).spell(Kind::Refresh);
    Issued { session, session_token, refresh_token }
}
