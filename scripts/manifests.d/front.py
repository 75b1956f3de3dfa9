"""The edge of a rehearsal, and who comes to it."""

import json
import sys
from pathlib import Path

import environment
from stage import run, spawn, until
from suite import Suite


def edge(root: Path, project: Suite, own: str = "127.0.0.1", names: dict[str, str] | None = None) -> None:
    """Envoy as its containers find it, at an address of this machine; names that do not resolve here are addresses."""
    secrets = root / "envoy-secrets"
    secrets.mkdir()
    (secrets / "edge.yaml").write_text(environment.made("./.fairlead/compose/edge.yaml", project))
    described = json.dumps(project.envoy).replace("/etc/envoy-secrets", str(secrets))
    described = described.replace("/etc/envoy/", f"{project.root}/deploy/envoy/").replace("127.0.0.1", own)
    for name, address in (names or {}).items():
        described = described.replace(f'"{name}"', f'"{address}"')
    described = json.loads(described)
    for listener in described["static_resources"]["listeners"]:
        listener["address"]["socket_address"] = {
            "address": own,
            "port_value": listener["address"]["socket_address"]["port_value"],
        }
    config, log = root / "envoy.json", root / "envoy.log"
    config.write_text(json.dumps(described))
    envoy = Path(sys.executable).with_name("envoy")
    spawn(envoy, "--config-path", config, "--disable-hot-restart", "--log-level", "warning", log=log)
    until("the edge", ["curl", "--fail", "--silent", f"http://{own}:8081/ready"], log=log)
    run("curl", "--fail", "--silent", "--output", "/dev/null", f"http://{own}:8081/metrics")


def tour(demo: str, own: str = "127.0.0.1") -> None:
    # Envoy resolves names and asks for health before it sends anything.
    until("the tour", [demo, f"http://{own}:50051"])
