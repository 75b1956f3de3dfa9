"""Every service has all that a service has, and every container its probes and resources."""

from collections.abc import Iterator

from suite import Suite, containers, named, of_kind, plain, pod

PROBES = {"startupProbe": "/startupz", "readinessProbe": "/ready", "livenessProbe": "/healthz"}
KINDS = ("Deployment", "HorizontalPodAutoscaler", "NetworkPolicy", "PodDisruptionBudget", "Service", "ServiceAccount")


def check(suite: Suite) -> Iterator[str]:
    for overlay, resources in suite.overlays.items():
        for service in suite.services:
            yield from (f"{overlay}: {service}: {it}" for it in of_service(service, resources))
        for resource in resources:
            for container in containers(resource):
                place = f"{overlay}: {resource['metadata']['name']}, {container['name']}"
                yield from (f"{place}: {it}" for it in of_container(container, lasting(resource, container)))
        yield from (f"{overlay}: {it}" for it in of_network(resources))
        yield from (f"{overlay}: {it}" for it in references(suite, resources))


def components(suite: Suite) -> Iterator[str]:
    """What no overlay lists is checked by nobody; what copies numbers has to see them all."""
    listed = {name for names in suite.components.values() for name in names}
    for folder in sorted((suite.root / "deploy/kustomize/components").iterdir()):
        if folder.name not in listed:
            yield f"no overlay and no test lists the component {folder.name}"
    for overlay, names in suite.components.items():
        if names[-1] != "agreement":
            yield f"{overlay}: the component agreement is not the last"


def of_service(service: str, resources: list[dict]) -> Iterator[str]:
    missing = [kind for kind in KINDS if named(resources, kind, service) is None]
    if missing:
        yield f"no {', '.join(missing)}"
        return
    selector = {"app.kubernetes.io/name": service}
    found = {kind: named(resources, kind, service) for kind in KINDS}
    deployment = found["Deployment"]
    if deployment["spec"]["selector"]["matchLabels"] != selector or "replicas" in deployment["spec"]:
        yield "its Deployment selects others, or sets the replicas that the autoscaler sets"
    if found["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] != selector:
        yield "its PodDisruptionBudget selects others"
    if found["NetworkPolicy"]["spec"]["podSelector"].get("matchLabels") != selector:
        yield "its NetworkPolicy selects others"
    target = found["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
    if (target["kind"], target["name"]) != ("Deployment", service):
        yield "its HorizontalPodAutoscaler scales another"
    if found["ServiceAccount"].get("automountServiceAccountToken") is not False:
        yield "its ServiceAccount hands out tokens"
    for name, address in ((service, None), (f"{service}-headless", "None")):
        entry = named(resources, "Service", name) or {"spec": {}}
        ports = {port["name"]: port.get("appProtocol") for port in entry["spec"].get("ports", [])}
        if entry["spec"].get("clusterIP") != address or "grpc" not in ports or not ports["grpc"]:
            yield f"no Service {name} with a port named grpc and an appProtocol"
        elif entry["spec"]["selector"] != selector:
            yield f"the Service {name} selects others"
    keys = {it["topologyKey"] for it in pod(deployment).get("topologySpreadConstraints", [])}
    if keys != {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}:
        yield "its pods are not spread over zones and nodes"
    main = next((it for it in pod(deployment)["containers"] if it["name"] == "service"), {})
    for probe, path in PROBES.items():
        if main.get(probe, {}).get("httpGet") != {"path": path, "port": "admin"}:
            yield f"its {probe} does not ask {path} on the admin port"


def lasting(resource: dict, container: dict) -> bool:
    return resource["kind"] != "Job" and container in pod(resource)["containers"]


def of_container(container: dict, lasts: bool) -> Iterator[str]:
    for kind in ("requests", "limits"):
        if not {"cpu", "memory"} <= container.get("resources", {}).get(kind, {}).keys():
            yield f"no {kind} of CPU and memory"
    for probe in PROBES if lasts else ():
        if probe not in container:
            yield f"no {probe}"


def of_network(resources: list[dict]) -> Iterator[str]:
    policies = of_kind(resources, "NetworkPolicy")
    denied = [
        it
        for it in policies
        if it["spec"]["podSelector"] == {} and "ingress" not in it["spec"] and "egress" not in it["spec"]
    ]
    if not any(set(it["spec"]["policyTypes"]) == {"Ingress", "Egress"} for it in denied):
        yield "no NetworkPolicy denies what no other allows"
    for resource in resources:
        if pod(resource) is None:
            continue
        labels = resource["spec"]["template"]["metadata"]["labels"]
        if not any(
            it["spec"]["podSelector"].get("matchLabels", {}).items() <= labels.items()
            for it in policies
            if it not in denied
        ):
            yield f"no NetworkPolicy lets {resource['metadata']['name']} do anything"


def references(suite: Suite, resources: list[dict]) -> Iterator[str]:
    """What a pod mounts or reads is there, or is what the operator has been told to make."""
    given = {
        ("Secret", name)
        for name in [*suite.services, *(f"{it}-{kind}" for it in suite.services for kind in ("migrate", "tls"))]
    }
    given |= {("ConfigMap", "peers"), ("Secret", "edge")}
    there = {(it["kind"], it["metadata"]["name"]) for it in resources}
    for resource in resources:
        for kind, name in wanted(resource):
            if (kind, name) not in there and (kind, plain(name, resources)) not in given:
                yield f"{resource['metadata']['name']} needs the {kind} {name}, which is nowhere"


def wanted(resource: dict) -> Iterator[tuple[str, str]]:
    for volume in (pod(resource) or {}).get("volumes", []):
        if "configMap" in volume:
            yield "ConfigMap", volume["configMap"]["name"]
        if "secret" in volume:
            yield "Secret", volume["secret"]["secretName"]
    for container in containers(resource):
        for source in container.get("envFrom", []):
            kind = "ConfigMap" if "configMapRef" in source else "Secret"
            yield kind, source[f"{kind[0].lower()}{kind[1:]}Ref"]["name"]
        for variable in container.get("env", []):
            if "configMapKeyRef" in variable.get("valueFrom", {}):
                yield "ConfigMap", variable["valueFrom"]["configMapKeyRef"]["name"]
