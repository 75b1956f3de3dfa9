"""Runs the compose project, or the development cluster, without containers: the real stores, programs and edge, in the
order, with the settings, the secrets and the configuration files that it names, in a network of their own. Then it takes
the tour through the edge.

rehearsal.py compose|dev DEMO KUSTOMIZE…: run by scripts/rehearse as the first process of a namespace, whose end is
everything's end.
"""

import re
import subprocess
import sys
from pathlib import Path

import environment
import stores
import suite
from environment import Place
from front import edge, tour
from programs import BINARIES
from stage import addresses, folder, handed, network, run, spawn, until
from suite import Suite


def main() -> None:
    stage, demo, *kustomize = sys.argv[1:]
    project = suite.read(Path(__file__).parents[2], kustomize)
    places = {
        (it.program, it.service): it for it in environment.everywhere(project) if it.name.startswith(f"{stage}: ")
    }
    services = [places[service, service] for service in project.services]
    root, names = folder(), addresses(project.services)
    network(root, names)
    stores.start(root, project, places["uploads", "uploads"], names)
    for place in places.values():
        if place.program == "migrate":
            migrate(root, place)
    processes = [start(root, place, names[f"{place.service}-headless"]) for place in services]
    edge(root, project)
    tour(demo)
    let_go(project)
    for process, place in zip(processes, services, strict=True):
        stop(process, place)
    print(f"{stage} works: schema, services, edge, the whole tour, a clean stop")


def migrate(root: Path, place: Place) -> None:
    """As every pod of a rollout does it, though another has done it already."""
    for attempt in ("applies", "finds nothing to do"):
        for name in {
            found[1].lower() for it in place.variables if (found := re.match(r"FAIRLEAD__MIGRATE__(\w+?)__", it))
        }:
            run(BINARIES / "migrate", name, "up", env=handed(root, place))
        print(f"migrate {attempt}")


def start(root: Path, place: Place, address: str) -> subprocess.Popen:
    # What an image sets, here for one address.
    variables = handed(root, place) | {
        "FAIRLEAD__SERVER__LISTEN": f"{address}:50051",
        "FAIRLEAD__ADMIN__LISTEN": f"{address}:8081",
    }
    variables.pop("OTEL_EXPORTER_OTLP_ENDPOINT", None)
    process = spawn(BINARIES / place.program, env=variables, log=root / f"{place.service}.log")
    until(place.service, [BINARIES / place.program, "probe", "ready"], env=variables, log=root / f"{place.service}.log")
    print(f"{place.service} is ready")
    return process


def let_go(project: Suite) -> None:
    """What a cluster has the edge do before it stops it, without the waiting: it says no, and takes no more callers."""
    edge = suite.named(project.overlays["dev"], "Deployment", "edge")
    command = suite.pod(edge)["containers"][0]["lifecycle"]["preStop"]["exec"]["command"]
    shell, option, script = command
    run(shell, option, "set -e\n" + re.sub(r"sleep \d+", "true", script))
    answer = subprocess.run(
        ["curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "http://127.0.0.1:8081/ready"],
        capture_output=True,
        text=True,
    )
    if answer.stdout not in ("503", "000"):
        raise SystemExit(f"the edge is told to stop, and says {answer.stdout} when it is asked whether it is ready")


def stop(process: subprocess.Popen, place: Place) -> None:
    process.terminate()
    code = process.wait(timeout=place.grace)
    if code != 0:
        raise SystemExit(f"{place.service} exits with {code} when it is told to stop")


if __name__ == "__main__":
    main()
