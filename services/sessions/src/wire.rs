//! How requests are read and answers spelt.

pub(crate) mod check;

use std::net::IpAddr;

use common::grpc::Violations;
use guard::{Hit, Revocation};
use prost_types::Timestamp;
use proto::sessions::v1 as pb;
use uuid::Uuid;

use crate::{
    clock::Moment,
    id::{AccountId, SessionId},
    keeper::Issued,
    session::Session,
    throttle::MailHash,
};

/// The longest e-mail address (RFC 5321, section 4.5.3.1.3, less the brackets).
const EMAIL_CHARS: usize = 254;
/// Far more than accounts takes for a password.
const PASSWORD_CHARS: usize = 1024;
/// Far more than a token has.
const TOKEN_BYTES: usize = 256;
const USER_AGENT_CHARS: usize = 256;

/// An e-mail address as it was typed. Only what can be no address is refused: accounts knows the rest, and what it
/// would not take is answered as any wrong address.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Email(String);

impl Email {
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let (local, domain) = text.rsplit_once('@').ok_or("must be an e-mail address")?;
        let spaced = text.chars().any(|c| c.is_whitespace() || c.is_control());
        if local.is_empty() || domain.is_empty() || spaced || text.chars().count() > EMAIL_CHARS {
            return Err("must be an e-mail address of at most 254 characters");
        }
        Ok(Self(text.to_owned()))
    }

    pub(crate) fn typed(&self) -> &str {
        &self.0
    }

    /// What attempts are counted by: the same for every spelling of the case.
    pub(crate) fn hash(&self) -> MailHash {
        MailHash::of(&self.0.to_lowercase())
    }
}

/// A password as it was typed. It is never shown.
pub(crate) struct Password(String);

impl Password {
    pub(crate) fn parse(text: String) -> Result<Self, &'static str> {
        match text.chars().count() {
            0 => Err("must not be empty"),
            1..=PASSWORD_CHARS => Ok(Self(text)),
            _ => Err("must have at most 1024 characters"),
        }
    }

    /// The text, for the one place that hands it on.
    pub(crate) fn expose(self) -> String {
        self.0
    }
}

/// Reads a field that must be there. A text that can be no token is for the caller to refuse as a wrong one.
pub(crate) fn token(text: &str) -> Result<(), &'static str> {
    match text.len() {
        0 => Err("must not be empty"),
        1..=TOKEN_BYTES => Ok(()),
        _ => Err("must be a token, which has 76 characters"),
    }
}

/// Reads the field that a cookie stands for.
pub(crate) fn empty_with_cookie(text: &str) -> Result<(), &'static str> {
    if text.is_empty() { Ok(()) } else { Err("must be empty with `cookie`, which says where the token is") }
}

/// Reads the name of a program. Control characters become spaces, as HTTP has it for headers (RFC 9110, section 5.5): the
/// name is shown to people, and is no reason to refuse one.
pub(crate) fn user_agent(text: &str) -> Result<String, &'static str> {
    if text.chars().count() <= USER_AGENT_CHARS {
        Ok(text.replace(char::is_control, " "))
    } else {
        Err("must have at most 256 characters")
    }
}

pub(crate) fn address(text: &str) -> Result<IpAddr, &'static str> {
    let address: IpAddr = text.parse().map_err(|_| "must be an IPv4 or IPv6 address")?;
    Ok(address.to_canonical())
}

pub(crate) fn account_id(text: &str) -> Result<AccountId, &'static str> {
    uuid(text).map(AccountId)
}

pub(crate) fn session_id(text: &str) -> Result<SessionId, &'static str> {
    uuid(text).map(SessionId)
}

/// Ids have one spelling: lower-case with hyphens.
fn uuid(text: &str) -> Result<Uuid, &'static str> {
    let id = Uuid::try_parse(text).map_err(|_| "must be a UUID")?;
    if id.hyphenated().to_string() == text {
        Ok(id)
    } else {
        Err("must be a UUID in lower case with hyphens")
    }
}

