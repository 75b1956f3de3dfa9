"""The compose project confines its containers as the cluster does, and starts them in order."""

from collections.abc import Iterator

from suite import Suite, program

# On every address of the machine; what watches the suite is for those on it.
PUBLISHED = {"edge": ["50051:50051"]}


def check(suite: Suite) -> Iterator[str]:
    services = suite.compose["services"]
    for name, service in services.items():
        if service.get("read_only") is not True:
            yield f"compose: the root file system of {name} can be written"
        if service.get("cap_drop") != ["ALL"]:
            yield f"compose: {name} has capabilities"
        if not service.get("mem_limit") or not service.get("cpus"):
            yield f"compose: {name} has no limit of memory or CPU"
        outside = [it for it in service.get("ports", []) if not it.startswith("127.0.0.1:")]
        if outside != PUBLISHED.get(name, []):
            yield f"compose: {name} publishes {outside}"
    for name in suite.services:
        service = services.get(name)
        if service is None:
            yield f"compose: there is no {name}"
            continue
        if service.get("healthcheck", {}).get("test") != ["CMD", "/service", "probe", "ready"]:
            yield f"compose: {name} is not asked whether it is ready"
        if (suite.root / "migrations" / name).is_dir():
            wait = service.get("depends_on", {}).get(f"migrate-{name}", {}).get("condition")
            if wait != "service_completed_successfully":
                yield f"compose: {name} does not wait for its schema"
    for name, service in services.items():
        if program(service["image"]) is not None and service.get("build", {}).get("args") != {
            "SERVICE": program(service["image"])
        }:
            yield f"compose: {name} is not built as {program(service['image'])}"
