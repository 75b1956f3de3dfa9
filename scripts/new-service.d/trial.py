"""Adds a service to a copy of the checkout, and holds it to what the suite is held to."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from checkout import NOT_COPIED

ROOT = Path(__file__).parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()
# Kept, so that the next time only what has changed since is compiled.
COPY, BUILT = TARGET / "new-service/checkout", TARGET / "new-service/built"
NAME = "orders"
# Every package at once, as `make test` and `make lint` do: others' crates then have features that are built already.
CARGO = "--locked --workspace"
TARGETS = "--bins --test suite --test house --test api"


def main() -> None:
    step("copy", copy)
    step("refusals", refusals)
    step("borrowing", borrow)
    # With the pages of its API, for which the tests that write them are compiled.
    step("new-service", lambda: run("make", "--silent", "new-service", f"NAME={NAME}"))
    step("format", lambda: run("cargo", "fmt", "--all", "--check"))
    step("build", build)
    step("tests", tests)
    step("contract", lambda: run("make", "--silent", "proto"))
    step("manifests", lambda: run("make", "--silent", "manifests", BINARIES=str(BUILT / "debug")))
    step("lints", lambda: run(*f"cargo clippy --quiet {CARGO} --lib --bins --test suite -- -D warnings".split()))


def step(name: str, what: Callable[[], None]) -> None:
    began = time.monotonic()
    what()
    print(f"{name:12} {time.monotonic() - began:4.0f} s", flush=True)


def run(*command: str, folder: Path = COPY, **environment: str) -> str:
    variables = os.environ | {"CARGO_TARGET_DIR": str(BUILT)} | environment
    done = subprocess.run(command, cwd=folder, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} fails in {folder}\n{done.stdout}")
    return done.stdout


def copy() -> None:
    if COPY.exists():
        shutil.rmtree(COPY)
    shutil.copytree(ROOT, COPY, ignore=NOT_COPIED, symlinks=True)
    (COPY / "target").symlink_to((ROOT / "target").resolve())


def refusals() -> None:
    """What cannot be added leaves nothing behind, and says why."""
    know = COPY / "services/sessions/src/policy.rs"
    text, times = know.read_text(), know.stat()
    for arguments, said in [
        ([], "usage: make new-service NAME=orders"),
        (["Orders"], "lower case"),
        (["line-items"], "lower case"),
        (["oxen"], "SINGULAR"),
        (["uploads"], "uploads is a crate that the suite uses or consists of"),
        (["limits"], "limits means something else here"),
        (["types"], "one of types cannot be called type"),
    ]:
        refused(arguments, said)
    know.write_text(text.replace("KNOW_PEOPLE", "KNOWS_PEOPLE"))
    refused([NAME], "services/sessions/src/policy.rs: looked for the list KNOW_PEOPLE and found it 0 times")
    know.write_text(text)
    os.utime(know, ns=(times.st_atime_ns, times.st_mtime_ns))


def refused(arguments: list[str], said: str) -> None:
    before = digest()
    done = subprocess.run(["scripts/new-service", *arguments], cwd=COPY, capture_output=True, text=True)
    if done.returncode == 0 or said not in done.stderr:
        sys.exit(f"new-service {arguments} exits {done.returncode} and does not say {said!r}: {done.stderr}")
    if digest() != before:
        sys.exit(f"new-service {arguments} was refused and has left something behind")


def digest() -> str:
    all_ = hashlib.sha256()
    for file in sorted(it for it in COPY.rglob("*") if it.is_file() and "target" not in it.parts):
        all_.update(str(file).encode() + b"\0" + file.read_bytes())
    return all_.hexdigest()


def borrow() -> None:
    """What the checkout has compiled of others' crates is good for the copy, too: links to it, for nobody writes to it."""
    ours = {it.parent.name for it in COPY.glob("*/*/Cargo.toml")} | {"bench", "fairlead", "all_in_one"}
    for folder in (".fingerprint", "build", "deps"):
        (BUILT / "debug" / folder).mkdir(parents=True, exist_ok=True)
        for there in (TARGET / "debug" / folder).iterdir():
            name = there.name.removeprefix("lib").rsplit("-", 1)[0]
            here = BUILT / "debug" / folder / there.name
            if here.exists() or {name, name.replace("_", "-")} & ours:
                continue
            if there.is_dir():
                shutil.copytree(there, here, symlinks=True)
            elif there.suffix in {".rlib", ".rmeta", ".so"}:
                here.hardlink_to(there)


def build() -> None:
    run(*f"cargo build --quiet {CARGO} {TARGETS}".split())


def tests() -> None:
    """Those of its store and calls; of the suite's those that are about every service."""
    of_suite = [f"{NAME}::", "policy::", "commands::", "journey::the_journey_in_one_process"]
    wanted = {(NAME, "suite"): [], ("all-in-one", "suite"): of_suite, ("testkit", "house"): []}
    wanted |= {("all-in-one", "api"): []}
    built = run(*f"cargo build --quiet --message-format json {CARGO} {TARGETS}".split())
    for line in built.splitlines():
        message = json.loads(line) if line.startswith("{") else {}
        if message.get("executable"):
            package = Path(message["manifest_path"]).parent
            filters = wanted.pop((package.name, message["target"]["name"]), None)
            if filters is not None:
                run(message["executable"], *filters, folder=package)
    if wanted:
        sys.exit(f"there are no tests {wanted}")


if __name__ == "__main__":
    main()
