"""Podman with storage, networks and control groups of its own, and what it is given to play."""

import copy
import os
import re
import resource
import shutil
import subprocess
from pathlib import Path

import environment
import yaml
from suite import Resource, Suite, containers, named, of_kind, pod


class Podman:
    def __init__(self, root: Path, network: str):
        self.root = root
        settings = root / "containers.conf"
        limits = {"nofile": resource.RLIMIT_NOFILE, "nproc": resource.RLIMIT_NPROC}
        most = {name: resource.getrlimit(it)[1] for name, it in limits.items()}
        given = ", ".join(f'"{name}={it}:{it}"' for name, it in most.items())
        # Limits that this process may give. crun refuses machines with control groups of both versions; runc does not.
        settings.write_text(
            f'[containers]\ndefault_ulimits = [{given}]\n'
            f'[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n'
            + (f'runtime = "{runc}"\n' if (runc := shutil.which("runc")) else "")
        )
        self.variables = os.environ | {"CONTAINERS_CONF": str(settings)}
        self.command = ["podman", f"--root={root}/storage", f"--runroot={root}/run", f"--tmpdir={root}/tmp"]
        self.command += ["--storage-driver=vfs", f"--network-config-dir={root}/networks"]
        self.must("network", "create", "--disable-dns", f"--subnet={network}.0/24", "pods")

    def ask(self, *arguments: str) -> subprocess.CompletedProcess:
        # Not where it would take a folder with the name of an image for what that image is built of.
        where = {"cwd": self.root, "env": self.variables}
        return subprocess.run([*self.command, *arguments], **where, capture_output=True, text=True, timeout=180)

    def must(self, *arguments: str) -> str:
        done = self.ask(*arguments)
        if done.returncode != 0:
            raise SystemExit(f"podman {' '.join(arguments)} fails: {done.stdout} {done.stderr}")
        return done.stdout.strip()

    def build(self, checkout: Path) -> None:
        told = self.variables | {"DOCKER": " ".join(self.command)}
        subprocess.run([checkout / "scripts/images"], env=told, check=True, stdout=subprocess.DEVNULL)

    def play(self, documents: list[Resource], address: str) -> subprocess.CompletedProcess:
        file = self.root / "play.yaml"
        file.write_text(yaml.safe_dump_all(documents))
        return self.ask("kube", "play", "--build=false", "--network=pods", f"--ip={address}", str(file))

    def remove(self, service: str) -> None:
        self.must("pod", "rm", "--force", f"{service}-pod-0")


def playable(service: str, project: Suite, root: Path, names: dict[str, str]) -> list[Resource]:
    """A service's Deployment and its settings, with what podman cannot do done for it. Its files are in a folder."""
    resources = copy.deepcopy(project.overlays["dev"])
    deployment = named(resources, "Deployment", service)
    spec = pod(deployment)
    spec["hostAliases"] = [{"ip": address, "hostnames": [name]} for name, address in names.items()]
    # Otherwise it is removed once it has ended, and podman 4.3 fails at that when it is quick.
    metadata = deployment["metadata"]
    metadata["annotations"] = metadata.get("annotations", {}) | {"io.podman.annotations.init.container.type": "always"}
    folders = {}
    for container in containers(deployment):
        for unknown in ("startupProbe", "readinessProbe", "livenessProbe", "ports"):
            container.pop(unknown, None)
        expand(container, environment.in_pod("", service, deployment, container, resources, project).variables)
        folders |= {it["name"]: f"{root}/{service}{it['mountPath']}" for it in container["volumeMounts"]}
    spec["volumes"] = [{"name": name, "hostPath": {"path": path}} for name, path in folders.items()]
    read = {it["configMapRef"]["name"] for each in containers(deployment) for it in each.get("envFrom", [])}
    return [*(it for it in of_kind(resources, "ConfigMap") if it["metadata"]["name"] in read), deployment]


def expand(container: dict, known: dict[str, str]) -> None:
    """$(NAME) becomes what the platform would put there."""
    for entry in container.get("env", []):
        if "$(" in entry.get("value", ""):
            entry["value"] = known[entry["name"]]
    if "args" in container:
        container["args"] = [re.sub(r"\$\((\w+)\)", lambda found: known[found[1]], it) for it in container["args"]]
