//! How long a call may take that says so itself.

use std::{future::pending, time::Duration};

use http::{Request, Response};
use tokio::time::Instant;
use tonic::{Code, Status, body::Body};
use tower::{ServiceExt, service_fn};

use super::super::bounded;
use crate::grpc::deadline;

/// How long a peer may take.
const MOST: Duration = Duration::from_secs(5);

#[tokio::test(start_paused = true)]
async fn a_call_may_ask_for_less_time_than_its_peer_has_and_not_for_more() {
    for (asked, allowed) in [(1, Duration::from_secs(1)), (60, MOST)] {
        let hanging = service_fn(|_: Request<Body>| pending::<Result<Response<Body>, Status>>());
        let mut request = Request::new(Body::empty());
        let began = Instant::now();
        deadline::stamp(request.headers_mut(), began + Duration::from_secs(asked));

        let status = bounded(MOST, hanging).oneshot(request).await.unwrap_err();

        assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
        // The timer ticks in milliseconds.
        let took = began.elapsed();
        assert!(took >= allowed && took <= allowed + Duration::from_millis(2), "{took:?}");
    }
}
