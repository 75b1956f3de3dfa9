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
    /// Whether one is among neither.
    withheld: bool,
}

impl<'a> Cookies<'a> {
    /// Reads all `cookie` headers. Another cookie in which somebody else could find one of ours is neither believed nor
    /// passed on.
    ///
    /// # Errors
    /// [`Error::CredentialsMalformed`] when one of ours comes twice, or under a name that somebody else could take for
    /// ours: which one is meant is not for us to guess. No other host can set a cookie of such a name.
    pub(crate) fn read(headers: impl IntoIterator<Item = &'a str>) -> Result<Self, Error> {
        let mut cookies = Self::default();
        for pair in headers.into_iter().flat_map(|header| header.split(';')) {
            let pair = pair.trim_matches([' ', '\t']);
            let (named, value) = pair.split_once('=').unwrap_or(("", pair));
            let ours = if named == name(Kind::Session) {
                &mut cookies.session
            } else if named == name(Kind::Refresh) {
                &mut cookies.refresh
            } else if begins_as_ours(pair) {
                return Err(Error::CredentialsMalformed);
            } else if holds_ours(pair) {
                cookies.withheld = true;
                continue;
            } else {
                cookies.others.extend((!pair.is_empty()).then_some(pair));
                continue;
            };
            if holds_ours(value) || ours.replace(value).is_some() {
                return Err(Error::CredentialsMalformed);
            }
        }
        Ok(cookies)
    }

    /// Whether one of ours is among them.
    pub(crate) fn any_of_ours(&self) -> bool {
        self.session.is_some() || self.refresh.is_some()
    }

    /// Whether all of them may go on as they came.
    pub(crate) fn all_pass(&self) -> bool {
        !self.any_of_ours() && !self.withheld
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

fn begins_as_ours(text: &str) -> bool {
    text.get(..PREFIX.len()).is_some_and(|prefix| prefix.eq_ignore_ascii_case(PREFIX))
}

/// Whether this begins as one of ours, or goes on so behind a comma: of two headers Envoy makes one, with a comma, and
/// passes on two. Any host of the site may set a cookie with such a value, which must keep nobody out.
fn holds_ours(text: &str) -> bool {
    text.split(',').any(|part| begins_as_ours(part.trim_start_matches([' ', '\t'])))
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
    fn what_comes_twice_or_is_named_nearly_as_ours_is_refused() {
        for wrong in [
            &["__Host-fairlead-session=x; __Host-fairlead-session=x"][..],
            &["__Host-fairlead-refresh=x", "__Host-fairlead-refresh=y"],
            &["__Host-fairlead-session=x,__Host-fairlead-session=x"],
            &["__host-fairlead-session=x"],
            &["__Host-fairlead-session"],
            &["__Host-fairlead-session =x"],
            &["__Host-fairlead-session=__host-fairlead-session=x"],
            &["__Host-fairlead-session=x, __Host-fairlead-refresh=y"],
            &["__Host-fairlead-other=x"],
        ] {
            let refused = Cookies::read(wrong.iter().copied());
            assert!(matches!(refused, Err(Error::CredentialsMalformed)), "{wrong:?}");
        }
    }

    #[test]
    fn what_holds_one_of_ours_is_neither_believed_nor_passed_on() {
        for other in [
            "a=b,__Host-fairlead-session=x",
            "a=b, \t__host-FAIRLEAD-session=x",
            "a=b,c,__Host-fairlead-",
            "bare,__Host-fairlead-session=x",
            ",__Host-fairlead-refresh=x",
        ] {
            let header = format!("{other}; theme=dark; __Host-fairlead-refresh=flr_x");

            let alone = Cookies::read([other]).unwrap();
            let among = Cookies::read([&*header]).unwrap();

            assert!(!alone.any_of_ours() && !alone.all_pass(), "{other}");
            assert_eq!(alone.passed_on(true), None);
            assert_eq!((among.session, among.refresh), (None, Some("flr_x")), "{header}");
            assert_eq!(among.passed_on(false).as_deref(), Some("theme=dark"));
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
                let cut = |text: &str, at: &[char]| text.split(at).filter(|it| it.trim().starts_with(PREFIX)).count();
                // However somebody behind the edge may cut it into cookies.
                prop_assert_eq!(cut(&left, &[';', ',']), 0, "{:?} leaves {:?}", header, left);
                prop_assert!(!cookies.all_pass() || cut(&header, &[';', ',']) == 0, "{:?} passes", header);
                let ours = usize::from(cookies.session.is_some()) + usize::from(cookies.refresh.is_some());
                prop_assert_eq!(cut(&header, &[';']), ours, "{:?}", header);
            }
        }

        #[test]
        fn no_value_of_another_cookie_keeps_anybody_out(value in "([a-zA-Z0-9 ,=_-]|__Host-fairlead-session=){0,6}") {
            let header = format!("x={value}; __Host-fairlead-session=fls_x");

            let cookies = Cookies::read([&*header]);

            prop_assert_eq!(cookies.map(|cookies| cookies.session).ok(), Some(Some("fls_x")));
        }
    }
}
