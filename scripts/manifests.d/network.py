"""Who reaches whom, by the network policies: everybody what they need, and nobody a store that is another's."""

from collections.abc import Iterator

from suite import Suite, named, of_kind, pod

GRPC, ADMIN, OTLP = 50051, 8081, 4317
# The port of each store that runs in the cluster, and whose it is. Postgres is of all that have a schema.
STORES = {"garage": ("uploads", 3900), "postgres": (None, 5432), "redis": ("sessions", 6379)}


def check(suite: Suite) -> Iterator[str]:
    for overlay, resources in suite.overlays.items():
        there = [it["metadata"]["name"] for it in of_kind(resources, "Deployment")]
        for source in there:
            for target in there:
                for port in ports(named(resources, "Deployment", target)):
                    wanted = expected(source, target, port, suite.services, resources)
                    if source != target and wanted not in (None, allowed(resources, source, target, port)):
                        yield f"{overlay}: {source} {'cannot reach' if wanted else 'can reach'} {target} on port {port}"


def expected(source: str, target: str, port: int, services: list[str], resources: list[dict]) -> bool | None:
    """Whether one should reach the other; nothing is said of what is open to all, the edge."""
    if target in services and port == GRPC:
        return source in (*services, "edge")
    if target in services and port == ADMIN:
        return False
    if target in STORES:
        owner, of_store = STORES[target]
        schema = named(resources, "Deployment", source)["metadata"].get("labels", {}).get("fairlead/schema")
        return port == of_store and (source == owner if owner else schema == target)
    if target == "collector" and port == OTLP and source != "edge":
        return source in services
    return None


def ports(deployment: dict) -> dict[int, str]:
    return {port["containerPort"]: port["name"] for it in pod(deployment)["containers"] for port in it["ports"]}


def allowed(resources: list[dict], source: str, target: str, port: int) -> bool:
    """By the rules of Kubernetes: who is selected by no policy may do everything, all others what one of theirs allows."""
    from_, to = (named(resources, "Deployment", name) for name in (source, target))
    name = ports(to)[port]
    out = any_rule(resources, from_, "Egress", to, {port, name})
    return out and any_rule(resources, to, "Ingress", from_, {port, name})


def any_rule(resources: list[dict], subject: dict, direction: str, other: dict, port: set) -> bool:
    policies = [it["spec"] for it in of_kind(resources, "NetworkPolicy") if direction in it["spec"]["policyTypes"]]
    own = [it for it in policies if selects(it["podSelector"], labels(subject))]
    rules = [rule for it in own for rule in it.get(direction.lower(), [])]
    return not own or any(to_peer(rule, direction, other) and on_port(rule, port) for rule in rules)


def to_peer(rule: dict, direction: str, other: dict) -> bool:
    peers = rule.get("to" if direction == "Egress" else "from")
    # Networks and other namespaces are not where the pods of this one are.
    return peers is None or any(
        "podSelector" in it and "namespaceSelector" not in it and selects(it["podSelector"], labels(other))
        for it in peers
    )


def on_port(rule: dict, port: set) -> bool:
    return "ports" not in rule or any(it["port"] in port and it.get("protocol", "TCP") == "TCP" for it in rule["ports"])


def selects(selector: dict, found: dict) -> bool:
    if "matchExpressions" in selector:
        raise NotImplementedError("matchExpressions")
    return selector.get("matchLabels", {}).items() <= found.items()


def labels(deployment: dict) -> dict:
    return deployment["spec"]["template"]["metadata"]["labels"]
