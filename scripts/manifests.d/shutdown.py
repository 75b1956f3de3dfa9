"""The platform waits as long as a shutdown takes, and the process knows how long that is."""

import re
from collections.abc import Iterator

import environment
import programs
import quantities
from suite import Suite, containers, of_kind, pod

SPANS = ("LAME_DUCK", "DRAIN", "RELEASE", "FLUSH")
# What signal handling and the report take, at the most.
SPARE = 2


def check(suite: Suite) -> Iterator[str]:
    for place in environment.everywhere(suite):
        if place.program == "migrate":
            continue
        known = programs.seconds(place, "FAIRLEAD__LIFECYCLE__GRACE")
        if known != place.grace:
            yield f"{place.name}: is told of {known:g} s of grace, and has {place.grace:g} s"
        needed = SPARE + sum(programs.seconds(place, f"FAIRLEAD__LIFECYCLE__{span}") for span in SPANS)
        if place.grace < needed:
            yield f"{place.name}: needs {needed:g} s to stop, and has {place.grace:g} s"
    for overlay, resources in suite.overlays.items():
        for deployment in of_kind(resources, "Deployment"):
            for container in containers(deployment):
                yield from (
                    f"{overlay}: {deployment['metadata']['name']}: {it}" for it in before(container, pod(deployment))
                )
    yield from noticed(suite)


def before(container: dict, spec: dict) -> Iterator[str]:
    """What is done before SIGTERM is sent takes from the same grace."""
    command = " ".join(container.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", []))
    slept = sum(int(it) for it in re.findall(r"sleep (\d+)", command))
    if slept + SPARE > spec.get("terminationGracePeriodSeconds", 30):
        yield f"its preStop hook takes {slept} s of less"


def noticed(suite: Suite) -> Iterator[str]:
    """The edge notices that a replica is about to stop while it still serves."""
    ducks = {
        programs.seconds(it, "FAIRLEAD__LIFECYCLE__LAME_DUCK")
        for it in environment.everywhere(suite)
        if it.program != "migrate"
    }
    for cluster in suite.envoy["static_resources"]["clusters"]:
        for health in cluster.get("health_checks", []):
            each = quantities.seconds(health["interval"]) + quantities.seconds(health["timeout"])
            if each * health["unhealthy_threshold"] > min(ducks):
                yield f"envoy: {cluster['name']} is found unhealthy later than its lame duck ends"
