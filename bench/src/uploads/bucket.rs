//! How fast bytes go to an S3 server and come back, through the service and without it.

use testkit::{Binary, S3};
use tokio::runtime::Builder;

use super::{ROUNDS, Round, SIZE, alone::Alone, costs, rates, round, some_bytes, uploader::Uploader};
use crate::{
    house::House,
    sessions::{client, signed_in, until_near, validation},
    table::Table,
    verdict::Verdicts,
};

/// How fast it has to be, of what the client alone reaches: writing, and reading.
const AIMS: [f64; 2] = [0.6, 0.7];
/// How many write, and then read, at once.
const CROWDS: [usize; 2] = [1, 4];

pub(super) async fn ask(verdicts: &mut Verdicts) {
    let (house, database, s3) = tokio::join!(House::build(), testkit::postgres(), testkit::s3());
    let migrated = [("FAIRLEAD__MIGRATE__UPLOADS__URL", &*database.url)];
    let exit = Binary::start("migrate", &["uploads", "up"], &migrated).exit().await;
    assert_eq!(exit.code, Some(0), "{exit:#?}");
    let sessions = house.first("sessions");
    let uploads = house.first_with(
        "uploads",
        &[
            ("FAIRLEAD__UPLOADS__POSTGRES__URL", &database.url),
            ("FAIRLEAD__UPLOADS__S3__ENDPOINT", &s3.url),
            ("FAIRLEAD__UPLOADS__S3__BUCKET", S3::BUCKET),
            ("FAIRLEAD__UPLOADS__S3__ACCESS_KEY_ID", S3::KEY_ID),
            ("FAIRLEAD__UPLOADS__S3__SECRET_ACCESS_KEY", S3::SECRET),
        ],
    );
    tokio::join!(sessions.ready(), uploads.ready());
    let token = signed_in(house.redis(), 1).await[0].session_token.clone();
    let request = validation(&token);
    until_near(&sessions, async || client(&sessions).validate_session(request.clone()).await.map(drop)).await;
    let crew = Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
    let bytes = some_bytes();

    let mut table = Table::new(
        format!(
            "uploads of {SIZE} MiB to an S3 server, all on the same cores: {ROUNDS} alternating rounds, medians"
        ),
        &["", "write MiB/s", "of alone", "read MiB/s", "of alone", "CPU/MiB in", "out"],
    );
    let mut found = Vec::new();
    for crowd in CROWDS {
        let alone: Vec<Alone> = (0..crowd).map(|_| Alone::of(&s3)).collect();
        let uploaders: Vec<_> = (0..crowd).map(|_| Uploader::new(uploads.channel(), &token)).collect();
        let id = uploads.binary.id();
        let (mut of_alone, mut of_service) = (Vec::new(), Vec::new());
        // The first round is for warming up.
        for _ in 0..=ROUNDS {
            of_alone.push(round(crew.handle(), &alone, &bytes, std::process::id()).await);
            of_service.push(round(crew.handle(), &uploaders, &bytes, id).await);
        }
        let [of_alone, of_service] = [&of_alone[1..], &of_service[1..]];
        table.line(cells(&format!("the client alone, {crowd} at once"), of_alone, of_alone));
        table.line(cells(&format!("uploads, {crowd} at once"), of_service, of_alone));
        found.push((crowd, ratios(of_service, of_alone)));
    }
    crew.shutdown_background();
    table.print();
    for (crowd, ratios) in found {
        for ((ratio, aim), way) in ratios.into_iter().zip(AIMS).zip(["write", "read"]) {
            let said =
                format!("uploads, {crowd} at once: {way} {ratio:.2} of the client alone, at least {aim}");
            verdicts.judge(ratio >= aim, said);
        }
    }
}

fn ratios(rounds: &[Round], first: &[Round]) -> [f64; 2] {
    let ([write, read], [of_write, of_read]) = (rates(rounds), rates(first));
    [write / of_write, read / of_read]
}

/// What a table tells of rounds.
pub(super) fn cells(name: &str, rounds: &[Round], first: &[Round]) -> [String; 7] {
    let ([write, read], [of_write, of_read]) = (rates(rounds), ratios(rounds, first));
    let [in_, out] = costs(rounds).map(|micros| format!("{micros:.0} µs"));
    let [write, read] = [write, read].map(|rate| format!("{rate:.0}"));
    let [of_write, of_read] = [of_write, of_read].map(|ratio| format!("{ratio:.2}"));
    [name.to_owned(), write, of_write, read, of_read, in_, out]
}
