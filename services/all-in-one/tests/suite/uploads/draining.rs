//! What a process that ends still does.

use std::time::Duration;

use proto::uploads::v1::DeleteUploadRequest;
use sqlx::{Connection, PgConnection};
use testkit::Signal;
use tokio::{net::TcpStream, time::sleep};

use super::{faults::Begun, trouble::Happens};

#[tokio::test(flavor = "multi_thread")]
async fn a_janitor_ends_what_it_has_begun_before_the_process_does() {
    // The store may take its time: it is waited for as long as by default.
    let Begun { harbour, trouble, ada, id, replica, .. } = Begun::with(&[]).await;
    let mut database = PgConnection::connect(&harbour.postgres.url).await.unwrap();

    trouble.is(Happens::HoldsAnswers);
    ada.client().delete_upload(ada.says(DeleteUploadRequest { upload_id: id })).await.unwrap();
    // The bytes are gone, and the janitor does not know yet.
    while harbour.s3.objects().await > 0 {
        sleep(Duration::from_millis(5)).await;
    }
    replica.binary.signal(Signal::TERM);
    // From here on it drains.
    while TcpStream::connect(replica.grpc).await.is_ok() {
        sleep(Duration::from_millis(5)).await;
    }
    trouble.is(Happens::Nothing);
    let exit = replica.binary.exit().await;

    assert_eq!(exit.code, Some(0), "{exit:#?}");
    let left: i64 = sqlx::query_scalar("select count(*) from strays").fetch_one(&mut database).await.unwrap();
    assert_eq!(left, 0, "keys whose bytes are gone are forgotten: {exit:#?}");
}
