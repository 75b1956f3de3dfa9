"""Runs the images that were built on this machine by a container engine: each with a file system that cannot be written,
as nobody, in 64 MiB and half a CPU, over real stores. Takes the tour through the edge, and stops them.

engine.py DOCKER TAG FOLDER DEMO KUSTOMIZE…: run by scripts/test-images, which removes what this leaves: the folder, images
of that tag, and containers that have it as a label.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import environment
import stores
import suite
from environment import Place
from front import edge, tour
from stage import addresses, handed, until

LIMITS = ["--memory=64m", "--memory-swap=64m", "--cpus=0.5"]
CONFINED = ["--network=host", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges"]
LARGEST = 10_000_000
# Where the edge is: beside the services and the stores.
OWN = "127.0.1.250"


class Engine:
    """A container engine, and what its containers find on this machine."""

    def __init__(self, docker: str, tag: str, root: Path, names: dict[str, str]):
        self.docker, self.tag, self.root, self.names = docker, tag, root, names

    def ask(self, *arguments: str) -> str:
        done = subprocess.run([self.docker, *arguments], capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise SystemExit(f"{self.docker} {' '.join(arguments)} fails: {done.stdout} {done.stderr}")
        return done.stdout.strip()

    def inspect(self, what: str, name: str) -> str:
        return self.ask("inspect", "--format", f"{{{{{what}}}}}", name)

    def image(self, program: str) -> str:
        return f"fairlead/{program}:{self.tag}"

    def name(self, place: Place) -> str:
        return f"{self.tag}-{place.service}"

    def run(self, place: Place, options: list[str], *command: str) -> None:
        """A container that is handed what compose hands it; names are addresses of this machine."""
        handed(self.root, place)
        for path in place.files:
            mounted = Path(f"{self.root}/{place.service}{path}")
            mounted.chmod(0o444)
            options = [*options, f"--volume={mounted}:{path}:ro"]
        # Nobody takes traces here.
        told = {key: value for key, value in place.variables.items() if key != "OTEL_EXPORTER_OTLP_ENDPOINT"}
        variables = [f"--env={key}={value}" for key, value in told.items()]
        hosts = [f"--add-host={known}:{address}" for known, address in self.names.items()]
        own = [f"--name={self.name(place)}", f"--label=fairlead-test={self.tag}"]
        self.ask("run", *own, *LIMITS, *CONFINED, *variables, *hosts, *options, self.image(place.program), *command)


def main() -> None:
    docker, tag, folder, demo, *kustomize = sys.argv[1:]
    project = suite.read(Path(__file__).parents[2], kustomize)
    places = [it for it in environment.everywhere(project) if it.name.startswith("compose: ")]
    services = [it for it in places if it.program in project.services]
    root, names = Path(folder), addresses(project.services)
    engine = Engine(docker, tag, root, names)
    for program in project.programs:
        weigh(engine, program)
    stores.start(root, project, next(it for it in services if it.program == "uploads"), names)
    for place in places:
        if place.program == "migrate":
            migrate(engine, place)
    for place in services:
        start(engine, place, names[f"{place.service}-headless"])
    edge(root, project, OWN, names)
    tour(demo, OWN)
    for place in services:
        stop(engine, place)
    print("the images work: schema, services, edge, the whole tour, a clean stop")


def weigh(engine: Engine, program: str) -> None:
    size = int(engine.inspect(".Size", engine.image(program)))
    print(f"{program:10} {size / 1e6:5.2f} MB")
    if size > LARGEST:
        raise SystemExit(f"{program} is larger than {LARGEST / 1e6:g} MB")
    if not re.fullmatch(r"[1-9]\d*:[1-9]\d*", engine.inspect(".Config.User", engine.image(program))):
        raise SystemExit(f"the image of {program} does not say by a number that it is nobody")


def migrate(engine: Engine, place: Place) -> None:
    for attempt in ("applies", "finds nothing to do"):
        engine.run(place, ["--rm"], place.service.removeprefix("migrate-"), "up")
        print(f"{place.service} {attempt}")


def start(engine: Engine, place: Place, address: str) -> None:
    ended = engine.root / f"{place.service}.ended"
    ended.touch()
    ended.chmod(0o666)
    listen = [
        f"--env=FAIRLEAD__SERVER__LISTEN={address}:50051",
        f"--env=FAIRLEAD__ADMIN__LISTEN={address}:8081",
        f"--volume={ended}:/dev/termination-log",
    ]
    engine.run(place, ["--detach", *listen])
    name = engine.name(place)
    until(place.service, [engine.docker, "exec", name, "/service", "probe", "ready"])
    plan = engine.ask("exec", name, "/service", "sizing")
    if not re.search(r"^cpu +0\.5 ", plan, re.MULTILINE) or not re.search(r"^memory +64\.0 MiB ", plan, re.MULTILINE):
        raise SystemExit(f"{place.service} does not know its container: {plan}")
    print(f"{place.service} is ready")


def stop(engine: Engine, place: Place) -> None:
    name = engine.name(place)
    engine.ask("stop", "-t", f"{place.grace:g}", name)
    state = json.loads(engine.inspect("json .State", name))
    if state["ExitCode"] != 0 or state["OOMKilled"]:
        raise SystemExit(f"{place.service} does not stop cleanly: {state} {engine.ask('logs', name)}")
    told = json.loads((engine.root / f"{place.service}.ended").read_text())
    if told["cause"] != "sigterm" or told["cut"] or told["workers_abandoned"]:
        raise SystemExit(f"{place.service} tells of another end: {told}")
    print(f"{place.service} has stopped: {told['phases']}")


if __name__ == "__main__":
    main()
