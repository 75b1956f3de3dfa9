//! How tokens are spelt: `fls_` or `flr_`, then where to look, what for, the proof, and a checksum.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

use crate::{
    id::{Bucket, SessionId},
    secret::Secret,
};

/// Bucket, session id, secret, checksum. A multiple of three, so that base64 has neither padding nor spare bits and
/// every token has one spelling.
const BYTES: usize = 2 + 16 + 32 + 4;
const CHECKED: usize = BYTES - 4;

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Proves the session.
    Session,
    /// Renews it.
    Refresh,
}

impl Kind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Session => "fls_",
            Self::Refresh => "flr_",
        }
    }
}

/// A token that is spelt right, which does not mean that it is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) bucket: Bucket,
    pub(crate) session: SessionId,
    pub(crate) secret: Secret,
}

impl Token {
    /// Reads a token of this kind. Garbage is told by its checksum, without asking the store.
    pub(crate) fn parse(kind: Kind, text: &str) -> Option<Self> {
        let encoded = text.strip_prefix(kind.prefix())?;
        let bytes: [u8; BYTES] = URL_SAFE_NO_PAD.decode(encoded).ok()?.try_into().ok()?;
        let (checked, checksum) = bytes.split_at(CHECKED);
        if check(kind, checked) != checksum {
            return None;
        }
        let (bucket, rest) = checked.split_first_chunk()?;
        let (session, rest) = rest.split_first_chunk()?;
        Some(Self {
            bucket: Bucket::numbered(u16::from_be_bytes(*bucket))?,
            session: SessionId(Uuid::from_bytes(*session)),
            secret: Secret(rest.try_into().ok()?),
        })
    }

    /// Spells the token for its holder.
    pub(crate) fn spell(&self, kind: Kind) -> String {
        let mut bytes = Vec::with_capacity(BYTES);
        bytes.extend(self.bucket.number().to_be_bytes());
        bytes.extend(self.session.0.as_bytes());
        bytes.extend(self.secret.0);
        bytes.extend(check(kind, &bytes));
        format!("{}{}", kind.prefix(), URL_SAFE_NO_PAD.encode(bytes))
    }
}

/// The CRC32C of the prefix and the rest. It tells garbage; it protects nothing.
fn check(kind: Kind, checked: &[u8]) -> [u8; 4] {
    crc32c::crc32c_append(crc32c::crc32c(kind.prefix().as_bytes()), checked).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tokens() -> impl Strategy<Value = Token> {
        (0..16384_u16, any::<[u8; 16]>(), any::<[u8; 32]>()).prop_map(|(bucket, session, secret)| Token {
            bucket: Bucket::numbered(bucket).unwrap(),
            session: SessionId(Uuid::from_bytes(session)),
            secret: Secret(secret),
        })
    }

    #[test]
    fn a_token_is_spelt_as_it_always_was() {
        let token = Token {
            bucket: Bucket::numbered(258).unwrap(),
            session: SessionId(Uuid::from_bytes([3; 16])),
            secret: Secret([4; 32]),
        };

        let text = token.spell(Kind::Session);

        assert_eq!(text.len(), 76);
        assert_eq!(&text[..28], "fls_AQIDAwMDAwMDAwMDAwMDAwMD");
    }

    #[test]
    fn a_bucket_that_does_not_exist_is_no_token() {
        let mut bytes = vec![0xff; CHECKED];
        bytes.extend(check(Kind::Session, &bytes));
        let text = format!("fls_{}", URL_SAFE_NO_PAD.encode(bytes));

        assert!(Token::parse(Kind::Session, &text).is_none());
    }

    proptest! {
        #[test]
        fn a_token_comes_back_as_it_was_and_as_its_own_kind_only(token in tokens()) {
            for (kind, other) in [(Kind::Session, Kind::Refresh), (Kind::Refresh, Kind::Session)] {
                let text = token.spell(kind);
                prop_assert!(Token::parse(kind, &text) == Some(token.clone()));
                prop_assert!(Token::parse(other, &text).is_none());
                let renamed = format!("{}{}", other.prefix(), &text[4..]);
                prop_assert!(Token::parse(other, &renamed).is_none());
            }
        }

        #[test]
        fn a_token_with_one_character_changed_is_none(
            token in tokens(), at in 0..76_usize, to in "[A-Za-z0-9_=+/ .~-]"
        ) {
            let text = token.spell(Kind::Session);
            prop_assume!(text[at..=at] != to);
            let changed = format!("{}{to}{}", &text[..at], &text[at + 1..]);
            prop_assert!(Token::parse(Kind::Session, &changed).is_none());
        }

        #[test]
        fn a_token_that_is_cut_or_grown_is_none(token in tokens(), cut in 0..76_usize, more in "[A-Za-z0-9=]{1,8}") {
            let text = token.spell(Kind::Refresh);
            prop_assert!(Token::parse(Kind::Refresh, &text[..cut]).is_none());
            let grown = format!("{text}{more}");
            prop_assert!(Token::parse(Kind::Refresh, &grown).is_none());
        }

        #[test]
        fn no_text_makes_parsing_panic(text in "(fls_|flr_)?\\PC{0,120}") {
            prop_assert!(Token::parse(Kind::Session, &text).is_none());
            prop_assert!(Token::parse(Kind::Refresh, &text).is_none());
        }
    }
}
