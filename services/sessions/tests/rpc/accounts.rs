//! What stands where the accounts service would: it knows one account, and fails when told to.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use common::grpc::Channel;
use proto::accounts::v1::{VerifiedAccount, VerifyPasswordRequest, VerifyPasswordResponse};
use tonic::{Request, Response, Status, body::Body, server::Grpc};
use tower::service_fn;

pub(crate) const EMAIL: &str = "ada@example.com";
pub(crate) const PASSWORD: &str = "a long walk along the quay";

/// The account that can sign in, and how accounts fares.
#[derive(Clone, Default)]
pub(crate) struct Accounts {
    pub(crate) account: Arc<Mutex<VerifiedAccount>>,
    pub(crate) failure: Arc<Mutex<Option<Status>>>,
    /// How many passwords it was asked for.
    pub(crate) asked: Arc<AtomicUsize>,
}

impl Accounts {
    pub(crate) fn knowing(account: VerifiedAccount) -> Self {
        Self { account: Arc::new(Mutex::new(account)), ..Self::default() }
    }

    pub(crate) fn channel(&self) -> Channel {
        let accounts = self.clone();
        Channel::new(service_fn(move |request: http::Request<Body>| {
            let accounts = accounts.clone();
            async move {
                if !request.uri().path().ends_with("/VerifyPassword") {
                    return Err(Status::unimplemented("only passwords are known here"));
                }
                let answer = service_fn(move |request: Request<VerifyPasswordRequest>| {
                    std::future::ready(accounts.verify(request.get_ref()))
                });
                Ok(Grpc::new(proto::Codec::default()).unary(answer, request).await)
            }
        }))
    }

    fn verify(&self, request: &VerifyPasswordRequest) -> Result<Response<VerifyPasswordResponse>, Status> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if let Some(failure) = &*self.failure.lock().unwrap() {
            return Err(failure.clone());
        }
        let right = request.email.to_lowercase() == EMAIL && request.password == PASSWORD;
        let account = right.then(|| self.account.lock().unwrap().clone());
        Ok(Response::new(VerifyPasswordResponse { account }))
    }
}
