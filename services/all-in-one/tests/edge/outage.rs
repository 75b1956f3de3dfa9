//! Who cannot be asked about is not let in, and is not told to sign in again.

use std::time::Duration;

use testkit::Signal;
use tokio::time::{Instant, sleep};
use tonic::Code;

use crate::{grpc::channel, house::own};

#[test]
#[ignore = "needs Envoy: make edge"]
fn an_outage_is_told_from_a_refusal() {
    own(async |house| {
        let guest = house.guest("max@example.com").await;
        let bearer = guest.bearer();
        let headers = [("authorization", &*bearer)];
        let ask = async || house.send("GET", &guest.path(), &headers).await.status;
        assert_eq!(ask().await, 200);

        house.redis.stop().await;
        // Until the lease of what sessions keep near has ended.
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            match ask().await {
                503 => break,
                200 => assert!(Instant::now() < deadline, "let in without Redis"),
                status => panic!("{status}: an outage signs nobody out"),
            }
            sleep(Duration::from_millis(20)).await;
        }
        // Where somebody may be nobody, too, it is still not known whether they are.
        let cookie = format!("__Host-fairlead-session={}", guest.token);
        let maybe = async |headers: &[(&str, &str)]| house.send("GET", "/maybe/page", headers).await.status;
        let shown = [maybe(&[("cookie", &cookie)]).await, maybe(&headers).await];
        assert_eq!((shown, maybe(&[]).await), ([503, 503], 200));
        house.sessions.binary.signal(Signal::KILL);

        for _ in 0..20 {
            assert_eq!(ask().await, 503);
        }
        let app = house.send("GET", "/app/page", &headers).await.status;
        let anybody = house.send("POST", "/v1/sessions", &[]).await.status;
        let grpc = accounts_client(&house, &guest.account_id, &bearer).await;
        assert_eq!((app, anybody, grpc), (503, 503, Code::Unavailable));
    });
}

async fn accounts_client(house: &crate::house::House, account_id: &str, bearer: &str) -> Code {
    let mut client =
        proto::accounts::v1::accounts_service_client::AccountsServiceClient::new(channel(house).await);
    let message = proto::accounts::v1::GetAccountRequest { account_id: account_id.to_owned() };
    let mut request = tonic::Request::new(message);
    request.metadata_mut().insert("authorization", bearer.parse().unwrap());
    client.get_account(request).await.unwrap_err().code()
}
