//! Decides who may call, from the headers alone: before the request message is read.

use http::{Extensions, HeaderMap, header::AUTHORIZATION};
use tonic::{Code, Status};

use super::{gate::Shared, methods::Method, status::status};
use crate::policy::CallingService;

/// Where a service of the suite proves itself.
pub(crate) const SERVICE_HEADER: &str = "fairlead-service";

/// Lets a call through by its method's policy row, and leaves who called in the extensions.
///
/// # Errors
/// UNAUTHENTICATED when credentials are missing or wrong, PERMISSION_DENIED when they are good and not enough.
pub(crate) async fn authorise(
    method: &Method,
    shared: &Shared,
    headers: &HeaderMap,
    extensions: &mut Extensions,
) -> Result<(), Status> {
    let who = method.row.who;
    let service = calling_service(shared, headers, &method.name)?;
    let expected = service.as_ref().is_some_and(|CallingService(name)| who.services.contains(&&**name));
    let is_service = service.is_some();
    if who.public || expected {
        if let Some(service) = service {
            extensions.insert(service);
        }
        return Ok(());
    }
    let (true, Some(people)) = (who.knows_people(), &method.people) else {
        // Whoever a token is of, no person may call: it need not be read.
        return Err(if is_service || headers.contains_key(AUTHORIZATION) { denied() } else { missing() });
    };
    let Some(token) = token(headers)? else {
        return Err(if is_service { denied() } else { missing() });
    };
    let person = people.identify(token).await?;
    if !(who.person || who.admin && person.admin) {
        return Err(denied());
    }
    extensions.extend(person.extensions);
    Ok(())
}

/// The service that signed the credential, where there is one.
fn calling_service(
    shared: &Shared,
    headers: &HeaderMap,
    method: &str,
) -> Result<Option<CallingService>, Status> {
    let Some(credential) = headers.get(SERVICE_HEADER) else {
        return Ok(None);
    };
    let verified = credential.to_str().map_err(|_| "not text").and_then(|text| shared.verifier.verify(text));
    verified.map(|name| Some(CallingService(name))).map_err(|reason| {
        shared.meter.credential_refused(reason);
        tracing::warn!(target: "audit", event = "service_credential_refused", method, reason, "service credential refused");
        status(Code::Unauthenticated, "SERVICE_CREDENTIAL_INVALID", "the service credential is not valid")
    })
}

/// The token of an `authorization` header (RFC 6750, section 2.1). None, where the scheme is another, or more follows than
/// one word: of two headers Envoy makes one, with a comma.
#[must_use]
pub fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    let token = token.trim_start_matches(' ');
    let is_one = !token.is_empty() && !token.contains([' ', ',', '\t']);
    (is_one && scheme.eq_ignore_ascii_case("bearer")).then_some(token)
}

/// The bearer token of a request.
fn token(headers: &HeaderMap) -> Result<Option<&str>, Status> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let malformed = || {
        let message = "authorization must be given once, as \"Bearer <session token>\"";
        status(Code::Unauthenticated, "CREDENTIALS_MALFORMED", message)
    };
    if values.next().is_some() {
        return Err(malformed());
    }
    value.to_str().ok().and_then(bearer).map(Some).ok_or_else(malformed)
}

fn missing() -> Status {
    status(Code::Unauthenticated, "CREDENTIALS_MISSING", "the call needs credentials and carries none")
}

fn denied() -> Status {
    status(Code::PermissionDenied, "PERMISSION_DENIED", "the caller may not call this method")
}
