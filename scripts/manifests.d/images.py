"""Images of others are named by an exact version, the same everywhere; ours by a release where it matters."""

import re
from collections.abc import Iterator

from suite import Suite, containers, program

# A version with at least two numbers, and perhaps what it stands on: 17.6-bookworm, v3.5.0.
EXACT = re.compile(r"v?\d+(\.\d+)+(-[a-z0-9.]+)?")
RELEASED = ("production", "staging")


def check(suite: Suite) -> Iterator[str]:
    tags: dict[str, set[str]] = {}
    for place, image in everywhere(suite):
        name, tag = split(image)
        if program(image) is None:
            tags.setdefault(name, set()).add(tag)
        elif place not in RELEASED:
            continue
        if not EXACT.fullmatch(tag) and "@sha256:" not in image:
            yield f"{place}: {image} has no exact version"
    for name, found in tags.items():
        if len(found) > 1:
            yield f"{name} has several versions: {', '.join(sorted(found))}"


def everywhere(suite: Suite) -> Iterator[tuple[str, str]]:
    for overlay, resources in suite.overlays.items():
        for resource in resources:
            yield from ((overlay, it["image"]) for it in containers(resource))
    yield from (("compose", it["image"]) for it in suite.compose["services"].values())


def split(image: str) -> tuple[str, str]:
    name, _, tag = image.split("@")[0].rpartition(":")
    return (name, tag) if name and "/" not in tag else (image, "")
