-- Accounts rest in one table; what other services must hear of them waits in another, written in the same transaction.
-- compatible-from: 1

-- The same file runs on Postgres and SQLite: ids are UUIDs in lower-case text, times are microseconds since the Unix
-- epoch, and the service makes both.
create table accounts (
    account_id text not null primary key,
    -- The address as it was typed, and in lower case for finding it.
    email text not null,
    email_key text not null unique,
    display_name text not null,
    -- Words separated by single spaces.
    roles text not null,
    disabled boolean not null,
    -- A PHC string: algorithm, parameters, salt and hash.
    password_hash text not null,
    -- Raised whenever the account's sessions must end.
    auth_epoch bigint not null,
    -- Raised by every change: the etag.
    version bigint not null,
    -- The request that created the account, so that a repetition is recognised.
    request_id text unique,
    create_time bigint not null,
    update_time bigint not null
);

create table outbox (
    account_id text not null,
    -- The account's version that the event is about: events of one account are delivered in this order.
    version bigint not null,
    auth_epoch bigint not null,
    -- How often delivery was begun.
    attempts bigint not null,
    -- Not to be delivered before. A worker that takes an event moves this ahead, and a worker that fails moves it
    -- further, so nothing needs to be unlocked when a worker dies.
    due_time bigint not null,
    create_time bigint not null,
    primary key (account_id, version)
);

create index outbox_due_time on outbox (due_time);
