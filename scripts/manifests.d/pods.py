"""Runs the pods of the development cluster by `podman kube play`: what is rendered, with images of this machine. The init
container migrates, the tour is taken through the edge, and a migration that fails keeps its service from starting.

pods.py DEMO KUSTOMIZE…: run by scripts/test-pods as the first process of a namespace, whose end is everything's end.

Podman stands in for a kubelet, and not for all of it. What it cannot do is done here: probes are asked as they are rendered,
$(NAME) in arguments and variables is what it stands for, volumes of Secrets and ConfigMaps are folders, names of Services
are entries of /etc/hosts. Not shown are restarts by probes, modes and groups of mounted files, network policies, rollouts.
"""

import subprocess
import sys
import time
from pathlib import Path

import environment
import stores
import suite
from environment import Place
from front import edge, tour
from podman import Podman, playable
from stage import STORES, addresses, folder, handed, network, run
from suite import Suite

# Of pods, and of servers beside them.
PODS, SERVERS = "10.124.0", "10.125.0"


def main() -> None:
    demo, *kustomize = sys.argv[1:]
    project = suite.read(Path(__file__).parents[2], kustomize)
    places = {it.service: it for it in environment.everywhere(project) if it.name.startswith("dev: ")}
    root = folder()
    # What engines of one machine share.
    for shared in ("/dev/shm", "/run"):
        run("mount", "-t", "tmpfs", "pods", shared)
    names = addresses(project.services, PODS) | {it: addresses([], SERVERS)[it] for it in STORES}
    network(root, names)
    for name in STORES:
        run("ip", "address", "add", f"{names[name]}/32", "dev", "lo")
    stores.start(root, project, places["uploads"], names)
    podman = Podman(root, PODS)
    podman.build(project.root)
    for place in environment.everywhere(project):
        if place.name.startswith("dev: "):
            handed(root, place)
    try:
        journey(podman, project, places, names, demo)
    finally:
        # So that no control group is left.
        podman.ask("pod", "rm", "--force", "--all")


def journey(podman: Podman, project: Suite, places: dict[str, Place], names: dict[str, str], demo: str) -> None:
    stays_down(podman, project, names)
    for service in project.services:
        played = play(podman, project, service, names)
        if played.returncode != 0:
            raise SystemExit(f"{service} cannot be played: {played.stdout} {played.stderr}")
        answers(podman, project, service, names[f"{service}-headless"])
    edge(podman.root, project)
    tour(demo)
    for service in project.services:
        stop(podman, places[service])
    print("the pods work: schema, probes, edge, the whole tour, a clean stop, and no start without a schema")


def play(podman: Podman, project: Suite, service: str, names: dict[str, str]) -> subprocess.CompletedProcess:
    return podman.play(playable(service, project, podman.root, names), names[f"{service}-headless"])


def stays_down(podman: Podman, project: Suite, names: dict[str, str]) -> None:
    """Somebody has made a table by hand, so that the migration fails."""
    url = (environment.made_folder(project) / "accounts-migrate.postgres-url").read_text()
    stores.psql(url, names["postgres"], "create table accounts ()")
    played = play(podman, project, "accounts", names)
    state = podman.ask("inspect", "--format", "{{.State.Status}}", "accounts-pod-0-service").stdout.strip()
    if played.returncode == 0 or state not in ("created", "configured"):
        raise SystemExit(f"accounts starts without its schema: {state} {played.stdout} {played.stderr}")
    said = podman.ask("logs", "accounts-pod-0-migrate")
    if "already exists" not in said.stdout + said.stderr:
        raise SystemExit(f"migrate does not say why it fails: {said.stdout} {said.stderr} {played.stderr}")
    podman.remove("accounts")
    stores.psql(url, names["postgres"], "drop table accounts")
    print("accounts does not start where its migration fails, and migrate says why")


def answers(podman: Podman, project: Suite, service: str, address: str) -> None:
    """Asks each probe as often as the kubelet would before it gave up."""
    [container] = suite.pod(suite.named(project.overlays["dev"], "Deployment", service))["containers"]
    ports = {it["name"]: it["containerPort"] for it in container["ports"]}
    for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
        probe = container[kind]
        asked = f"http://{address}:{ports[probe['httpGet']['port']]}{probe['httpGet']['path']}"
        # A new pod may be unready for as long as its rollout may take; the two others have as many tries as they are given.
        tries = 60 if kind == "readinessProbe" else probe["failureThreshold"]
        while (done := ask(asked, probe["timeoutSeconds"])).returncode != 0:
            tries -= 1
            if tries == 0:
                log = podman.ask("logs", f"{service}-pod-0-service")
                raise SystemExit(f"{service}: the {kind} fails: {done.stdout} {done.stderr} {log.stdout} {log.stderr}")
            time.sleep(probe["periodSeconds"])
    print(f"{service} is started, ready and alive")


def ask(url: str, timeout_s: int) -> subprocess.CompletedProcess:
    command = ["curl", "--fail-with-body", "--silent", "--show-error", "--max-time", str(timeout_s), url]
    return subprocess.run(command, capture_output=True, text=True)


def stop(podman: Podman, place: Place) -> None:
    name = f"{place.service}-pod-0"
    podman.must("pod", "stop", f"--time={place.grace:g}", name)
    state = podman.must("inspect", "--format", "{{.State.ExitCode}} {{.State.OOMKilled}}", f"{name}-service")
    if state != "0 false":
        raise SystemExit(f"{place.service} does not stop cleanly: {state} {podman.ask('logs', f'{name}-service').stdout}")


if __name__ == "__main__":
    main()
