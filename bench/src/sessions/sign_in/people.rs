//! People who sign in, one after the other at each of a few doors.

use std::{
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::{Duration, Instant},
};

use proto::{
    accounts::v1::{Account, CreateAccountRequest, accounts_service_client::AccountsServiceClient},
    sessions::v1::{CreateSessionRequest, sessions_service_client::SessionsServiceClient},
};
use testkit::Server;
use tokio::task::JoinSet;
use tonic::transport::Channel;

/// More than sign in at once: nobody has a sign-in under way twice.
const PEOPLE: usize = 32;
const PASSWORD: &str = "a long walk along the quay";

/// Those who have an account.
pub(super) struct People {
    next: AtomicUsize,
}

impl People {
    /// Makes accounts, one after the other.
    pub(super) async fn sign_up(accounts: &Server) -> Self {
        for number in 0..PEOPLE {
            let request = CreateAccountRequest {
                account: Some(Account { email: email(number), ..Account::default() }),
                password: PASSWORD.to_owned(),
                ..CreateAccountRequest::default()
            };
            let mut client = AccountsServiceClient::new(accounts.channel());
            client.create_account(request).await.expect("an address that nobody has");
        }
        Self { next: AtomicUsize::default() }
    }

    /// How many sign in a second, while twice as many try as can be hashed: while one is hashed, the next arrives.
    pub(super) async fn rate(&self, sessions: &Server, permits: usize, time: Duration) -> f64 {
        let channel = sessions.channel();
        let (began, mut under_way, mut count) = (Instant::now(), JoinSet::new(), 0.0);
        let one = |next: &AtomicUsize| sign_in(channel.clone(), next.fetch_add(1, Relaxed) % PEOPLE);
        for _ in 0..permits * 2 {
            under_way.spawn(one(&self.next));
        }
        // Those who are under way at the end are not waited for, as those who were at the beginning.
        while let Some(signed_in) = under_way.join_next().await {
            signed_in.expect("a sign-in succeeds");
            count += 1.0;
            if began.elapsed() >= time {
                break;
            }
            under_way.spawn(one(&self.next));
        }
        let rate = count / began.elapsed().as_secs_f64();
        while let Some(signed_in) = under_way.join_next().await {
            signed_in.expect("a sign-in succeeds");
        }
        rate
    }
}

/// Signs somebody in; tells the session token.
pub(super) async fn sign_in(channel: Channel, number: usize) -> String {
    let request = CreateSessionRequest {
        email: email(number),
        password: PASSWORD.to_owned(),
        ..CreateSessionRequest::default()
    };
    let mut client = SessionsServiceClient::new(channel);
    let signed_in = client.create_session(request).await.expect("the password is right").into_inner();
    signed_in.tokens.expect("a session has tokens").session_token
}

fn email(number: usize) -> String {
    format!("person-{number}@example.com")
}
