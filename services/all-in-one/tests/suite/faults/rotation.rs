//! Passwords that are changed in a store, then where they are mounted, under calls that do not stop.

use std::time::Duration;

use proto::sessions::v1::ValidateSessionRequest;
use testkit::{Server, Volume, postgres_server, redis};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    time::{Instant, sleep},
};
use tonic::Code;

use super::{alive::Alive, steady::Steady, stores};
use crate::house::{House, migrate};

const POSTGRES: &str = "accounts.postgres.url";
const REDIS: &str = "sessions.redis.url";
/// Mounted files are looked at this often.
const LOOKS: (&str, &str) = ("FAIRLEAD__SERVER__RELOAD_INTERVAL", "50ms");

#[tokio::test]
async fn a_password_of_postgres_is_rotated_and_a_broken_one_is_not_taken() {
    let (postgres, redis) = tokio::join!(postgres_server(), redis());
    migrate(&postgres.url).await;
    let mut login = postgres.login("first-secret").await;
    let mut volume = Volume::mount(&[("url", &login.url_with("first-secret"))]);
    let file = volume.path("url");
    let of_accounts = [
        LOOKS,
        ("FAIRLEAD__ACCOUNTS__POSTGRES__URL_FILE", file.to_str().unwrap()),
        // Connecting with a password is slow where nothing is optimised and the machine is busy.
        ("FAIRLEAD__ACCOUNTS__POSTGRES__ACQUIRE_TIMEOUT", "4s"),
        ("FAIRLEAD__ACCOUNTS__POSTGRES__MAX_CONNECTIONS", "4"),
    ];
    let house = House::start(&of_accounts, &[("FAIRLEAD__SESSIONS__REDIS__URL", &redis.url)]).await;
    let guest = house.guest("ada@example.com").await;
    let (alive, steady) = (Alive::watching(&house.accounts), Steady::asking(&house, &guest));
    steady.answered(Instant::now(), Code::Ok, 50).await;
    // Every caller has a connection by now.
    let begun = Instant::now();

    is_refused_while_broken(&house.accounts, POSTGRES, &mut volume, &login.url_with("wrong-secret")).await;
    steady.never_failed_since(begun);
    volume.swap(&[("url", &login.url_with("first-secret"))]);
    changes(&house.accounts, POSTGRES, "taken", 1.0).await;

    login.change_password("second-secret").await;
    let changed = login.now().await;
    volume.swap(&[("url", &login.url_with("second-secret"))]);
    changes(&house.accounts, POSTGRES, "taken", 2.0).await;
    let taken = Instant::now();
    login.no_connection_is_older_than(changed).await;
    steady.answered(Instant::now(), Code::Ok, 100).await;

    steady.never_failed_since(taken);
    assert!(!house.accounts.binary.so_far().contains("-secret"), "a password is logged");
    alive.throughout();
    drop(steady);
    house.stop().await;
}

#[tokio::test]
async fn a_password_of_redis_is_rotated_and_a_broken_one_is_not_taken() {
    let (postgres, redis) = stores().await;
    let url_with = |password: &str| redis.url.replace("redis://", &format!("redis://:{password}@"));
    let mut admin = TcpStream::connect(redis.url.trim_start_matches("redis://")).await.unwrap();
    set_password(&mut admin, "first-secret").await;
    let mut volume = Volume::mount(&[("url", &url_with("first-secret"))]);
    let file = volume.path("url");
    let of_accounts = [("FAIRLEAD__ACCOUNTS__POSTGRES__URL", &*postgres.url)];
    let of_sessions = [LOOKS, ("FAIRLEAD__SESSIONS__REDIS__URL_FILE", file.to_str().unwrap())];
    let house = House::start(&of_accounts, &of_sessions).await;
    let guest = house.guest("ada@example.com").await;
    let (client, token) = (house.sessions(), guest.token().to_owned());
    let steady = Steady::calling(move || {
        let (mut client, session_token) = (client.clone(), token.clone());
        async move { client.validate_session(ValidateSessionRequest { session_token }).await.map(drop) }
    });
    let (alive, begun) = (Alive::watching(&house.sessions), Instant::now());
    steady.answered(begun, Code::Ok, 50).await;

    is_refused_while_broken(&house.sessions, REDIS, &mut volume, &url_with("wrong-secret")).await;
    volume.swap(&[("url", &url_with("first-secret"))]);
    changes(&house.sessions, REDIS, "taken", 1.0).await;

    set_password(&mut admin, "second-secret").await;
    volume.swap(&[("url", &url_with("second-secret"))]);
    changes(&house.sessions, REDIS, "taken", 2.0).await;
    steady.answered(Instant::now(), Code::Ok, 100).await;
    steady.never_failed_since(begun);
    // Whoever connects from now on has to say the new one.
    let cut = say(&mut admin, "CLIENT KILL TYPE normal SKIPME yes").await;
    assert_ne!(cut, ":0");
    steady.answered(Instant::now(), Code::Ok, 100).await;

    assert!(!house.sessions.binary.so_far().contains("-secret"), "a password is logged");
    alive.throughout();
    drop(steady);
    house.stop().await;
}

/// What is no address, and what is one with a wrong password, leaves the old one in use: the log and the metrics say so.
async fn is_refused_while_broken(server: &Server, setting: &str, volume: &mut Volume, wrong: &str) {
    volume.swap(&[("url", "no address")]);
    let said = server
        .binary
        .line(|line| {
            line["setting"] == setting
                && line["message"] == "what is newly mounted is refused; the old one stays in use"
        })
        .await;
    let reason = said["reason"].as_str().unwrap();
    assert!(reason.contains(volume.path("url").to_str().unwrap()), "{reason}");
    let metrics = server.metrics().await;
    let labels = [("setting", setting)];
    assert_eq!(metrics.sum("fairlead_mounted_stale", &labels), Some(1.0));
    let refused = [labels[0], ("outcome", "refused")];
    assert_eq!(metrics.sum("fairlead_mounted_changes_total", &refused), Some(1.0));

    volume.swap(&[("url", wrong)]);
    changes(server, setting, "refused", 1.0).await;
    let metrics = server.metrics().await;
    assert_eq!(metrics.sum("fairlead_credentials_pending", &labels), Some(1.0));
    assert_eq!(metrics.sum("fairlead_mounted_stale", &labels), Some(0.0), "an address it is");
    server
        .binary
        .line(|line| {
            line["setting"] == setting
                && line["message"] == "new credentials do not work yet; the old stay in use"
        })
        .await;
}

/// Waits until so many new credentials came to that.
async fn changes(server: &Server, setting: &str, outcome: &str, count: f64) {
    let labels = [("setting", setting), ("outcome", outcome)];
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let now = server.metrics().await.sum("fairlead_credentials_changes_total", &labels);
        if now == Some(count) {
            return;
        }
        assert!(Instant::now() < deadline, "{now:?} were {outcome}\n{}", server.binary.so_far());
        sleep(Duration::from_millis(10)).await;
    }
}

/// Whoever connects from now on has to say it; who is connected stays so.
async fn set_password(admin: &mut TcpStream, password: &str) {
    assert_eq!(say(admin, &format!("CONFIG SET requirepass {password}")).await, "+OK");
}

/// Has Redis do something; gives back the line that it answers.
async fn say(admin: &mut TcpStream, command: &str) -> String {
    admin.write_all(format!("{command}\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    BufReader::new(admin).read_line(&mut answer).await.unwrap();
    answer.trim_end().to_owned()
}