/// Reads a field that may be left empty.
pub(crate) fn optional<T, E>(text: &str, parse: impl FnOnce(&str) -> Result<T, E>) -> Result<Option<T>, E> {
    if text.is_empty() { Ok(None) } else { parse(text).map(Some) }
}

/// The value of a field that parsed. Used after [`Violations::finish`] said that all did.
pub(crate) fn parsed<T>(field: Option<T>) -> T {
    field.expect("every field that did not parse is a violation")
}

/// Ends the reading of one single field.
pub(crate) fn only<T>(field: &str, read: Result<T, &'static str>) -> Result<T, tonic::Status> {
    let mut violations = Violations::default();
    let value = violations.check(field, read);
    violations.finish()?;
    Ok(parsed(value))
}

impl From<Session> for pb::Session {
    fn from(Session { id, record }: Session) -> Self {
        Self {
            session_id: id.to_string(),
            account_id: record.account.to_string(),
            create_time: Some(timestamp(record.created)),
            last_use_time: Some(timestamp(record.used)),
            expire_time: Some(timestamp(record.end())),
            client_address: record.address.map(|address| address.to_string()).unwrap_or_default(),
            roles: record.roles,
            user_agent: record.user_agent,
        }
    }
}

/// The session that was proved, and how long that may be kept.
pub(crate) fn proved(Hit { proof, left }: Hit<Session>) -> pb::ValidateSessionResponse {
    let session = Session::clone(&proof).into();
    pb::ValidateSessionResponse { session: Some(session), max_age: left.try_into().ok() }
}

pub(crate) fn revocation(revocation: Revocation) -> pb::Revocation {
    let (account, session, except) = match revocation {
        Revocation::Session { account, session } => (account, Some(session), None),
        Revocation::Account { account, except } => (account, None, except),
    };
    let optional = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    pb::Revocation {
        account_id: account.to_string(),
        session_id: optional(session),
        except_session_id: optional(except),
    }
}

/// The session and its tokens.
pub(crate) fn issued(Issued { session, session_token, refresh_token }: Issued) -> (pb::Session, pb::Tokens) {
    let tokens = pb::Tokens {
        session_token,
        refresh_token,
        session_token_expire_time: Some(timestamp(session.record.token_end)),
        refresh_token_expire_time: Some(timestamp(session.record.end())),
    };
    (session.into(), tokens)
}

fn timestamp(moment: Moment) -> Timestamp {
    let (seconds, millis) = (moment.millis() / 1000, moment.millis() % 1000);
    Timestamp {
        seconds: i64::try_from(seconds).unwrap_or(i64::MAX),
        nanos: i32::try_from(millis * 1_000_000).expect("less than a second"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_counts_the_same_in_every_case() {
        let (typed, other) =
            (Email::parse("Ada@Example.com").unwrap(), Email::parse("ada@example.COM").unwrap());

        assert_eq!(typed.hash(), other.hash());
        assert_ne!(typed.hash(), Email::parse("ada@example.net").unwrap().hash());
    }

    #[test]
    fn what_can_be_no_address_is_refused() {
        for wrong in ["", "ada", "@example.com", "ada@", "a da@example.com", "ada@example.com\n"] {
            assert!(Email::parse(wrong).is_err(), "{wrong:?}");
        }
        assert!(Email::parse(&format!("{}@example.com", "a".repeat(250))).is_err());
    }

    #[test]
    fn an_id_has_one_spelling() {
        let id = Uuid::now_v7();

        assert_eq!(session_id(&id.to_string()), Ok(SessionId(id)));
        assert!(session_id(&id.to_string().to_uppercase()).is_err());
        assert!(session_id(&id.simple().to_string()).is_err());
        assert!(session_id("").is_err());
    }

    #[test]
    fn a_moment_is_a_timestamp_to_the_millisecond() {
        let timestamp = timestamp(Moment::from_millis(1_500));

        assert_eq!((timestamp.seconds, timestamp.nanos), (1, 500_000_000));
    }
}
