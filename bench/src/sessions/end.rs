//! How long after its end was acknowledged at one replica a session is refused at another, and at a service.

use std::time::{Duration, Instant};

use proto::{
    accounts::v1::{GetAccountRequest, accounts_service_client::AccountsServiceClient},
    sessions::v1::RevokeSessionRequest,
};
use sessions::Filled;
use testkit::Server;
use tonic::{Code, Request, Status};

use super::{client, signed_in, until_near, validation};
use crate::{house::House, rounds::percentile, table::Table, verdict::Verdicts};

const SESSIONS: usize = 300;
const MEDIAN: f64 = 5.0;
const P99: f64 = 50.0;
/// What may not be exceeded under any partition, let alone without one.
const BOUND: Duration = Duration::from_secs(2);

pub(super) async fn ask(verdicts: &mut Verdicts) {
    let house = House::build().await;
    let servers = [house.another("sessions"), house.first("sessions"), house.first("accounts")];
    for server in &servers {
        server.ready().await;
    }
    let [first, replica, accounts] = &servers;
    let (mut at_replica, mut at_accounts) = (Vec::new(), Vec::new());
    for person in signed_in(house.redis(), SESSIONS).await {
        let used_there = async || validate(replica, &person).await;
        let used_at_accounts = async || get_account(accounts, &person).await;
        until_near(replica, &used_there).await;
        until_near(accounts, &used_at_accounts).await;
        let acknowledged = revoke(first, &person).await;
        let (there, by_guard) =
            tokio::join!(refused(acknowledged, &used_there), refused(acknowledged, &used_at_accounts));
        at_replica.push(there);
        at_accounts.push(by_guard);
    }

    let mut table = Table::new(
        format!("from the acknowledgement of an end to the first refusal elsewhere, {SESSIONS} sessions"),
        &["", "median", "99 % within", "slowest"],
    );
    let places = [("another replica of sessions", at_replica), ("guard, at accounts", at_accounts)];
    for (place, times) in &places {
        let cells = [50, 99, 100].map(|it| format!("{:.2} ms", percentile(times.iter().copied(), it)));
        table.line([(*place).to_owned()].into_iter().chain(cells));
    }
    table.print();
    for (place, times) in places {
        let [median, slow] = [50, 99].map(|it| percentile(times.iter().copied(), it));
        let aim = format!("{place}: refused after {median:.2} ms in the median, under {MEDIAN}");
        verdicts.judge(median < MEDIAN, aim);
        verdicts.judge(slow < P99, format!("{place}: 99 % refused within {slow:.2} ms, under {P99}"));
    }
}

/// Uses a session until it is refused; tells how many milliseconds after its end was acknowledged that was known.
async fn refused(acknowledged: Instant, used: impl AsyncFn() -> Result<(), Status>) -> f64 {
    loop {
        match used().await {
            Ok(()) => assert!(acknowledged.elapsed() < BOUND, "an ended session is still used"),
            Err(status) => {
                assert_eq!(status.code(), Code::Unauthenticated, "{status:?}");
                return acknowledged.elapsed().as_secs_f64() * 1e3;
            }
        }
    }
}

async fn validate(server: &Server, Filled { session_token, .. }: &Filled) -> Result<(), Status> {
    client(server).validate_session(validation(session_token)).await.map(drop)
}

/// Asks for the own account, which is not there: nobody signed up. To be told so, one must be somebody.
async fn get_account(server: &Server, person: &Filled) -> Result<(), Status> {
    let request = GetAccountRequest { account_id: person.account_id.to_string() };
    let answer = AccountsServiceClient::new(server.channel()).get_account(bearer(person, request)).await;
    match answer {
        Err(status) if status.code() == Code::NotFound => Ok(()),
        other => other.map(drop),
    }
}

async fn revoke(server: &Server, person: &Filled) -> Instant {
    let session_id = person.session_id.to_string();
    let request = RevokeSessionRequest { session_id, ..RevokeSessionRequest::default() };
    client(server).revoke_session(bearer(person, request)).await.expect("the session can be ended");
    Instant::now()
}

fn bearer<T>(Filled { session_token, .. }: &Filled, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let bearer = format!("Bearer {session_token}").parse().expect("a token is ASCII");
    request.metadata_mut().insert("authorization", bearer);
    request
}
