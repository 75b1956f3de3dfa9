//! Tokens as cookies, for browsers: how they are spelt, and how they come back.
//!
//! `__Host-` binds a cookie to this very host, over TLS and for every path: no sibling host can plant one. So the refresh
//! token cannot be kept to one path; the edge keeps it from every request but a renewal instead.

use std::time::Duration;

use crate::{error::Error, keeper::Issued, token::Kind};

/// What the names of all our cookies begin with.
const PREFIX: &str = "__Host-fairlead-";

/// The name of the cookie with a token.
const fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Session => "__Host-fairlead-session",
        Kind::Refresh => "__Host-fairlead-refresh",
    }
}

/// A `set-cookie` value. A link from elsewhere shows the session token, so that who is signed in stays so; a refresh
/// token is shown by our own pages only.
fn spell(kind: Kind, token: &str, life: Duration) -> String {
    let (name, seconds) = (name(kind), life.as_secs());
    let same_site = match kind {
        Kind::Session => "Lax",
        Kind::Refresh => "Strict",
    };
    format!("{name}={token}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite={same_site}")
}

/// The `set-cookie` values that hand new tokens over.
pub(crate) fn handed(issued: &Issued) -> [String; 2] {
    let record = &issued.session.record;
    [
        spell(Kind::Session, &issued.session_token, record.token_end.since(record.used)),
        spell(Kind::Refresh, &issued.refresh_token, record.end().since(record.used)),
    ]
}

/// The `set-cookie` values that take both tokens away.
pub(crate) fn taken() -> [String; 2] {
    [Kind::Session, Kind::Refresh].map(|kind| spell(kind, "", Duration::ZERO))
}

/// The cookies of a request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Cookies<'a> {
    pub(crate) session: Option<&'a str>,
    pub(crate) refresh: Option<&'a str>,
    /// Those that are not ours, as they came.
    others: Vec<&'a str>,
}

impl<'a> Cookies<'a> {
    /// Reads all `cookie` headers.
    ///
    /// # Errors
    /// [`Error::CredentialsMalformed`] when one of ours comes twice, or in a spelling that somebody else could take for
    /// ours: which one is meant is not for us to guess.
    pub(crate) fn read(headers: impl IntoIterator<Item = &'a str>) -> Result<Self, Error> {
        let mut cookies = Self::default();
        for pair in headers.into_iter().flat_map(|header| header.split(';')) {
            let pair = pair.trim_matches([' ', '\t']);
            let (named, value) = pair.split_once('=').unwrap_or(("", pair));
            let (ours, rest) = if named == name(Kind::Session) {
                (Some(&mut cookies.session), value)
            } else if named == name(Kind::Refresh) {
                (Some(&mut cookies.refresh), value)
            } else {
                (None, pair)
            };
            if looks_like_ours(rest) {
                return Err(Error::CredentialsMalformed);
            }
            let Some(ours) = ours else {
                cookies.others.extend((!pair.is_empty()).then_some(pair));
                continue;
            };
            if ours.replace(value).is_some() {
                return Err(Error::CredentialsMalformed);
            }
        }
        Ok(cookies)
    }

    /// Whether one of ours is among them.
    pub(crate) fn any_of_ours(&self) -> bool {
        self.session.is_some() || self.refresh.is_some()
    }

    /// The header that goes on, without the session token, and without the refresh token unless it is wanted there; none
    /// when nothing is left.
    pub(crate) fn passed_on(&self, refresh_wanted: bool) -> Option<String> {
        let refresh = self.refresh.filter(|_| refresh_wanted);
        let refresh = refresh.map(|token| format!("{}={token}", name(Kind::Refresh)));
        let left: Vec<&str> = self.others.iter().copied().chain(refresh.as_deref()).collect();
        (!left.is_empty()).then(|| left.join("; "))
    }
}

