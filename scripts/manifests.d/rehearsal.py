"""Runs the compose project without containers: the real stores, programs and edge, in the order, with the settings, the
secrets and the configuration files that it names, in a network of their own. Then it takes the tour through the edge.

rehearsal.py DEMO KUSTOMIZE…: run by scripts/rehearse, as the first process of a namespace, which ends everything else.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import environment
import suite
from environment import Place
from programs import BINARIES
from suite import Suite

# Each name is an address of its own, so that everybody has the port that is written down.
NAMES = {"postgres": "127.0.1.1", "redis": "127.0.1.2", "accounts-headless": "127.0.1.3", "sessions-headless": "127.0.1.4"}
PATIENCE_S = 60


def main() -> None:
    demo, *kustomize = sys.argv[1:]
    project = suite.read(Path(__file__).parents[2], kustomize)
    places = {it.name: it for it in environment.everywhere(project) if it.name.startswith("compose: ")}
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        network(root)
        postgres(root, project)
        redis(root, project)
        migrate(root, places["compose: migrate-accounts"])
        services = [start(root, places[f"compose: {service}"]) for service in project.services]
        edge(root, project)
        tour(demo)
        let_go(project)
        for service, place in zip(services, (places[f"compose: {it}"] for it in project.services), strict=True):
            stop(service, place)
    print("the compose project works: schema, services, edge, the whole tour, a clean stop")


def network(root: Path) -> None:
    hosts = root / "hosts"
    hosts.write_text("".join(f"{address} {name}\n" for name, address in NAMES.items()) + "127.0.0.1 localhost\n")
    run("ip", "link", "set", "lo", "up")
    run("mount", "--bind", hosts, "/etc/hosts")


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
    run(*as_postgres, bin / "initdb", "--pgdata", home / "data", "--username", "postgres", "--pwfile", password,
        "--auth-local", "trust", "--auth-host", "scram-sha-256", "--no-sync")
    options = project.compose["services"]["postgres"]["command"]
    spawn(*as_postgres, bin / "postgres", "-D", home / "data", "-k", home, "-c", f"listen_addresses={NAMES['postgres']}", *options, log=root / "postgres.log")
    until("Postgres", [bin / "pg_isready", "--host", home], log=root / "postgres.log")
    shared = root / "postgres-secrets"
    shared.mkdir()
    for source in ("accounts", "accounts-owner"):
        shutil.copy(secrets / f"postgres-{source}", shared / source)
    script = project.root / "deploy/kustomize/components/stores/postgres/roles.sh"
    run("sh", script, env={"PATH": f"{bin}:{os.environ['PATH']}", "PGHOST": str(home), "POSTGRES_USER": "postgres", "POSTGRES_SECRETS": str(shared)})
    # What the service may not do is as much of the contract as what it may.
    forbidden = subprocess.run([bin / "psql", (secrets / "accounts.postgres-url").read_text(), "-c", "create table mine ()"], capture_output=True, text=True)
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


def migrate(root: Path, place: Place) -> None:
    for attempt in ("applies", "finds nothing to do"):
        run(BINARIES / "migrate", "accounts", "up", env=handed(root, place))
        print(f"migrate {attempt}")


def start(root: Path, place: Place) -> subprocess.Popen:
    address = NAMES[f"{place.service}-headless"]
    # What an image sets, here for one address.
    variables = handed(root, place) | {"FAIRLEAD__SERVER__LISTEN": f"{address}:50051", "FAIRLEAD__ADMIN__LISTEN": f"{address}:8081"}
    variables.pop("OTEL_EXPORTER_OTLP_ENDPOINT")
    process = spawn(BINARIES / place.program, env=variables, log=root / f"{place.service}.log")
    until(place.service, [BINARIES / place.program, "probe", "ready"], env=variables, log=root / f"{place.service}.log")
    print(f"{place.service} is ready")
    return process


def edge(root: Path, project: Suite) -> None:
    described = json.loads(json.dumps(project.envoy))
    for listener in described["static_resources"]["listeners"]:
        listener["address"]["socket_address"] = {"address": "127.0.0.1", "port_value": listener["address"]["socket_address"]["port_value"]}
    config = root / "envoy.json"
    config.write_text(json.dumps(described))
    spawn(Path(sys.executable).with_name("envoy"), "--config-path", config, "--disable-hot-restart", "--log-level", "warning", log=root / "envoy.log")
    until("the edge", ["curl", "--fail", "--silent", "http://127.0.0.1:8081/ready"], log=root / "envoy.log")
    run("curl", "--fail", "--silent", "--output", "/dev/null", "http://127.0.0.1:8081/metrics")


def tour(demo: str) -> None:
    # Envoy resolves names and asks for health before it sends anything.
    until("the tour", [demo, "http://127.0.0.1:50051"])


def let_go(project: Suite) -> None:
    """What a cluster has the edge do before it stops it, without the waiting: it says no, and takes no more callers."""
    edge = suite.named(project.overlays["dev"], "Deployment", "edge")
    command = suite.pod(edge)["containers"][0]["lifecycle"]["preStop"]["exec"]["command"]
    shell, option, script = command
    run(shell, option, "set -e\n" + re.sub(r"sleep \d+", "true", script))
    answer = subprocess.run(["curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "http://127.0.0.1:8081/ready"], capture_output=True, text=True)
    if answer.stdout not in ("503", "000"):
        raise SystemExit(f"the edge is told to stop, and says {answer.stdout} when it is asked whether it is ready")


def stop(process: subprocess.Popen, place: Place) -> None:
    process.terminate()
    code = process.wait(timeout=place.grace)
    if code != 0:
        raise SystemExit(f"{place.service} exits with {code} when it is told to stop")


def handed(root: Path, place: Place) -> dict[str, str]:
    """The container's variables, with paths of this machine, where its files are written."""
    own = root / place.service
    for path, content in place.files.items():
        file = Path(f"{own}{path}")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    there = {str(it) for path in place.files for it in (path, *Path(path).parents)} - {"/"}
    return {name: f"{own}{text}" if text in there else text for name, text in place.variables.items()}


def run(*command, env: dict | None = None) -> None:
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=PATIENCE_S)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} fails: {done.stdout} {done.stderr}")


def spawn(*command, env: dict | None = None, log: Path = Path("/dev/null")) -> subprocess.Popen:
    return subprocess.Popen(command, env=env, stdout=log.open("w"), stderr=subprocess.STDOUT)


def until(what: str, command: list, env: dict | None = None, log: Path | None = None) -> None:
    """Asks again until it succeeds: a container's healthcheck does the same."""
    end = time.monotonic() + PATIENCE_S
    while (done := subprocess.run(command, env=env, capture_output=True, text=True)).returncode != 0:
        if time.monotonic() > end:
            raise SystemExit(f"{what} does not come: {done.stdout} {done.stderr} {log.read_text() if log else ''}")
        time.sleep(0.2)


if __name__ == "__main__":
    main()
