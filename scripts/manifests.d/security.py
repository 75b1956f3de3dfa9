"""Pods may do what the `restricted` pod security standard allows, and no more."""

from collections.abc import Iterator

from suite import Suite, containers, of_kind, pod

# Volumes that restricted pods may have.
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}


def check(suite: Suite) -> Iterator[str]:
    for overlay, resources in suite.overlays.items():
        for namespace in of_kind(resources, "Namespace"):
            if namespace["metadata"].get("labels", {}).get("pod-security.kubernetes.io/enforce") != "restricted":
                yield f"{overlay}: the namespace does not enforce restricted pods"
        for resource in resources:
            spec = pod(resource)
            if spec is None:
                continue
            place = f"{overlay}: {resource['kind']} {resource['metadata']['name']}"
            yield from (f"{place}: {it}" for it in of_pod(spec))
            for container in containers(resource):
                yield from (f"{place}, {container['name']}: {it}" for it in of_container(container))


def of_pod(spec: dict) -> Iterator[str]:
    context = spec.get("securityContext", {})
    if context.get("runAsNonRoot") is not True or not context.get("runAsUser"):
        yield "it may run as root, or has no numeric user"
    if context.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "no seccomp profile"
    if spec.get("automountServiceAccountToken") is not False:
        yield "it gets a token of the cluster"
    if spec.get("enableServiceLinks") is not False:
        yield "it gets a variable for every Service"
    for flag in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(flag):
            yield f"{flag} is set"
    for volume in spec.get("volumes", []):
        if not VOLUMES & volume.keys():
            yield f"the volume {volume['name']} is of a kind that restricted pods may not have"


def of_container(container: dict) -> Iterator[str]:
    context = container.get("securityContext", {})
    if context.get("allowPrivilegeEscalation") is not False:
        yield "it may gain privileges"
    if context.get("capabilities") != {"drop": ["ALL"]}:
        yield "it has capabilities"
    if context.get("readOnlyRootFilesystem") is not True:
        yield "its root file system can be written"
    if context.get("privileged") or context.get("runAsUser") == 0 or context.get("runAsNonRoot") is False:
        yield "it is privileged or root"
    if any("hostPort" in port for port in container.get("ports", [])):
        yield "it takes a port of the node"
