-- Boats rest in one table.
-- compatible-from: 1

-- The same file runs on Postgres and SQLite: ids are UUIDs in lower-case text, times are microseconds since the Unix
-- epoch, and the service makes both.
create table boats (
    boat_id text not null primary key,
    account_id text not null,
    title text not null,
    -- Raised by every change: the etag.
    version bigint not null,
    -- The request that created it and what that said, so that a repetition is recognised.
    request_id text,
    request_title text not null,
    create_time bigint not null,
    update_time bigint not null,
    unique (account_id, request_id)
);

create index boats_account_id on boats (account_id, boat_id);
