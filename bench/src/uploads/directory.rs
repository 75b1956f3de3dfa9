//! How fast bytes go to a directory and come back, beside a stream of bare tonic that keeps nothing.

use std::time::Duration;

use proto::{
    accounts::v1::{Account, CreateAccountRequest, accounts_service_client::AccountsServiceClient},
    sessions::v1::{CreateSessionRequest, sessions_service_client::SessionsServiceClient},
};
use testkit::Server;
use tokio::runtime::Builder;
use tonic::{Request, transport::Endpoint};

use super::{ROUNDS, SIZE, bucket::cells, round, some_bytes, uploader::Uploader};
use crate::{baseline::Baseline, cores::Cores, house::House, table::Table};

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "a long walk along the quay";

/// Nothing is aimed at: what a directory costs is its disk's business.
pub(super) async fn ask() {
    let cores = Cores::split();
    let house = House::build().await;
    let fairlead = cores.start(|| house.first("fairlead"));
    fairlead.ready().await;
    let bare = Baseline::start(&cores, "bare-uploads", &[]).await;
    let uploaders = [Uploader::new(fairlead.channel(), &token(&fairlead).await)];
    let channel = Endpoint::from_shared(format!("http://{}", bare.address)).expect("an address");
    let streams = [Uploader::bare(channel.connect_lazy())];
    let crew = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("threads");
    let bytes = some_bytes();

    let (mut of_bare, mut of_fairlead) = (Vec::new(), Vec::new());
    // The first round is for warming up.
    for _ in 0..=ROUNDS {
        of_bare.push(round(crew.handle(), &streams, &bytes, bare.binary.id()).await);
        of_fairlead.push(round(crew.handle(), &uploaders, &bytes, fairlead.binary.id()).await);
    }
    crew.shutdown_background();

    let mut table = Table::new(
        format!(
            "uploads of {SIZE} MiB to a directory, the server on one core: {ROUNDS} alternating rounds, medians"
        ),
        &["", "write MiB/s", "of bare", "read MiB/s", "of bare", "CPU/MiB in", "out"],
    );
    table.line(cells("bare tonic, nothing kept", &of_bare[1..], &of_bare[1..]));
    table.line(cells("fairlead, on the disk before it is said", &of_fairlead[1..], &of_bare[1..]));
    table.print();
}

/// Somebody new, signed in.
async fn token(fairlead: &Server) -> String {
    let create = CreateAccountRequest {
        account: Some(Account { email: EMAIL.to_owned(), ..Account::default() }),
        password: PASSWORD.to_owned(),
        ..CreateAccountRequest::default()
    };
    let mut accounts = AccountsServiceClient::new(fairlead.channel());
    accounts.create_account(create).await.expect("an address that nobody has");
    let sign_in = CreateSessionRequest {
        email: EMAIL.to_owned(),
        password: PASSWORD.to_owned(),
        ..CreateSessionRequest::default()
    };
    let mut request = Request::new(sign_in);
    request.set_timeout(Duration::from_secs(10));
    let signed_in = SessionsServiceClient::new(fairlead.channel()).create_session(request).await;
    signed_in.expect("the password is right").into_inner().tokens.expect("there are tokens").session_token
}
