//! Calls that their callers give up at any moment, over the wire.

use std::time::Duration;

use proto::accounts::v1::{Account, UpdateAccountRequest};
use sqlx::{Connection, Executor, PgConnection};
use testkit::Binary;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use tonic::Status;
use uuid::Uuid;

use super::{a_while, alive::Alive, stores};
use crate::house::{Guest, House};

const CONNECTIONS: u16 = 6;
const CALLERS: usize = 12;
/// How soon after the last call everything is as it was.
const SOON: Duration = Duration::from_secs(3);

/// Keeps count of every event that was ever written, in the transaction that writes it: those that are delivered go.
const COUNT_EVENTS: &str = "create table written (account_id text not null, auth_epoch bigint not null);
    create function count_event() returns trigger language plpgsql as $$ begin
        insert into written values (new.account_id, new.auth_epoch); return new; end $$;
    create trigger count_event after insert on outbox for each row execute function count_event();";

#[tokio::test]
async fn calls_given_up_at_any_microsecond_leave_nothing_behind() {
    let (postgres, redis) = stores().await;
    let mut watcher = PgConnection::connect(&postgres.url).await.unwrap();
    watcher.execute(COUNT_EVENTS).await.unwrap();
    let connections = CONNECTIONS.to_string();
    let of_accounts = [
        ("FAIRLEAD__ACCOUNTS__POSTGRES__URL", &*postgres.url),
        ("FAIRLEAD__ACCOUNTS__POSTGRES__MAX_CONNECTIONS", &connections),
        // For the test's own lock, at the end, on a busy machine.
        ("FAIRLEAD__ACCOUNTS__POSTGRES__ACQUIRE_TIMEOUT", "4s"),
        ("FAIRLEAD__ACCOUNTS__POSTGRES__LOCK_TIMEOUT", "10s"),
        ("FAIRLEAD__ACCOUNTS__POSTGRES__STATEMENT_TIMEOUT", "10s"),
    ];
    let house = House::start(&of_accounts, &[("FAIRLEAD__SESSIONS__REDIS__URL", &redis.url)]).await;
    let mut accounts = Vec::new();
    for number in 0..CALLERS {
        accounts.push(house.sign_up(&format!("{number}@example.com")).await);
    }
    let admin = admin(&house, &postgres.url).await;
    let alive = Alive::watching(&house.accounts);

    let until = Instant::now() + a_while();
    let mut callers = JoinSet::new();
    for account in accounts.clone() {
        callers.spawn(give_up(house.accounts(), admin.clone(), account, until));
    }
    let given_up: u32 = callers.join_all().await.into_iter().sum();

    assert!(given_up > 100, "{given_up} calls were given up");
    println!("{given_up} calls were given up");
    everything_comes_to_rest(&house, &mut watcher).await;
    no_permit_is_lost(&house, &admin, &accounts, &mut watcher).await;
    assert_eq!(half_written(&mut watcher).await, [""; 0], "accounts whose epoch is not that of their events");
    alive.throughout();
    house.stop().await;
}

/// Who may disable others, and made as operators make the first one.
async fn admin(house: &House, postgres_url: &str) -> Guest {
    let account = house.sign_up("admin@example.com").await;
    let url = [("FAIRLEAD__ACCOUNTS__POSTGRES__URL", postgres_url)];
    let granted = Binary::start("accounts", &["grant-admin", "admin@example.com"], &url).exit().await;
    assert_eq!(granted.code, Some(0), "{granted:?}");
    house.sign_in(account).await
}

type Client = proto::accounts::v1::accounts_service_client::AccountsServiceClient<tonic::transport::Channel>;

