"""What those who read the files think of them: Envoy of its configuration, hadolint of the Dockerfiles."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from suite import Suite

# Installed beside this Python.
BIN = Path(sys.executable).parent


def envoy(suite: Suite) -> Iterator[str]:
    # The file beside it is where a container has it.
    described = json.dumps(suite.envoy).replace("/etc/envoy/", f"{suite.root}/deploy/envoy/")
    described = described.replace("/etc/envoy-secrets", f"{suite.root}/deploy/kustomize/components/stores/secrets")
    done = run("envoy", "--mode", "validate", "--log-level", "error", "--config-yaml", described)
    if done.returncode != 0:
        yield f"envoy: {done.stdout.strip()} {done.stderr.strip()}"


def hadolint(suite: Suite) -> Iterator[str]:
    for name, text in (("Dockerfile", suite.dockerfile), ("Dockerfile.local", suite.dockerfile_local)):
        done = run("hadolint", "--no-color", "-", text=text)
        if done.returncode != 0:
            yield f"{name}: {done.stdout.strip()}"


def run(program: str, *arguments: str, text: str = "") -> subprocess.CompletedProcess:
    return subprocess.run([BIN / program, *arguments], input=text, capture_output=True, text=True, timeout=120)
