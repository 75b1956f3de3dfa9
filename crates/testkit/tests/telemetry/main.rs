//! What real processes tell of themselves: their traces, and nothing that is nobody's business.

mod audit;
mod boards;
mod canaries;
mod collector;
mod fields;
mod house;
mod manual;
mod metrics;
mod promql;
mod sign_in;
mod stores;
mod told;

/// A `traceparent` whose caller wants the call traced.
const TRACED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
/// Its trace, and its caller's span.
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";

/// A call with these headers.
fn with<T>(message: T, headers: &[(&'static str, &str)]) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    for (name, value) in headers {
        request.metadata_mut().insert(*name, value.parse().unwrap());
    }
    request
}
