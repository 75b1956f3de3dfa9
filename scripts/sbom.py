"""Writes and validates target/sbom/<service>.cdx.json for each service named.

Cargo says what a program is made of: the same question as its build for the image asks, of this package alone.
"""

import hashlib
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

ROOT = Path(__file__).parents[1]
TARGET = "x86_64-unknown-linux-gnu"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
# What a line of `cargo tree` has: how deep, who, which licence, which features.
LINE = re.compile(r"(?P<depth>\d+)(?P<name>\S+) v(?P<version>\S+)(?: \((?P<place>.*?)\))?\|(?P<licence>.*)\|(?P<features>[^ ]*)(?: \(\*\))?")


def main(services: list[str]) -> int:
    (ROOT / "target/sbom").mkdir(parents=True, exist_ok=True)
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    checksums = {(it["name"], it["version"]): it.get("checksum") for it in lock}
    failed = 0
    for service in services:
        text = json.dumps(document(service, checksums), indent=1) + "\n"
        error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
        if error:
            print(f"{service}: {error}", file=sys.stderr)
            failed = 1
            continue
        file = ROOT / f"target/sbom/{service}.cdx.json"
        file.write_text(text)
        print(f"{file.relative_to(ROOT)}: {len(json.loads(text)['components'])} components")
    return failed


def document(service: str, checksums: dict) -> dict:
    crates, uses = tree(service)
    root = crates.pop(next(iter(crates)))
    ours = [name for name, crate in crates.items() if crate["type"] == "library" and crate["group"] == "fairlead"]
    for crate in [root, *crates.values()]:
        checksum = checksums.get((crate["name"], crate["version"]))
        if checksum:
            crate["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    components = [*crates.values(), *around()]
    uses[root["bom-ref"]] = sorted({*uses[root["bom-ref"]], *(it["bom-ref"] for it in around())})
    revision = run("git", "rev-parse", "--verify", "HEAD").strip()
    root |= {"type": "application", "properties": [*root["properties"], prop("revision", revision)]}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": root, "properties": [prop("target", TARGET), prop("members", " ".join(sorted(ours)))]},
        "components": components,
        "dependencies": [{"ref": ref, "dependsOn": sorted(used)} for ref, used in sorted(uses.items())],
    }


def tree(service: str) -> tuple[dict, dict]:
    """The crates that are linked into a program by reference, the program first; and which of them each one uses."""
    said = run(
        "cargo", "tree", "--locked", "--package", service, "--target", TARGET, "--edges", "normal,no-proc-macro",
        "--prefix", "depth", "--format", "{p}|{l}|{f}",
    )  # fmt: skip
    crates: dict[str, dict] = {}
    uses: dict[str, set[str]] = {}
    above: list[str] = []
    for text in said.splitlines():
        line = LINE.fullmatch(text)
        if line is None:
            raise SystemExit(f"cargo tree says something new: {text!r}")
        crate = component(line)
        reference = crate["bom-ref"]
        crates.setdefault(reference, crate)
        uses.setdefault(reference, set())
        del above[int(line["depth"]) :]
        if above:
            uses[above[-1]].add(reference)
        above.append(reference)
    return crates, uses


def component(line: re.Match) -> dict:
    name, version = line["name"], line["version"]
    own = line["place"] is not None
    purl = f"pkg:cargo/{name}@{version}"
    crate = {
        "type": "library",
        "bom-ref": purl,
        "group": "fairlead" if own else "crates.io",
        "name": name,
        "version": version,
        "properties": [prop("features", line["features"].replace(",", " "))],
    }
    if not own:
        crate["purl"] = purl
    # Before SPDX had expressions, "either" was a slash.
    if line["licence"]:
        crate["licenses"] = [{"expression": line["licence"].replace("/", " OR ")}]
    return crate


def around() -> list[dict]:
    """What is in the image besides crates: linked by the compiler, or copied."""
    rust = run("rustc", "--version").split()[1]
    c = run("ldd", "--version").splitlines()[0].split()[-1]
    certificates = CERTIFICATES.read_bytes()
    return [
        {"type": "library", "bom-ref": "rust-std", "name": "rust-std", "version": rust, "licenses": [{"expression": "MIT OR Apache-2.0"}]},
        {"type": "library", "bom-ref": "glibc", "name": "glibc", "version": c, "licenses": [{"expression": "LGPL-2.1-or-later"}]},
        {
            "type": "file",
            "bom-ref": "ca-certificates",
            "name": str(CERTIFICATES),
            "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(certificates).hexdigest()}],
        },
    ]  # fmt: skip


def prop(name: str, value: str) -> dict:
    return {"name": f"fairlead:{name}", "value": value}


def run(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
