"""Holds what Cargo.lock names to deny.toml, in a second: licences, sources, and crates that are not wanted.

`make deny` judges more (licence texts, versions in the tree twice), and takes minutes to install.
"""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
TARGET = "x86_64-unknown-linux-gnu"


def main() -> int:
    rules = tomllib.loads((ROOT / "deny.toml").read_text())
    asked = ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", TARGET]
    metadata = json.loads(subprocess.run(asked, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
    used = {node["id"] for node in metadata["resolve"]["nodes"]}
    packages = [it for it in metadata["packages"] if it["id"] in used]

    wrong = []
    allowed = set(rules["licenses"]["allow"])
    registries = {f"registry+{url}" for url in rules["sources"]["allow-registry"]}
    for package in packages:
        name = f"{package['name']} {package['version']}"
        if not permitted(package["license"] or "", allowed):
            wrong.append(f"{name}: the licence {package['license']!r} is not in deny.toml")
        if package["source"] is not None and package["source"] not in registries:
            wrong.append(f"{name}: comes from {package['source']}")
    # Of every platform: what is not compiled here is named all the same.
    locked = {it["name"] for it in tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]}
    for ban in rules["bans"]["deny"]:
        if ban["crate"] in locked:
            wrong.append(f"{ban['crate']} is in Cargo.lock: {ban['reason']}")
    for line in wrong:
        print(line, file=sys.stderr)
    print(f"{len(packages)} packages are as deny.toml wants them" if not wrong else f"{len(wrong)} are not", file=sys.stderr)
    return 1 if wrong else 0


def permitted(expression: str, allowed: set[str]) -> bool:
    """Whether one of the ways to read an SPDX expression needs allowed licences only."""
    words = re.findall(r"[()]|[^\s()/]+|/", expression)

    def either() -> bool:
        value = both()
        while words and words[0] in ("OR", "/"):
            words.pop(0)
            # No short cut: the words have to be read.
            value = both() or value
        return value

    def both() -> bool:
        value = one()
        while words and words[0] == "AND":
            words.pop(0)
            value = one() and value
        return value

    def one() -> bool:
        word = words.pop(0) if words else ""
        if word == "(":
            value = either()
            words.pop(0)
            return value
        if words and words[0] == "WITH":
            # An exception only ever permits more.
            del words[:2]
        return word in allowed

    return either() and not words


if __name__ == "__main__":
    sys.exit(main())
