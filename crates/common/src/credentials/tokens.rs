//! Tokens of callers that cannot sign. Only their digests are known here: who reads them cannot call with them.

use std::str;

use ring::digest::{SHA256, digest};
use subtle::{Choice, ConstantTimeEq};

use super::keys::MOST_KEYS;

/// The shortest token that is accepted: 128 bits, spelt in hex. What is guessed cannot be told by its digest.
const SHORTEST: usize = 32;

/// The SHA-256 of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// Reads one or two digests, a line each, in hex as `sha256sum` writes it.
    pub(super) fn parse(file: &[u8]) -> Option<Vec<Self>> {
        let lines = str::from_utf8(file).ok()?.lines().filter(|line| !line.trim().is_empty());
        let digests: Option<Vec<Self>> = lines.map(Self::parse_line).collect();
        digests.filter(|digests| (1..=MOST_KEYS).contains(&digests.len()))
    }

    fn parse_line(line: &str) -> Option<Self> {
        // What follows is the name of the file that was hashed.
        let hex = line.split_ascii_whitespace().next().filter(|hex| hex.is_ascii())?;
        let mut bytes = [0; 32];
        if hex.len() != 2 * bytes.len() || hex.contains('+') {
            return None;
        }
        for (byte, at) in bytes.iter_mut().zip((0..hex.len()).step_by(2)) {
            *byte = u8::from_str_radix(&hex[at..at + 2], 16).ok()?;
        }
        Some(Self(bytes))
    }
}

/// Whether the token is one of these, in a time that tells neither which nor where they differ.
pub(super) fn any_is_of(digests: &[TokenDigest], token: &str) -> bool {
    let shown = digest(&SHA256, token.as_bytes());
    let same = digests.iter().map(|known| known.0.ct_eq(shown.as_ref()));
    let any: bool = same.fold(Choice::from(0), |any, same| any | same).into();
    any && token.len() >= SHORTEST
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        config::{Watcher, volume::Volume},
        credentials::{PublicKeys, Verifier},
    };

    const TOKEN: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822c";

    fn line(token: &str) -> String {
        let digest = digest(&SHA256, token.as_bytes());
        digest.as_ref().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
    }

    /// Who knows the edge by what a file says.
    fn verifier(volume: &Volume, watcher: &Watcher) -> Verifier {
        let folder = volume.path("edge.sha256");
        let keys = PublicKeys::follow("peers", folder.parent().unwrap(), vec![], watcher).unwrap();
        Verifier::following(["sessions"], keys)
    }

    #[test]
    fn a_token_names_its_caller_and_nobody_else() {
        let volume = Volume::mount(&[("edge.sha256", &*format!("{}  -\n", line(TOKEN)))]);
        let verifier = verifier(&volume, &Watcher::default());

        assert_eq!(verifier.verify(&format!("edge.{TOKEN}")).as_deref(), Ok("edge"));
        for wrong in [format!("accounts.{TOKEN}"), format!(".{TOKEN}"), "edge.".to_owned(), TOKEN.to_owned()]
        {
            assert!(verifier.verify(&wrong).is_err(), "{wrong}");
        }
        assert!(verifier.verify(&format!("edge.{}", line(TOKEN))).is_err(), "a digest is no token");
    }

    #[tokio::test]
    async fn a_token_is_rotated_with_both_good_in_between() {
        let next = TOKEN.replace('9', "8");
        let good = |verifier: &Verifier, token: &str| verifier.verify(&format!("edge.{token}")).is_ok();
        let mut volume = Volume::mount(&[("edge.sha256", &*line(TOKEN))]);
        let watcher = Watcher::default();
        let verifier = verifier(&volume, &watcher);

        volume.swap(&[("edge.sha256", &*format!("{}\n{}\n", line(TOKEN), line(&next)))]);
        watcher.look().await;
        let both = [good(&verifier, TOKEN), good(&verifier, &next)];
        volume.swap(&[("edge.sha256", &*line(&next))]);
        watcher.look().await;
        let after = [good(&verifier, TOKEN), good(&verifier, &next)];
        volume.swap(&[("edge.sha256", "no digest")]);
        watcher.look().await;

        assert_eq!((both, after), ([true, true], [false, true]));
        assert!(good(&verifier, &next), "what cannot be read leaves the old one good");
    }

    #[test]
    fn a_token_that_can_be_guessed_is_refused() {
        let short = &TOKEN[..SHORTEST - 1];

        assert!(!any_is_of(&TokenDigest::parse(line(short).as_bytes()).unwrap(), short));
    }

    #[test]
    fn what_is_no_digest_is_refused() {
        let one = line(TOKEN);
        for wrong in
            ["", "\n", &one[1..], &one.replace('9', "g"), &format!("+{}", &one[1..]), &[&*one; 3].join("\n")]
        {
            assert!(TokenDigest::parse(wrong.as_bytes()).is_none(), "{wrong:?}");
        }
        assert!(TokenDigest::parse(&[0xff; 64]).is_none());
    }

    proptest! {
        #[test]
        fn no_other_token_is_good(at in 0..TOKEN.len(), to in any::<char>(), cut in 0..TOKEN.len()) {
            let digests = TokenDigest::parse(line(TOKEN).as_bytes()).unwrap();
            let changed = format!("{}{to}{}", &TOKEN[..at], &TOKEN[at + 1..]);

            prop_assert!(any_is_of(&digests, TOKEN));
            prop_assert!(changed == TOKEN || !any_is_of(&digests, &changed));
            prop_assert!(!any_is_of(&digests, &TOKEN[..cut]));
        }
    }
}
