//! Databases on one shared server.

use std::thread;

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::{
    runtime,
    sync::{mpsc, oneshot},
};

use super::server::PostgresServer;

/// An empty database of one test, dropped with the value.
pub struct Database {
    /// Where it is, as a user who may do anything: `postgres://postgres@127.0.0.1:12345/test_7`.
    pub url: String,
    name: String,
    orders: mpsc::UnboundedSender<Order>,
}

impl Drop for Database {
    fn drop(&mut self) {
        // The worker is there until the process ends.
        let _ = self.orders.send(Order::Drop(std::mem::take(&mut self.name)));
    }
}

/// The shared server's worker. It has a thread and a runtime of its own, since those of the test that came first end with
/// that test.
pub(super) struct Databases {
    orders: mpsc::UnboundedSender<Order>,
}

enum Order {
    Create(oneshot::Sender<Database>),
    Drop(String),
}

impl Databases {
    pub(super) fn start() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "a test has few databases, and dropping one cannot wait"
        )]
        let (orders, inbox) = mpsc::unbounded_channel();
        thread::Builder::new()
            .name("testkit-postgres".into())
            .spawn({
                let orders = orders.clone();
                move || {
                    let runtime = runtime::Builder::new_current_thread().enable_all().build();
                    runtime.expect("a test can have a runtime").block_on(work(orders, inbox));
                }
            })
            .expect("a test can have a thread");
        Self { orders }
    }

    pub(super) async fn create(&self) -> Database {
        let (reply, database) = oneshot::channel();
        let _ = self.orders.send(Order::Create(reply));
        database.await.expect("the shared Postgres works: its own panic is above")
    }
}

async fn work(orders: mpsc::UnboundedSender<Order>, mut inbox: mpsc::UnboundedReceiver<Order>) {
    let server = PostgresServer::launch().await;
    let mut admin = PgConnection::connect(&server.url).await.expect("the shared Postgres takes a connection");
    let mut created = 0;

    while let Some(order) = inbox.recv().await {
        let statement = match &order {
            Order::Create(_) => {
                created += 1;
                format!("create database test_{created}")
            }
            Order::Drop(name) => format!("drop database {name} with (force)"),
        };
        admin
            .execute(AssertSqlSafe(statement))
            .await
            .expect("the shared Postgres creates and drops databases");

        if let Order::Create(reply) = order {
            let name = format!("test_{created}");
            let url = server.url_of(&name);
            // A test that no longer waits drops its database by dropping the value.
            let _ = reply.send(Database { url, name, orders: orders.clone() });
        }
    }
}
