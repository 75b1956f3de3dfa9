//! Uploads as they are deployed: replicas over Postgres and S3, beside accounts and sessions.

use testkit::{Cgroup, Database, PostgresServer, Redis, S3, Server, free_port};

use super::client::Uploader;
use crate::house::{Guest, House, migrate, migrate_set};

/// The suite with as many replicas of uploads as a test wants.
pub(crate) struct Harbour {
    pub(crate) house: House,
    pub(crate) s3: S3,
    pub(crate) postgres: PostgresServer,
    /// Where accounts looks for uploads.
    known: [u16; 2],
    _accounts: Database,
    _redis: Redis,
}

impl Harbour {
    /// Starts all but uploads.
    pub(crate) async fn open() -> Self {
        let (accounts, postgres, redis, s3) =
            tokio::join!(testkit::postgres(), testkit::postgres_server(), testkit::redis(), testkit::s3());
        migrate(&accounts.url).await;
        migrate_set("uploads", &postgres.url).await;
        let known = [free_port(), free_port()];
        let uploads = format!("http://127.0.0.1:{}", known[0]);
        let house = House::start(
            &[
                ("FAIRLEAD__ACCOUNTS__POSTGRES__URL", &accounts.url),
                ("FAIRLEAD__ACCOUNTS__UPLOADS__URL", &uploads),
            ],
            &[("FAIRLEAD__SESSIONS__REDIS__URL", &redis.url)],
        )
        .await;
        Self { house, s3, postgres, known, _accounts: accounts, _redis: redis }
    }

    /// One more replica.
    pub(crate) async fn replica(&self, own: &[(&str, &str)]) -> Server {
        self.replica_over(&self.s3.url, own, None).await
    }

    /// One more replica, which finds S3 there, in a container where one is given.
    pub(crate) async fn replica_over(
        &self,
        s3: &str,
        own: &[(&str, &str)],
        limits: Option<&Cgroup>,
    ) -> Server {
        self.house.beside("uploads", &[&self.stores(s3), own].concat(), limits).await
    }

    /// The replica that accounts knows.
    pub(crate) async fn known_replica(&self, own: &[(&str, &str)]) -> Server {
        self.house.beside_on(self.known, "uploads", &[&self.stores(&self.s3.url), own].concat()).await
    }

    fn stores<'a>(&'a self, s3: &'a str) -> [(&'static str, &'a str); 5] {
        [
            ("FAIRLEAD__UPLOADS__POSTGRES__URL", &self.postgres.url),
            ("FAIRLEAD__UPLOADS__S3__ENDPOINT", s3),
            ("FAIRLEAD__UPLOADS__S3__BUCKET", S3::BUCKET),
            ("FAIRLEAD__UPLOADS__S3__ACCESS_KEY_ID", S3::KEY_ID),
            ("FAIRLEAD__UPLOADS__S3__SECRET_ACCESS_KEY", S3::SECRET),
        ]
    }

    /// Somebody who uploads to these replicas.
    pub(crate) async fn uploader(&self, replicas: &[&Server]) -> Uploader {
        let guest: Guest = self.house.guest("ada@example.com").await;
        let mut uploader = Uploader::at(replicas[0].channel(), guest.token());
        uploader.replicas.extend(replicas[1..].iter().map(|replica| replica.channel()));
        uploader
    }
}
