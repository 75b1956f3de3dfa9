//! Page sizes and page tokens (AIP-158).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};

/// The page size where the caller asks for none.
pub const DEFAULT_SIZE: u16 = 50;
/// The largest page; a caller who asks for more gets this.
pub const MAX_SIZE: u16 = 1000;
/// Bytes of the checksum in front of a token.
const CHECK: usize = 8;

/// How many items the page shall have.
///
/// # Errors
/// What is wrong with a negative size.
pub fn size(requested: i32) -> Result<u16, &'static str> {
    match requested {
        ..0 => Err("must not be negative"),
        0 => Ok(DEFAULT_SIZE),
        1.. => Ok(u16::try_from(requested).unwrap_or(MAX_SIZE).min(MAX_SIZE)),
    }
}

/// Where a list goes on, as an opaque text. `scope` is everything that must be the same in the next request, so that a
/// token of another list is noticed. A token grants nothing: it is checked, not trusted.
#[must_use]
pub fn token(scope: &str, cursor: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode([&check(scope, cursor)[..], cursor].concat())
}

/// The cursor of a token made by [`token`] for the same scope.
///
/// # Errors
/// What is wrong with it.
pub fn cursor(scope: &str, token: &str) -> Result<Vec<u8>, &'static str> {
    const WRONG: &str = "must be the next_page_token of the same list, unchanged";
    let mut bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| WRONG)?;
    if bytes.len() < CHECK {
        return Err(WRONG);
    }
    let cursor = bytes.split_off(CHECK);
    if bytes == check(scope, &cursor) { Ok(cursor) } else { Err(WRONG) }
}

fn check(scope: &str, cursor: &[u8]) -> Vec<u8> {
    let digest = digest(&SHA256, &[scope.as_bytes(), &[0], cursor].concat());
    digest.as_ref()[..CHECK].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_follow_aip_158() {
        assert_eq!(size(0), Ok(DEFAULT_SIZE));
        assert_eq!(size(7), Ok(7));
        assert_eq!(size(i32::MAX), Ok(MAX_SIZE));
        assert!(size(-1).is_err());
    }

    #[test]
    fn a_token_is_good_for_its_own_list_only() {
        let token = token("accounts", b"where");

        assert_eq!(cursor("accounts", &token), Ok(b"where".to_vec()));
        assert!(cursor("sessions", &token).is_err());
        assert!(cursor("accounts", &token[1..]).is_err());
        assert!(cursor("accounts", "").is_err());
    }
}
