//! What Envoy asks before a request passes the edge.

#[cfg(test)]
mod tests;

use common::grpc::status;
use proto::envoy::service::auth::v3::{
    CheckRequest, CheckResponse, attribute_context::HttpRequest, authorization_server::Authorization,
};
use tonic::{Code, Request, Response, Status};

use crate::{
    edge::{Edge, Shown},
    wire::check,
};

/// The handler.
pub(crate) struct Check(pub(crate) Edge);

#[tonic::async_trait]
impl Authorization for Check {
    /// A refusal is an answer; an error says that it could not be found out, and Envoy answers 503.
    async fn check(&self, request: Request<CheckRequest>) -> Result<Response<CheckResponse>, Status> {
        let (route, http) = check::asked(request.into_inner()).map_err(|wrong| misconfigured(&wrong))?;
        let grpc = http.headers.get("content-type").is_some_and(|it| check::is_grpc(it));
        let answer = match self.0.check(shown(&http), route).await.map_err(Status::from) {
            Ok(pass) => check::passed(pass),
            Err(refused) => check::refused(refused, grpc)?,
        };
        Ok(Response::new(answer))
    }
}

fn shown(http: &HttpRequest) -> Shown<'_> {
    let header = |name: &str| http.headers.get(name).map(String::as_str);
    Shown {
        method: &http.method,
        origin: header("origin"),
        authorization: header("authorization"),
        cookie: header("cookie"),
    }
}

/// Envoy is not set up as it should be. Nothing passes until it is.
fn misconfigured(wrong: &str) -> Status {
    tracing::error!(wrong, "envoy asks in a way that cannot be answered");
    status::status(Code::InvalidArgument, "EDGE_MISCONFIGURED", wrong)
}
