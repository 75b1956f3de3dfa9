//! Somebody who needs a password to get into a Postgres server that lets everybody else in without.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::time::{Instant, sleep};

use super::server::PostgresServer;

/// How long the server may take to follow new rules, or a pool to replace its connections.
const SOON: Duration = Duration::from_secs(30);

/// The user `service` of a server: may read and write every table, and has to say a password.
pub struct Login {
    admin: PgConnection,
    url: String,
}

impl PostgresServer {
    /// Makes the user `service` with this password, and has the server ask for it from now on.
    ///
    /// # Panics
    /// When the server cannot be used.
    pub async fn login(&self, password: &str) -> Login {
        let mut admin = PgConnection::connect(&self.url).await.expect("the server takes a connection");
        let file: String =
            sqlx::query_scalar("show hba_file").fetch_one(&mut admin).await.expect("it has rules");
        let rules = format!(
            "copy (values ('host all service 127.0.0.1/32 scram-sha-256'), ('host all all 127.0.0.1/32 trust')) to '{file}'"
        );
        let role = format!(
            "create role service login password '{password}' in role pg_read_all_data, pg_write_all_data"
        );
        let mut login = Login { admin, url: self.url.clone() };
        for statement in [rules, role, "select pg_reload_conf()".to_owned()] {
            login.run(statement).await;
        }
        // The new rules are in force soon after they were asked for.
        let deadline = Instant::now() + SOON;
        while PgConnection::connect(&login.url_with("of nobody")).await.is_ok() {
            assert!(Instant::now() < deadline, "no password is wanted");
        }
        login
    }
}

impl Login {
    /// Where the server is, for this user with that password.
    #[must_use]
    pub fn url_with(&self, password: &str) -> String {
        self.url.replace("postgres@", &format!("service:{password}@"))
    }

    /// From now on the user has another password. Who is connected stays so.
    ///
    /// # Panics
    /// When the server cannot be used.
    pub async fn change_password(&mut self, password: &str) {
        self.run(format!("alter role service password '{password}'")).await;
    }

    /// Ends every connection of the user.
    ///
    /// # Panics
    /// When the server cannot be used.
    pub async fn end_connections(&mut self) {
        let end = "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'service'";
        self.run(end.to_owned()).await;
    }

    /// The time on the server's clock, in seconds.
    ///
    /// # Panics
    /// When the server cannot be used.
    pub async fn now(&mut self) -> f64 {
        let now = "select extract(epoch from clock_timestamp())::float8";
        sqlx::query_scalar(now).fetch_one(&mut self.admin).await.expect("it has a clock")
    }

    /// Waits until the user is connected, and every connection was made after that time of the server's clock.
    ///
    /// # Panics
    /// When that does not come to be.
    pub async fn no_connection_is_older_than(&mut self, time: f64) {
        let count = "select count(*) filter (where extract(epoch from backend_start) < $1), count(*)
            from pg_stat_activity where usename = 'service'";
        let deadline = Instant::now() + SOON;
        loop {
            let counted = sqlx::query_as(count).bind(time).fetch_one(&mut self.admin).await;
            let (older, all): (i64, i64) = counted.expect("it tells who is connected");
            if older == 0 && all > 0 {
                return;
            }
            assert!(Instant::now() < deadline, "{older} of {all} connections are from before");
            sleep(Duration::from_millis(10)).await;
        }
    }

    async fn run(&mut self, statement: String) {
        self.admin.execute(AssertSqlSafe(statement)).await.expect("the administrator may do this");
    }
}
