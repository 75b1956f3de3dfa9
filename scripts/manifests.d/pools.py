"""All replicas of all services together stay below what their Postgres allows, also in the middle of a rollout."""

import math
import re
from collections.abc import Iterator

import environment
import programs
from environment import Place
from suite import Suite, named, of_kind, plain

# Of one pod that migrates: the work, and the lock.
MIGRATE = 2
# The Postgres of every service that has none of its own.
SHARED = "postgres"


def check(suite: Suite) -> Iterator[str]:
    for (origin, server), places in servers(suite).items():
        allowed = declared(suite, origin, server)
        if allowed is None:
            yield f"{origin}: nothing says how many connections {server} allows (ConfigMap stores)"
            continue
        asked = {place.service: most(suite, origin, place) for place in places}
        needed = sum(pool * replicas + MIGRATE for pool, replicas in asked.values())
        if needed > allowed:
            of_each = " + ".join(f"{name} {pool} x {replicas} + {MIGRATE}" for name, (pool, replicas) in asked.items())
            yield f"{origin}: {of_each} for migrate = {needed} connections, of {allowed}"


def servers(suite: Suite) -> dict[tuple[str, str], list[Place]]:
    """Who shares a Postgres, by where they run and the name of it."""
    found: dict[tuple[str, str], list[Place]] = {}
    for place in environment.everywhere(suite):
        if place.program != "migrate" and variable(place) in programs.schema(place.program):
            origin = place.name.split(":")[0]
            own = f"{place.service}.max-connections" in stores(suite, origin)
            found.setdefault((origin, place.service if own else SHARED), []).append(place)
    return found


def variable(place: Place) -> str:
    return f"FAIRLEAD__{place.program.upper()}__POSTGRES__MAX_CONNECTIONS"


def stores(suite: Suite, origin: str) -> dict[str, str]:
    """What the stores allow, as the overlay or the compose project says."""
    if origin == "compose":
        found = re.search(r"max_connections=(\d+)", str(suite.compose["services"]["postgres"].get("command")))
        return {f"{SHARED}.max-connections": found[1], f"{SHARED}.reserved-connections": "3"} if found else {}
    resources = suite.overlays[origin]
    maps = (it for it in of_kind(resources, "ConfigMap") if plain(it["metadata"]["name"], resources) == "stores")
    return next((it["data"] for it in maps), {})


def declared(suite: Suite, origin: str, server: str) -> int | None:
    said = stores(suite, origin)
    allowed = said.get(f"{server}.max-connections")
    return int(allowed) - int(said.get(f"{server}.reserved-connections", 0)) if allowed else None


def most(suite: Suite, origin: str, place: Place) -> tuple[int, int]:
    """The connections of one replica, and how many there are at the most: the autoscaler's, and those of a rollout."""
    pool = int(programs.setting(place, variable(place)))
    if origin == "compose":
        return pool, 1
    resources = suite.overlays[origin]
    most = named(resources, "HorizontalPodAutoscaler", place.service)["spec"]["maxReplicas"]
    surge = named(resources, "Deployment", place.service)["spec"]["strategy"]["rollingUpdate"]["maxSurge"]
    if isinstance(surge, str):
        surge = math.ceil(most * int(surge.rstrip("%")) / 100)
    return pool, most + surge
