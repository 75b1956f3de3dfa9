"""The edge knows every package of the contract, and sends it to a name that there is."""

from collections.abc import Iterator

from suite import Suite, named


def check(suite: Suite) -> Iterator[str]:
    listener = next(it for it in suite.envoy["static_resources"]["listeners"] if it["name"] == "calls")
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    routes = {
        it["match"]["prefix"]: it["route"]["cluster"] for it in manager["route_config"]["virtual_hosts"][0]["routes"]
    }
    clusters = {it["name"]: it for it in suite.envoy["static_resources"]["clusters"]}
    for folder in sorted((suite.root / "proto/fairlead").glob("*/v*")):
        prefix = f"/fairlead.{folder.parent.name}.{folder.name}."
        if prefix not in routes:
            yield f"envoy: no route for {prefix}"
    for prefix, cluster in routes.items():
        if cluster not in clusters:
            yield f"envoy: {prefix} goes to {cluster}, which is no cluster"
            continue
        for name in names(clusters[cluster]):
            yield from reachable(suite, name)


def names(cluster: dict) -> Iterator[str]:
    for locality in cluster["load_assignment"]["endpoints"]:
        for endpoint in locality["lb_endpoints"]:
            yield endpoint["endpoint"]["address"]["socket_address"]["address"]


def reachable(suite: Suite, name: str) -> Iterator[str]:
    for overlay, resources in suite.overlays.items():
        if named(resources, "Deployment", "edge") and named(resources, "Service", name) is None:
            yield f"{overlay}: the edge calls {name}, which is no Service"
    aliases = {
        alias
        for it in suite.compose["services"].values()
        for alias in it.get("networks", {}).get("default", {}).get("aliases", [])
    }
    if name not in aliases:
        yield f"compose: the edge calls {name}, which is the name of no container"
