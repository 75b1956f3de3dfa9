"""What a container's program finds: its variables, and the files that are mounted for it."""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import certificates
import quantities
from suite import Suite, containers, named, of_kind, plain, pod, program


@dataclass
class Place:
    """One container of the suite's, with everything that is handed to it."""

    name: str
    program: str
    service: str
    variables: dict[str, str]
    # By the path in the container.
    files: dict[str, str]
    grace: float
    limits: dict[str, str] = field(default_factory=dict)


def everywhere(suite: Suite) -> Iterator[Place]:
    for overlay, resources in suite.overlays.items():
        for resource in resources:
            for container in containers(resource):
                name = program(container["image"])
                if name is not None:
                    yield in_pod(
                        f"{overlay}: {resource['metadata']['name']}, {container['name']}",
                        name,
                        resource,
                        container,
                        resources,
                        suite,
                    )
    for service, described in suite.compose["services"].items():
        name = program(described["image"])
        if name is not None:
            yield in_compose(f"compose: {service}", name, service, described, suite)


def in_pod(place: str, name: str, resource: dict, container: dict, resources: list[dict], suite: Suite) -> Place:
    variables: dict[str, str] = {}
    for source in container.get("envFrom", []):
        found = named(resources, "ConfigMap", source["configMapRef"]["name"])
        variables |= found["data"] if found else {}
    resourced = container.get("resources", {})
    for entry in container.get("env", []):
        variables[entry["name"]] = value(entry, resourced)
    for key, text in variables.items():
        variables[key] = re.sub(r"\$\((\w+)\)", lambda it: variables.get(it[1], it[0]), text)
    files = {}
    volumes = {it["name"]: it for it in pod(resource).get("volumes", [])}
    for mount in container.get("volumeMounts", []):
        for file, content in mounted(volumes[mount["name"]], resources, suite).items():
            files[f"{mount['mountPath']}/{file}"] = content
    grace = pod(resource).get("terminationGracePeriodSeconds", 30)
    return Place(place, name, resource["metadata"]["name"], variables, files, grace, resourced.get("limits", {}))


def value(entry: dict, resources: dict) -> str:
    if "value" in entry:
        return entry["value"]
    source = entry["valueFrom"]
    if "resourceFieldRef" not in source:
        return "from-the-platform"
    kind, unit = source["resourceFieldRef"]["resource"].split(".")
    amount = quantities.parse(resources.get(kind, {}).get(unit, "0"))
    return str(round(amount / quantities.parse(source["resourceFieldRef"].get("divisor", "1"))))


def mounted(volume: dict, resources: list[dict], suite: Suite) -> dict[str, str]:
    """The files of a volume; those that only the operator has are those of the development cluster."""
    if "configMap" in volume:
        kind, name = "ConfigMap", volume["configMap"]["name"]
    elif "secret" in volume:
        kind, name = "Secret", volume["secret"]["secretName"]
    else:
        return {}
    found = named(resources, kind, name)
    if found is None and name.endswith("-tls"):
        return certificates.issued()
    if found is None:
        dev = suite.overlays["dev"]
        found = next((it for it in of_kind(dev, kind) if plain(it["metadata"]["name"], dev) == name), None)
    if found is None:
        return {}
    return (
        found.get("data", {})
        if kind == "ConfigMap"
        else {key: base64.b64decode(it).decode() for key, it in found["data"].items()}
    )


def in_compose(place: str, name: str, service: str, described: dict, suite: Suite) -> Place:
    files = {}
    for secret in described.get("secrets", []):
        target = secret["target"] if secret["target"].startswith("/") else f"/run/secrets/{secret['target']}"
        files[target] = made(suite.compose["secrets"][secret["source"]]["file"], suite)
    for volume in described.get("volumes", []):
        source, target, *_ = volume.split(":")
        if source == "./.fairlead/compose/peers":
            files |= {f"{target}/{it.name}": it.read_text() for it in (made_folder(suite) / "peers").iterdir()}
    limits = {"cpu": str(described.get("cpus", "")), "memory": str(described.get("mem_limit", "")).replace("m", "Mi")}
    grace = quantities.seconds(described.get("stop_grace_period", "10s"))
    return Place(place, name, service, dict(described.get("environment", {})), files, grace, limits)


def made(path: str, suite: Suite) -> str:
    """A secret of the compose project; scripts/dev-secrets makes the same for the development cluster."""
    file = made_folder(suite) / Path(path).name
    return file.read_text() if path.startswith("./.fairlead/compose/") and file.exists() else ""


def made_folder(suite: Suite) -> Path:
    return suite.root / "deploy/kustomize/components/stores/secrets"
