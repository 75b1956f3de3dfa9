"""The real programs read what the manifests hand them: every variable is known, has a value that is accepted, and the
plan fits the container."""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import environment
import quantities
from environment import Place
from suite import Suite

BINARIES = Path(os.environ["BINARIES"])


@cache
def schema(program: str) -> dict[str, str]:
    """The settings of a program, and their defaults."""
    text = ask(program, ["config", "schema"], {}).stdout
    return {
        found[1]: found[2] or ""
        for found in re.finditer(r"^(FAIRLEAD__\w+)  (?:.*, default (.*))?", text, re.MULTILINE)
    }


def ask(program: str, arguments: list[str], variables: dict[str, str]) -> subprocess.CompletedProcess:
    return subprocess.run([BINARIES / program, *arguments], env=variables, capture_output=True, text=True, timeout=60)


def check(suite: Suite) -> Iterator[str]:
    for place in environment.everywhere(suite):
        if place.program not in suite.programs:
            yield f"{place.name}: there is no program {place.program}"
            continue
        unknown = [it for it in place.variables if it.startswith("FAIRLEAD__") and it not in schema(place.program)]
        yield from (f"{place.name}: {it} is no setting of {place.program}" for it in unknown)
        if not unknown:
            handed = (place.variables, place.files, place.limits)
            said = refused(place.program, *(tuple(sorted(it.items())) for it in handed))
            yield from (f"{place.name}: {it}" for it in ([said] if said else []))
    # Envoy has no settings of ours; where one is named in its configuration, somebody believes that it has.
    known = {it for program in suite.programs for it in schema(program)}
    for name in set(re.findall(r"FAIRLEAD__\w+", str(suite.envoy))) - known:
        yield f"envoy: {name} is no setting of any program"


@cache
def refused(program: str, variables: tuple, files: tuple, limits: tuple) -> str:
    """What the program itself says against its configuration, with its files in a folder of this machine."""
    paths, sizes = [Path(path) for path, _ in files], dict(limits)
    with tempfile.TemporaryDirectory() as root:
        for path, content in files:
            file = Path(root + path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        there = {str(it) for path in paths for it in (path, *path.parents)} - {"/"}
        told = {
            name: root + text if text in there else text
            for name, text in variables
            if name.startswith(("FAIRLEAD__", "OTEL_"))
        }
        if program != "migrate":
            told |= {"FAIRLEAD__LIMITS__CPU": sizes["cpu"], "FAIRLEAD__LIMITS__MEMORY": f"{sizes['memory']}B"}
        done = ask(program, ["config", "check"], told)
        if done.returncode != 0:
            return f"{program} config check says {done.stdout.strip()} {done.stderr.strip()}"
    return ""


def setting(place: Place, name: str) -> str:
    return place.variables.get(name) or schema(place.program).get(name, "")


def seconds(place: Place, name: str) -> float:
    return quantities.seconds(setting(place, name))
