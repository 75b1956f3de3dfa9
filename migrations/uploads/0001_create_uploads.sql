-- Uploads and their parts rest in tables, their bytes under random keys in an object store.
-- compatible-from: 1

-- The same file runs on Postgres and SQLite: ids are UUIDs in lower-case text, times are microseconds since the Unix
-- epoch, and the service makes both.
create table usage (
    account_id text not null primary key,
    -- What its uploads were declared to have, finished or not, and how many they are.
    bytes bigint not null,
    uploads bigint not null,
    -- Whether the account is no more: nothing is created for it.
    closed boolean not null
);

create table uploads (
    upload_id text not null primary key,
    account_id text not null,
    file_name text not null,
    size bigint not null,
    part_size bigint not null,
    -- What its parts add up to, and the CRC32C of their bytes, one part after the other.
    committed_size bigint not null,
    crc32c bigint not null,
    content_type text not null,
    finished boolean not null,
    -- Raised by every writer: what an earlier one commits is refused.
    writer_epoch bigint not null,
    -- The request that created it, so that a repetition is recognised.
    request_id text,
    create_time bigint not null,
    finish_time bigint,
    -- Removed then, unless it is finished.
    expire_time bigint not null,
    unique (account_id, request_id)
);

create index uploads_account_id on uploads (account_id, upload_id);
create index uploads_expire_time on uploads (finished, expire_time);

create table parts (
    upload_id text not null,
    start bigint not null,
    size bigint not null,
    crc32c bigint not null,
    object_key text not null,
    primary key (upload_id, start)
);

-- Parts that were signed for somebody to send them to the store, and are not committed yet.
create table signed_parts (
    upload_id text not null,
    start bigint not null,
    size bigint not null,
    crc32c bigint not null,
    object_key text not null,
    primary key (upload_id, start)
);

-- Keys under which there may be bytes that are nobody's part: written here before the bytes are, and taken out by the
-- transaction that makes them a part. What is due is removed from the store.
create table strays (
    object_key text not null primary key,
    -- Whether it is being removed: too late to make it a part.
    taken boolean not null,
    due_time bigint not null
);

create index strays_due_time on strays (due_time);
