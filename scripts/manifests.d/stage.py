"""Where a rehearsal takes place: names that resolve, processes that start, files where programs look for them."""

import subprocess
import time
from pathlib import Path

from environment import Place

STORES = ("garage", "postgres", "redis")
PATIENCE_S = 60


def addresses(services: list[str], network: str = "127.0.1") -> dict[str, str]:
    """Each name is an address of its own, so that everybody has the port that is written down."""
    names = [*STORES, *(f"{it}-headless" for it in services)]
    return {name: f"{network}.{number}" for number, name in enumerate(names, start=11)}


def folder() -> Path:
    """In memory, in this namespace only: it is gone with the last process, whatever ended that."""
    run("mount", "-t", "tmpfs", "-o", "mode=0755", "rehearsal", "/mnt")
    return Path("/mnt")


def network(root: Path, names: dict[str, str]) -> None:
    hosts = root / "hosts"
    lines = [f"{address} {name}" for name, address in names.items()]
    hosts.write_text("\n".join([*lines, "127.0.0.1 localhost", ""]))
    run("ip", "link", "set", "lo", "up")
    run("mount", "--bind", hosts, "/etc/hosts")


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
