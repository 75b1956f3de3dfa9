"""The stores of a rehearsal, made and configured as their images do it."""

import os
import shutil
import subprocess
from pathlib import Path

import environment
from environment import Place
from stage import run, spawn, until
from suite import Suite


BIN = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]


def start(root: Path, project: Suite, uploads: Place, names: dict[str, str]) -> None:
    postgres(root, project, names["postgres"])
    redis(root, project, names["redis"])
    s3(root, project, uploads, names["garage"])


def postgres(root: Path, project: Suite, address: str) -> None:
    """As the image does it: a superuser with a password, then the script that makes roles and databases."""
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
        BIN / "initdb",
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
    with (home / "data/pg_hba.conf").open("a") as rules:
        rules.write("host all all all scram-sha-256\n")
    options = project.compose["services"]["postgres"]["command"]
    spawn(
        *as_postgres,
        BIN / "postgres",
        "-D",
        home / "data",
        "-k",
        home,
        "-c",
        f"listen_addresses={address}",
        *options,
        log=root / "postgres.log",
    )
    until("Postgres", [BIN / "pg_isready", "--host", home], log=root / "postgres.log")
    shared = root / "postgres-secrets"
    shared.mkdir()
    for secret in project.compose["services"]["postgres"]["secrets"]:
        shutil.copy(secrets / secret["source"], shared / Path(secret["target"]).name)
    script = project.root / "deploy/kustomize/components/stores/postgres/roles.sh"
    run(
        "sh",
        script,
        env={
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "PGHOST": str(home),
            "POSTGRES_USER": "postgres",
            "POSTGRES_SECRETS": str(shared),
        },
    )
    # What a service may not do is as much of the contract as what it may.
    for owner in secrets.glob("postgres-*-owner"):
        service = owner.name.removeprefix("postgres-").removesuffix("-owner")
        forbidden = psql((secrets / f"{service}.postgres-url").read_text(), address, "create table mine ()")
        if "permission denied" not in forbidden.stderr:
            raise SystemExit(f"{service} may change its schema: {forbidden.stdout} {forbidden.stderr}")


def psql(url: str, address: str, command: str) -> subprocess.CompletedProcess:
    command = [BIN / "psql", url.replace("@postgres:", f"@{address}:"), "--command", command]
    return subprocess.run(command, capture_output=True, text=True)


def redis(root: Path, project: Suite, address: str) -> None:
    folder = root / "redis"
    folder.mkdir()
    config = project.root / "deploy/kustomize/components/stores/redis/redis.conf"
    acl = environment.made_folder(project) / "redis.acl"
    log = root / "redis.log"
    spawn("redis-server", config, "--dir", folder, "--aclfile", acl, "--bind", address, log=log)
    test = project.compose["services"]["redis"]["healthcheck"]["test"][1:]
    until("Redis", [it.replace("127.0.0.1", address) for it in test], log=log)


def s3(root: Path, project: Suite, uploads: Place, address: str) -> None:
    """Another server than Garage that speaks S3: with the key and the bucket that Garage makes of the same settings."""
    setting = "FAIRLEAD__UPLOADS__S3__{}".format
    endpoint, bucket, key = (uploads.variables[setting(it)] for it in ("ENDPOINT", "BUCKET", "ACCESS_KEY_ID"))
    objects = root / "objects"
    (objects / bucket).mkdir(parents=True)
    made = (environment.made_folder(project) / "garage.env").read_text().splitlines()
    secret = dict(line.split("=", 1) for line in made if line)["GARAGE_DEFAULT_SECRET_KEY"]
    server = project.root / "target/tools/s3s-fs-0.14.1/bin/s3s-fs"
    port, log = endpoint.rpartition(":")[2], root / "s3.log"
    spawn(server, "--host", address, "--port", port, "--access-key", key, "--secret-key", secret, objects, log=log)
    until("S3", ["curl", "--silent", "--output", "/dev/null", f"http://{address}:{port}"], log=log)
