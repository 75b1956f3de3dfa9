//! What may pass the edge, and as whom.

mod config;

use std::sync::Arc;

use common::grpc::bearer;

pub(crate) use config::Config;

use crate::{cookies::Cookies, error::Error, prover::Prover, session::Session};

/// What a request shows of itself.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Shown<'a> {
    pub(crate) method: &'a str,
    pub(crate) origin: Option<&'a str>,
    pub(crate) authorization: Option<&'a str>,
    pub(crate) cookie: Option<&'a str>,
}

/// What the edge says about the route that the request takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Route {
    /// Lets those pass, too, who prove nothing.
    pub(crate) optional: bool,
    /// Renews sessions: the refresh token's cookie goes on.
    pub(crate) renews: bool,
}

/// How a request goes on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Pass {
    /// Whose it is; nobody's in particular where the route allows that.
    pub(crate) session: Option<Arc<Session>>,
    /// What proved it, where that was a cookie: services take only a bearer token.
    pub(crate) token: Option<String>,
    /// The cookies that go on, where they are other than those that came.
    pub(crate) cookies: Rest,
}

/// What becomes of the `cookie` header.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    /// It goes on as it came.
    Same,
    /// It goes on like this.
    Changed(String),
    /// It does not go on.
    Nothing,
}

/// Decides who may pass.
#[derive(Clone)]
pub(crate) struct Edge {
    pub(crate) prover: Prover,
    pub(crate) browsers: Arc<Config>,
}

impl Edge {
    /// Finds out whose request it is.
    ///
    /// # Errors
    /// What is wrong with its credentials; [`Error::OriginUnlisted`] when a page that is not listed acts by somebody's
    /// cookies; or why that cannot be found out.
    pub(crate) async fn check(&self, shown: Shown<'_>, route: Route) -> Result<Pass, Error> {
        let cookies = Cookies::read(shown.cookie)?;
        let bearer = shown
            .authorization
            .map(|header| bearer(header).ok_or(Error::CredentialsMalformed))
            .transpose()?;
        // A page can make a browser send cookies, but no authorization.
        if bearer.is_none() && cookies.any_of_ours() && !is_safe(shown.method) {
            self.admit(shown.origin)?;
        }
        let token = bearer.or(cookies.session);
        let session = match token {
            Some(token) => self.prove(token, route).await?,
            None if route.optional => None,
            None => return Err(Error::CredentialsMissing),
        };
        let from_cookie = token.filter(|_| session.is_some() && bearer.is_none());
        Ok(Pass {
            session,
            token: from_cookie.map(str::to_owned),
            cookies: rest(&cookies, route.renews && bearer.is_none()),
        })
    }

    /// Refuses a browser that does not say that a page of a listed origin makes the request.
    ///
    /// # Errors
    /// [`Error::OriginUnlisted`].
    pub(crate) fn admit(&self, origin: Option<&str>) -> Result<(), Error> {
        if self.browsers.lists(origin) {
            return Ok(());
        }
        // Longer ones are nobody's, and not worth their room in a log.
        let origin = origin.filter(|origin| origin.len() <= 256);
        tracing::info!(target: "audit", event = "origin_refused", origin, "a page of another origin was refused");
        Err(Error::OriginUnlisted)
    }

    async fn prove(&self, token: &str, route: Route) -> Result<Option<Arc<Session>>, Error> {
        match self.prover.validate(token).await {
            Ok(hit) => Ok(Some(hit.proof)),
            // Who signs in again, or renews, shows what has ended.
            Err(Error::SessionInvalid) if route.optional => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Whether a method changes nothing (RFC 9110, section 9.2.1).
fn is_safe(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS")
}

fn rest(cookies: &Cookies<'_>, refresh_wanted: bool) -> Rest {
    if cookies.all_pass() {
        return Rest::Same;
    }
    cookies.passed_on(refresh_wanted).map_or(Rest::Nothing, Rest::Changed)
}
