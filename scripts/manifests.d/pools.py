"""All replicas together stay below what Postgres allows, also in the middle of a rollout."""

import math
import re
from collections.abc import Iterator

import environment
import programs
from suite import Suite, named, of_kind, plain

# Of one pod that migrates: the work, and the lock.
MIGRATE = 2


def check(suite: Suite) -> Iterator[str]:
    for place in environment.everywhere(suite):
        name = f"FAIRLEAD__{place.program.upper()}__POSTGRES__MAX_CONNECTIONS"
        if place.program == "migrate" or name not in programs.schema(place.program):
            continue
        origin = place.name.split(":")[0]
        allowed = declared(suite, origin, place.service)
        if allowed is None:
            yield f"{place.name}: nothing says how many connections its Postgres allows (ConfigMap stores)"
            continue
        pool = int(programs.setting(place, name))
        replicas = most(suite, origin, place.service)
        needed = pool * replicas + MIGRATE
        if needed > allowed:
            yield f"{place.name}: {pool} x {replicas} replicas + {MIGRATE} for migrate = {needed} connections, of {allowed}"


def declared(suite: Suite, origin: str, service: str) -> int | None:
    if origin == "compose":
        found = re.search(r"max_connections=(\d+)", str(suite.compose["services"]["postgres"].get("command")))
        return int(found[1]) - 3 if found else None
    resources = suite.overlays[origin]
    stores = next(
        (it["data"] for it in of_kind(resources, "ConfigMap") if plain(it["metadata"]["name"], resources) == "stores"),
        {},
    )
    allowed = stores.get(f"{service}.max-connections")
    return int(allowed) - int(stores.get(f"{service}.reserved-connections", 0)) if allowed else None


def most(suite: Suite, origin: str, service: str) -> int:
    """How many replicas there are at the most: what the autoscaler may, and those that a rollout adds."""
    if origin == "compose":
        return 1
    resources = suite.overlays[origin]
    most = named(resources, "HorizontalPodAutoscaler", service)["spec"]["maxReplicas"]
    surge = named(resources, "Deployment", service)["spec"]["strategy"]["rollingUpdate"]["maxSurge"]
    if isinstance(surge, str):
        surge = math.ceil(most * int(surge.rstrip("%")) / 100)
    return most + surge
