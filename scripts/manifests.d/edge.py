"""The edge knows every package of the contract whose service is deployed, sends it to a name that there is, and asks sessions first."""

import re
from collections.abc import Iterator

from suite import Suite, named


def check(suite: Suite) -> Iterator[str]:
    listener = next(it for it in suite.envoy["static_resources"]["listeners"] if it["name"] == "calls")
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    filters = {it["name"].rpartition(".")[2]: it["typed_config"] for it in manager["http_filters"]}
    routes = manager["route_config"]["virtual_hosts"][0]["routes"]
    sent = {it["match"].get("prefix") or it["match"]["path"]: it["route"]["cluster"] for it in routes if "route" in it}
    clusters = {it["name"]: it for it in suite.envoy["static_resources"]["clusters"]}
    for folder in sorted((suite.root / "proto/fairlead").glob("*/v*")):
        if not deployed(suite, folder.parent.name):
            continue
        package = f"fairlead.{folder.parent.name}.{folder.name}"
        if f"/{package}." not in sent:
            yield f"envoy: no route for /{package}."
        for proto in folder.glob("*.proto"):
            for name in re.findall(r"^service (\w+)", proto.read_text(), re.MULTILINE):
                if f"{package}.{name}" not in filters["grpc_json_transcoder"]["services"]:
                    yield f"envoy: nobody makes calls of {package}.{name} of JSON"
    yield from asked(filters["ext_authz"], list(filters), clusters)
    yield from unasked(routes)
    yield from behind(filters)
    yield from held(filters["grpc_json_transcoder"], routes)
    for prefix, cluster in sent.items():
        if cluster not in clusters:
            yield f"envoy: {prefix} goes to {cluster}, which is no cluster"
            continue
        for name in names(clusters[cluster]):
            yield from reachable(suite, name)


def deployed(suite: Suite, name: str) -> bool:
    return any(named(resources, "Deployment", name) for resources in suite.overlays.values())


def asked(authz: dict, filters: list[str], clusters: dict) -> Iterator[str]:
    """Sessions is asked before anything else looks at a request, by a cluster that takes no calls from outside."""
    cluster = authz["grpc_service"]["envoy_grpc"]["cluster_name"]
    if cluster not in clusters:
        yield f"envoy: it asks {cluster}, which is no cluster"
    if authz.get("failure_mode_allow") is not False or "status_on_error" not in authz:
        yield "envoy: whoever cannot be asked about may pass, or is told that it is their fault"
    if filters.index("ext_authz") > filters.index("grpc_json_transcoder"):
        yield "envoy: sessions is asked after JSON has become a call, and does not see the method of a browser"


def unasked(routes: list[dict]) -> Iterator[str]:
    """Where sessions is not asked nobody takes tokens out, so the route does."""
    for route in routes:
        authz = route.get("typed_per_filter_config", {}).get("envoy.filters.http.ext_authz", {})
        left = {"authorization", "cookie"} - set(route.get("request_headers_to_remove", []))
        if authz.get("disabled") and "route" in route and left:
            yield f"envoy: {route['match']} asks nobody, and hands {' and '.join(sorted(left))} on"


def behind(filters: dict) -> Iterator[str]:
    """What is behind a message passes no other filter."""
    mutations = filters.get("header_mutation", {}).get("mutations", {}).get("request_trailers_mutations", [])
    if {"remove_on_match": {"key_matcher": {"safe_regex": {"regex": ".*"}}}} not in mutations:
        yield "envoy: somebody may say behind a message what is taken from before it"


def held(transcoder: dict, routes: list[dict]) -> Iterator[str]:
    """A stream's own limit is too small for a page, and none holds for a request that the transcoder reads."""
    if "max_response_body_size" not in transcoder:
        yield "envoy: the transcoder has no max_response_body_size"
    for route in routes:
        path = route["match"].get("prefix") or route["match"].get("path", "")
        if path.startswith("/v1/") and "envoy.filters.http.buffer" not in route.get("typed_per_filter_config", {}):
            yield f"envoy: nothing bounds the JSON that {path} takes"


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
