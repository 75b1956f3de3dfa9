//! Tokens for browsers: in cookies, and not in the answer.

use proto::sessions::v1 as pb;
use tonic::{
    Request, Response, Status,
    metadata::{Ascii, MetadataMap, MetadataValue},
};

use crate::{
    cookies::{self, Cookies},
    edge::Edge,
    error::Error,
    keeper::Issued,
    wire,
};

/// How the caller wants its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Browser {
    /// As cookies. It shows a page of a listed origin.
    Cookies,
    /// In messages: it is no browser, or keeps them by itself.
    Messages,
}

impl Browser {
    /// Reads the wish. Whoever has a browser keep its tokens says which page asks for it: otherwise any page could sign
    /// somebody in to an account of its own.
    ///
    /// # Errors
    /// [`Error::OriginUnlisted`].
    pub(super) fn of<T>(request: &Request<T>, cookie: bool, edge: &Edge) -> Result<Self, Error> {
        if !cookie {
            return Ok(Self::Messages);
        }
        let mut origins = request.metadata().get_all("origin").iter();
        let origin = origins.next().filter(|_| origins.next().is_none());
        edge.admit(origin.and_then(|origin| origin.to_str().ok()))?;
        Ok(Self::Cookies)
    }

    /// The refresh token, from where this caller keeps it.
    ///
    /// # Errors
    /// What is wrong with the field, or that there is not one such cookie.
    pub(super) fn refresh_token(self, metadata: &MetadataMap, field: String) -> Result<String, Status> {
        match self {
            Self::Messages => wire::only("refresh_token", wire::token(&field)).map(|()| field),
            Self::Cookies => {
                wire::only("refresh_token", wire::empty_with_cookie(&field))?;
                let headers: Result<Vec<&str>, _> =
                    metadata.get_all("cookie").iter().map(MetadataValue::to_str).collect();
                let headers = headers.map_err(|_| Error::CredentialsMalformed)?;
                let token = Cookies::read(headers)?.refresh.ok_or(Error::CredentialsMissing)?;
                Ok(token.to_owned())
            }
        }
    }

    /// Answers with a session and its tokens, handed over as this caller wants them.
    pub(super) fn hand<T>(
        self,
        issued: Issued,
        answer: impl FnOnce(Option<pb::Session>, Option<pb::Tokens>) -> T,
    ) -> Response<T> {
        let cookies = cookies::handed(&issued);
        let (session, mut tokens) = wire::issued(issued);
        match self {
            Self::Messages => Response::new(answer(Some(session), Some(tokens))),
            Self::Cookies => {
                tokens.session_token.clear();
                tokens.refresh_token.clear();
                with(Response::new(answer(Some(session), Some(tokens))), cookies)
            }
        }
    }

    /// Answers, and takes the tokens away from a browser.
    pub(super) fn take_away<T>(self, answer: T) -> Response<T> {
        match self {
            Self::Messages => Response::new(answer),
            Self::Cookies => with(Response::new(answer), cookies::taken()),
        }
    }
}

/// The answer with these cookies: metadata that the edge sends on as headers.
fn with<T>(mut response: Response<T>, cookies: [String; 2]) -> Response<T> {
    for cookie in cookies {
        let value: MetadataValue<Ascii> = cookie.parse().expect("a cookie of ours is plain text");
        response.metadata_mut().append("set-cookie", value);
    }
    response
}
