//! Whose session has ended uploads no more.

use std::time::Duration;

use proto::sessions::v1::RevokeAccountSessionsRequest;
use testkit::Server;
use tokio::time::{Instant, sleep};
use tonic::Code;

use super::{client::Uploader, harbour::Harbour};

/// How long after it was acknowledged an end may be unknown to uploads.
const BOUND: Duration = Duration::from_secs(2);
/// Long enough for anything that is going to happen, on a busy machine too.
const WITHIN: Duration = Duration::from_secs(60);

async fn hits(replica: &Server) -> f64 {
    let hits = [("outcome", "hit")];
    replica.metrics().await.sum("fairlead_near_cache_lookups_total", &hits).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_was_ended_is_refused_within_two_seconds() {
    let harbour = Harbour::open().await;
    let replica = harbour.replica(&[]).await;
    let guest = harbour.house.guest("ada@example.com").await;
    let ada = Uploader::at(replica.channel(), guest.token());
    let id = ada.create(1).await.upload_id;
    // Until it is known near, which takes that its ends are heard.
    let deadline = Instant::now() + WITHIN;
    while hits(&replica).await == 0.0 {
        ada.get(&id).await.unwrap();
        assert!(Instant::now() < deadline, "nothing is kept");
        sleep(Duration::from_millis(20)).await;
    }

    let account_id = guest.account.account_id.clone();
    let all = RevokeAccountSessionsRequest { account_id, ..RevokeAccountSessionsRequest::default() };
    harbour.house.sessions().revoke_account_sessions(guest.says(all)).await.unwrap();
    let acknowledged = Instant::now();

    loop {
        let began = Instant::now();
        match ada.get(&id).await {
            Ok(_) => assert!(began <= acknowledged + BOUND, "used {:?} after its end", began - acknowledged),
            Err(status) => {
                assert_eq!(status.code(), Code::Unauthenticated, "{status:?}");
                return;
            }
        }
    }
}