/// Whether this begins as one of ours, or goes on so behind a comma: of two headers Envoy makes one, with a comma.
/// Anywhere else in a value it is nobody's cookie: any host of the site may set such a value, and must keep nobody out.
fn looks_like_ours(text: &str) -> bool {
    let prefixes = text.split(',').map(|part| part.trim_start_matches([' ', '\t']).get(..PREFIX.len()));
    prefixes.flatten().any(|prefix| prefix.eq_ignore_ascii_case(PREFIX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cookie_is_for_this_host_alone_and_for_no_script() {
        let spelt = spell(Kind::Session, "fls_x", Duration::from_millis(1_999));

        assert_eq!(spelt, "__Host-fairlead-session=fls_x; Path=/; Max-Age=1; Secure; HttpOnly; SameSite=Lax");
        for taken in taken() {
            assert!(taken.contains("=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite="), "{taken}");
        }
    }

    #[test]
    fn ours_are_told_from_others_and_only_others_go_on() {
        let header =
            "theme=dark;__Host-fairlead-session=fls_x ;  __Host-fairlead-refresh=flr_y; a=b=c; ;bare";

        let cookies = Cookies::read([header]).unwrap();

        assert_eq!((cookies.session, cookies.refresh), (Some("fls_x"), Some("flr_y")));
        assert_eq!(cookies.passed_on(false).as_deref(), Some("theme=dark; a=b=c; bare"));
        let renewing = cookies.passed_on(true).unwrap();
        assert_eq!(renewing, "theme=dark; a=b=c; bare; __Host-fairlead-refresh=flr_y");
        assert_eq!(Cookies::read(["__Host-fairlead-session=x"]).unwrap().passed_on(true), None);
    }

    #[test]
    fn what_comes_twice_or_only_looks_like_ours_is_refused() {
        for wrong in [
            &["__Host-fairlead-session=x; __Host-fairlead-session=x"][..],
            &["__Host-fairlead-refresh=x", "__Host-fairlead-refresh=y"],
            &["a=b,__Host-fairlead-session=x"],
            &["__Host-fairlead-session=x,__Host-fairlead-session=x"],
            &["__host-fairlead-session=x"],
            &["__Host-fairlead-session"],
            &["__Host-fairlead-session =x"],
            &["a=b, \t__host-FAIRLEAD-session=x"],
            &["a=b,c,__Host-fairlead-"],
            &["__Host-fairlead-session=x, __Host-fairlead-refresh=y"],
            &["__Host-fairlead-other=x"],
            &["bare,__Host-fairlead-session=x"],
        ] {
            let refused = Cookies::read(wrong.iter().copied());
            assert!(matches!(refused, Err(Error::CredentialsMalformed)), "{wrong:?}");
        }
    }

    #[test]
    fn a_value_that_only_speaks_of_ours_is_anybodys() {
        for other in [
            "x=__Host-fairlead-session=y",
            "x=y __Host-fairlead-session=z",
            "x=a,b__Host-fairlead-session=y",
            "x=\"__Host-fairlead-refresh=y\"",
            "x__Host-fairlead-session=y",
            "x,y",
        ] {
            let header = format!("{other}; __Host-fairlead-session=fls_x");

            let cookies = Cookies::read([&*header]).unwrap();

            assert_eq!((cookies.session, cookies.refresh), (Some("fls_x"), None), "{header}");
            assert_eq!(cookies.passed_on(false).as_deref(), Some(other));
        }
    }

    proptest! {
        #[test]
        fn nothing_of_ours_is_ever_passed_on(
            parts in proptest::collection::vec(
                prop_oneof![
                    "__Host-fairlead-(session|refresh)=[ -~]{0,4}",
                    "[a-z]{0,2}[=, ]{0,3}__Host-fairlead-(session|refresh)=[ -~]{0,4}",
                    "[ -~]{0,30}",
                    "\\PC{0,12}",
                    Just("__Host-fairlead-session".to_owned()),
                ],
                0..6,
            ),
            separator in prop_oneof![Just(";"), Just("; "), Just(","), Just("\t; ")],
        ) {
            let header = parts.join(separator);

            if let Ok(cookies) = Cookies::read([&*header]) {
                let left = cookies.passed_on(false).unwrap_or_default();
                // However somebody behind the edge may cut it into cookies.
                let cut = |text: &str| text.split([';', ',']).filter(|it| it.trim().starts_with(PREFIX)).count();
                prop_assert_eq!(cut(&left), 0, "{:?} leaves {:?}", header, left);
                let ours = usize::from(cookies.session.is_some()) + usize::from(cookies.refresh.is_some());
                prop_assert_eq!(cut(&header), ours, "{:?}", header);
            }
        }

        #[test]
        fn no_value_of_another_cookie_keeps_anybody_out(value in "([a-zA-Z0-9 =_-]|__Host-fairlead-session=){0,6}") {
            let header = format!("x={value}; __Host-fairlead-session=fls_x");

            let cookies = Cookies::read([&*header]);

            prop_assert_eq!(cookies.map(|cookies| cookies.session).ok(), Some(Some("fls_x")));
        }
    }
}
