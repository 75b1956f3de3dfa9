"""The stores of a rehearsal, made and configured as their images do it."""

import os
import shutil
import subprocess
from pathlib import Path

import environment
from stage import NAMES, run, spawn, until
from suite import Suite


def postgres(root: Path, project: Suite) -> None:
    """As the image does it: a superuser with a password, then the script that makes roles and databases."""
    bin = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
    home = root / "postgres"
    home.mkdir()
    secrets = environment.made_folder(project)
    password = home / "password"
    shutil.copy(secrets / "postgres-superuser", password)
    shutil.chown(home, "postgres")
    shutil.chown(password, "postgres")
    as_postgres = ["runuser", "-u", "postgres", "--"]
    run(
        *as_postgres,
        bin / "initdb",
        "--pgdata",
        home / "data",
        "--username",
        "postgres",
        "--pwfile",
        password,
        "--auth-local",
        "trust",
        "--auth-host",
        "scram-sha-256",
        "--no-sync",
    )
    options = project.compose["services"]["postgres"]["command"]
    spawn(
        *as_postgres,
        bin / "postgres",
        "-D",
        home / "data",
        "-k",
        home,
        "-c",
        f"listen_addresses={NAMES['postgres']}",
        *options,
        log=root / "postgres.log",
    )
    until("Postgres", [bin / "pg_isready", "--host", home], log=root / "postgres.log")
    shared = root / "postgres-secrets"
    shared.mkdir()
    for source in ("accounts", "accounts-owner"):
        shutil.copy(secrets / f"postgres-{source}", shared / source)
    script = project.root / "deploy/kustomize/components/stores/postgres/roles.sh"
    run(
        "sh",
        script,
        env={
            "PATH": f"{bin}:{os.environ['PATH']}",
            "PGHOST": str(home),
            "POSTGRES_USER": "postgres",
            "POSTGRES_SECRETS": str(shared),
        },
    )
    # What the service may not do is as much of the contract as what it may.
    forbidden = subprocess.run(
        [bin / "psql", (secrets / "accounts.postgres-url").read_text(), "-c", "create table mine ()"],
        capture_output=True,
        text=True,
    )
    if "permission denied" not in forbidden.stderr:
        raise SystemExit(f"the service may change the schema: {forbidden.stdout} {forbidden.stderr}")


def redis(root: Path, project: Suite) -> None:
    folder = root / "redis"
    folder.mkdir()
    config = project.root / "deploy/kustomize/components/stores/redis/redis.conf"
    acl = environment.made_folder(project) / "redis.acl"
    log = root / "redis.log"
    spawn("redis-server", config, "--dir", folder, "--aclfile", acl, "--bind", NAMES["redis"], log=log)
    test = project.compose["services"]["redis"]["healthcheck"]["test"][1:]
    until("Redis", [it.replace("127.0.0.1", NAMES["redis"]) for it in test], log=log)
