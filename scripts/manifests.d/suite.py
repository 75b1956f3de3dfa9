"""What is checked: everything that says how the suite is run, read once."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import yaml

Resource = dict


@dataclass
class Suite:
    root: Path
    # Rendered, by the name of the overlay.
    overlays: dict[str, list[Resource]]
    # The components that each of them lists.
    components: dict[str, list[str]]
    compose: dict
    skaffold: dict
    envoy: dict
    dockerfile: str
    dockerfile_local: str

    @property
    def services(self) -> list[str]:
        """Services have a folder in the base that is a kustomization of its own, and not a part of others."""
        base = self.root / "deploy/kustomize/base"
        folders = sorted(path.parent for path in base.glob("*/kustomization.yaml"))
        return [
            it.name
            for it in folders
            if yaml.safe_load((it / "kustomization.yaml").read_text())["kind"] == "Kustomization"
        ]

    @property
    def programs(self) -> list[str]:
        return [*self.services, "migrate"]


def read(root: Path, kustomize: list[str]) -> Suite:
    folders = sorted(root.glob("deploy/kustomize/overlays/*")) + sorted(root.glob("deploy/kustomize/tests/*"))
    return Suite(
        root=root,
        overlays={folder.name: render(kustomize, folder) for folder in folders},
        components={folder.name: listed(folder) for folder in folders},
        compose=yaml.safe_load((root / "docker-compose.yml").read_text()),
        skaffold=yaml.safe_load((root / "skaffold.yaml").read_text()),
        envoy=yaml.safe_load((root / "deploy/envoy/envoy.yaml").read_text()),
        dockerfile=(root / "Dockerfile").read_text(),
        dockerfile_local=(root / "Dockerfile.local").read_text(),
    )


def listed(folder: Path) -> list[str]:
    return [Path(it).name for it in yaml.safe_load((folder / "kustomization.yaml").read_text())["components"]]


def render(kustomize: list[str], folder: Path) -> list[Resource]:
    done = subprocess.run([*kustomize, str(folder)], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{folder.name} cannot be rendered: {done.stderr.strip()}")
    # Through JSON, so that nothing is shared: an anchor would be the same object in two places.
    return json.loads(json.dumps([it for it in yaml.safe_load_all(done.stdout) if it]))


def named(resources: list[Resource], kind: str, name: str) -> Resource | None:
    return next((it for it in resources if it["kind"] == kind and it["metadata"]["name"] == name), None)


def of_kind(resources: list[Resource], kind: str) -> list[Resource]:
    return [it for it in resources if it["kind"] == kind]


def plain(name: str, resources: list[Resource]) -> str:
    """The name without the hash that kustomize adds to what it generates."""
    generated = any(it["metadata"]["name"] == name for it in resources if it["kind"] in ("ConfigMap", "Secret"))
    head, _, tail = name.rpartition("-")
    return head if generated and len(tail) == 10 and head else name


def pod(resource: Resource) -> dict | None:
    """The pod that a resource makes, if it makes one."""
    return (
        resource.get("spec", {}).get("template", {}).get("spec")
        if resource["kind"] in ("Deployment", "Job", "StatefulSet")
        else None
    )


def containers(resource: Resource) -> list[dict]:
    spec = pod(resource) or {}
    return [*spec.get("initContainers", []), *spec.get("containers", [])]


def program(image: str) -> str | None:
    """Which program of the suite an image holds."""
    path = image.split("@")[0].split(":")[0] if "/" not in image.rpartition(":")[2] else image
    owner, _, name = path.rpartition("/")
    return name if owner.split("/")[-1] == "fairlead" else None
