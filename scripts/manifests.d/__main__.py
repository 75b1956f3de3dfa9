"""Checks everything that says how the suite is run, and shows of every check that it can fail.

__main__.py KUSTOMIZE…: the command that renders a folder, in words.
"""

import sys
from pathlib import Path

import artifacts
import breakages
import compose
import edge
import images
import monitoring
import network
import pools
import programs
import schemas
import security
import shape
import shutdown
import suite
import tools

CHECKS = {
    "kubernetes schema": schemas.kubernetes,
    "compose schema": schemas.compose,
    "skaffold schema": schemas.skaffold,
    "restricted pods": security.check,
    "shape of services": shape.check,
    "components": shape.components,
    "who reaches whom": network.check,
    "versions of images": images.check,
    "alerts and dashboards": monitoring.check,
    "settings": programs.check,
    "time to stop": shutdown.check,
    "connections": pools.check,
    "routes of the edge": edge.check,
    "Envoy": tools.envoy,
    "compose": compose.check,
    "Dockerfiles": artifacts.dockerfiles,
    "hadolint": tools.hadolint,
    "skaffold": artifacts.skaffold,
}


def main() -> int:
    read = suite.read(Path(__file__).parents[2], sys.argv[1:])
    print(f"rendered {', '.join(f'{name} ({len(it)} resources)' for name, it in read.overlays.items())}")
    failures = [finding for check in CHECKS.values() for finding in check(read)]
    for failure in failures:
        print(failure, file=sys.stderr)
    if failures:
        return 1
    return breakages.show(read, CHECKS)


if __name__ == "__main__":
    sys.exit(main())
