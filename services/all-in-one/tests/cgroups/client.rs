//! A client that behaves, and what it is answered.

use std::{sync::Arc, time::Duration};

use proto::sessions::v1::{ValidateSessionRequest, sessions_service_client::SessionsServiceClient};
use tokio::{
    sync::Notify,
    time::{Instant, interval},
};
use tonic::{Code, Request, Status, transport::Channel};
use tonic_types::StatusExt;

use crate::door::Door;

/// How long it lets a call take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks again and again whether its session is valid, over one connection.
pub(crate) struct Client {
    sessions: SessionsServiceClient<Channel>,
    token: String,
}

/// What it was answered.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    pub(crate) served: usize,
    /// Told when to come again.
    pub(crate) refused: usize,
    /// Anything else.
    pub(crate) wrong: Vec<String>,
    pub(crate) slowest: Duration,
}

impl Client {
    pub(crate) fn new(sessions: SessionsServiceClient<Channel>, token: String) -> Self {
        Self { sessions, token }
    }

    /// Calls twenty times a second until it is told to stop.
    pub(crate) async fn call_until(mut self, stop: Arc<Notify>) -> Answers {
        let mut answers = Answers::default();
        let mut turns = interval(Duration::from_millis(50));
        loop {
            tokio::select! {
                () = stop.notified() => return answers,
                _ = turns.tick() => {}
            }
            self.call(&mut answers).await;
        }
    }

    async fn call(&mut self, answers: &mut Answers) {
        let mut request = Request::new(ValidateSessionRequest { session_token: self.token.clone() });
        request.set_timeout(PATIENCE);
        let began = Instant::now();
        let answer = self.sessions.validate_session(request).await;
        answers.slowest = answers.slowest.max(began.elapsed());
        answers.count(answer.map(drop));
    }
}

/// Comes anew for each call, twice a second, until it is told to stop.
pub(crate) async fn come_anew_until(door: Door, token: String, stop: Arc<Notify>) -> Answers {
    let mut answers = Answers::default();
    let mut turns = interval(Duration::from_millis(500));
    loop {
        tokio::select! {
            () = stop.notified() => return answers,
            _ = turns.tick() => {}
        }
        let sessions = SessionsServiceClient::new(door.channel());
        Client::new(sessions, token.clone()).call(&mut answers).await;
    }
}

impl Answers {
    pub(crate) fn count(&mut self, answer: Result<(), Status>) {
        match answer {
            Ok(()) => self.served += 1,
            Err(status) if told_to_come_again(&status) => self.refused += 1,
            Err(status) => self.wrong.push(status.to_string()),
        }
    }
}

fn told_to_come_again(status: &Status) -> bool {
    status.code() == Code::ResourceExhausted && status.get_details_retry_info().is_some()
}