/// Calls and gives up after a random time, again and again; tells how often the call had not ended by then.
async fn give_up(mut client: Client, admin: Guest, account: Account, until: Instant) -> u32 {
    let mut given_up = 0;
    while Instant::now() < until {
        let random = Uuid::new_v4().as_u128();
        let patience = Duration::from_micros((random % 20_000).try_into().unwrap());
        let ended = if (random >> 64).is_multiple_of(3) {
            timeout(patience, client.get_account(admin.asks())).await.is_ok()
        } else {
            let disable = (random >> 96).is_multiple_of(2);
            timeout(patience, set_disabled(&mut client, &admin, &account, disable)).await.is_ok()
        };
        given_up += u32::from(!ended);
    }
    given_up
}

/// What raises the epoch and writes an event, in one transaction, where it disables.
async fn set_disabled(
    client: &mut Client,
    admin: &Guest,
    account: &Account,
    disabled: bool,
) -> Result<(), Status> {
    let account = Account { account_id: account.account_id.clone(), disabled, ..Account::default() };
    let update_mask = Some(prost_types::FieldMask { paths: vec!["disabled".to_owned()] });
    let request = UpdateAccountRequest { account: Some(account), update_mask };
    client.update_account(admin.says(request)).await.map(drop)
}

/// No transaction is open, no connection of the pool at work, no call in flight.
async fn everything_comes_to_rest(house: &House, watcher: &mut PgConnection) {
    let deadline = Instant::now() + SOON;
    loop {
        let open = "select count(*) from pg_stat_activity
            where application_name = 'fairlead-accounts' and state <> 'idle'";
        let open: i64 = sqlx::query_scalar(open).fetch_one(&mut *watcher).await.unwrap();
        let metrics = house.accounts.metrics().await;
        let used = metrics.sum(
            "db_client_connection_count",
            &[("db_client_connection_pool_name", "postgres"), ("db_client_connection_state", "used")],
        );
        let calls = metrics.sum("fairlead_permits_in_use", &[("name", "calls")]);
        // Checks and deliveries go on, one after the other.
        if open == 0 && used == Some(0.0) && calls == Some(0.0) {
            return;
        }
        assert!(Instant::now() < deadline, "{open} open, {used:?} connections used, {calls:?} calls");
        sleep(Duration::from_millis(5)).await;
    }
}

/// As many calls as there are connections are all let through to the lock that they wait for, and succeed.
async fn no_permit_is_lost(house: &House, admin: &Guest, accounts: &[Account], watcher: &mut PgConnection) {
    watcher.execute("begin; lock table accounts in exclusive mode").await.unwrap();
    let mut waiting = JoinSet::new();
    for account in accounts.iter().take(CONNECTIONS.into()) {
        let (mut client, admin, account) = (house.accounts(), admin.clone(), account.clone());
        waiting.spawn(async move { set_disabled(&mut client, &admin, &account, true).await });
    }
    let deadline = Instant::now() + SOON;
    loop {
        let locked = "select count(*) from pg_stat_activity
            where application_name = 'fairlead-accounts' and wait_event_type = 'Lock'";
        let locked: i64 = sqlx::query_scalar(locked).fetch_one(&mut *watcher).await.unwrap();
        if locked == i64::from(CONNECTIONS) {
            break;
        }
        assert!(Instant::now() < deadline, "{locked} of {CONNECTIONS} connections can be had");
        // Statistics are of one moment throughout a transaction.
        watcher.execute("select pg_stat_clear_snapshot()").await.unwrap();
        sleep(Duration::from_millis(5)).await;
    }
    watcher.execute("rollback").await.unwrap();
    for call in waiting.join_all().await {
        call.unwrap();
    }
}

/// Whatever raises the epoch of an account writes one event, in the same transaction: the last one's is the account's.
async fn half_written(watcher: &mut PgConnection) -> Vec<String> {
    let wrong = "select account_id from accounts where
        auth_epoch - 1 <> (select count(*) from written where written.account_id = accounts.account_id) or
        auth_epoch <> coalesce(
            (select max(auth_epoch) from written where written.account_id = accounts.account_id), 1)";
    sqlx::query_scalar(wrong).fetch_all(watcher).await.unwrap()
}
