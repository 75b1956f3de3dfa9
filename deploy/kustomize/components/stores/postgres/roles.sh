#!/bin/sh
# Run once, by the Postgres image, when the databases are made. For each service that has passwords here: a database, an
# owner who may change its tables and is migrate, and a role that may only read and write their rows and is the service.
set -eu
secrets=${POSTGRES_SECRETS:-/etc/postgres-secrets}

database() {
    owner_password=$(cat "$secrets/$1-owner")
    password=$(cat "$secrets/$1")
    psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<SQL
create role $1_owner login password '$owner_password';
create role $1 login password '$password';
create database $1 owner $1_owner;
revoke all on database $1 from public;
grant connect on database $1 to $1;
SQL
    psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$1" <<SQL
revoke all on schema public from public;
grant usage, create on schema public to $1_owner;
grant usage on schema public to $1;
alter default privileges for role $1_owner grant select, insert, update, delete on tables to $1;
alter default privileges for role $1_owner grant usage, select on sequences to $1;
SQL
}

for owner in "$secrets"/*-owner; do
    service=${owner##*/}
    database "${service%-owner}"
done
