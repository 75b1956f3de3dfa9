"""What is built is what is deployed: the Dockerfiles, and skaffold's artifacts."""

import re
from collections.abc import Iterator

from suite import Suite, containers, named, program


# What an image says of itself.
LABELS = ("description", "licenses", "revision", "title", "version")


def dockerfiles(suite: Suite) -> Iterator[str]:
    last, local = (
        re.split(r"^(?=FROM )", text, flags=re.MULTILINE)[-1] for text in (suite.dockerfile, suite.dockerfile_local)
    )
    if last != local:
        yield "the last stages of Dockerfile and Dockerfile.local differ"
    if not last.startswith("FROM scratch\n"):
        yield "Dockerfile: the image is not made from scratch"
    user = re.search(r"^USER (.*)$", last, re.MULTILINE)
    if user is None or not re.fullmatch(r"[1-9]\d*:[1-9]\d*", user[1]):
        yield "Dockerfile: its user is not a number, or root"
    for label in LABELS:
        if f'org.opencontainers.image.{label}="' not in last:
            yield f"Dockerfile: the image does not tell its {label}"
    first, cooked = suite.dockerfile.partition(" chef cook ")[::2]
    if not cooked or "COPY . ." in first.rpartition("\nFROM ")[2]:
        yield "Dockerfile: dependencies are compiled again whenever the code changes"
    compiled = re.findall(r"^FROM (.*rust:.*)$", suite.dockerfile, re.MULTILINE)
    if not all("--platform=$BUILDPLATFORM " in it for it in compiled) or "ARG TARGETARCH" not in suite.dockerfile:
        yield "Dockerfile: for another processor it compiles in an emulator, or not at all"
    version = re.search(r'channel = "(.*)"', (suite.root / "rust-toolchain.toml").read_text())[1]
    if {version} != set(re.findall(r"(?:rust:|RUSTUP_TOOLCHAIN=)([\d.]+)", suite.dockerfile)):
        yield f"Dockerfile: compiles with another Rust than {version}"


def skaffold(suite: Suite) -> Iterator[str]:
    base = suite.skaffold
    for profile in [base, *base.get("profiles", [])]:
        name = profile.get("name", "dev")
        built = {it["image"]: it for it in profile["build"]["artifacts"]}
        paths = profile["manifests"]["kustomize"]["paths"]
        if paths != [f"deploy/kustomize/overlays/{name}"] or name not in suite.overlays:
            yield f"skaffold: {name} deploys {paths}"
            continue
        images = {
            it["image"] for resource in suite.overlays[name] for it in containers(resource) if program(it["image"])
        }
        deployed = {image.rpartition(":")[0] if ":" in image.rpartition("/")[2] else image for image in images}
        if built.keys() != deployed:
            yield f"skaffold: {name} builds {sorted(built)} and deploys {sorted(deployed)}"
        for image, artifact in built.items():
            if "sync" in artifact:
                yield f"skaffold: {image} is synchronised into, but has nothing that could receive it"
            if artifact["docker"]["buildArgs"].get("SERVICE") != program(image):
                yield f"skaffold: {image} is built as another service"
    for forwarded in base.get("portForward", []):
        service = named(suite.overlays["dev"], forwarded["resourceType"].capitalize(), forwarded["resourceName"])
        if service is None or service["metadata"]["namespace"] != forwarded["namespace"]:
            yield f"skaffold: there is no {forwarded['resourceName']} to forward to"
        elif forwarded["port"] not in [it["port"] for it in service["spec"]["ports"]]:
            yield f"skaffold: {forwarded['resourceName']} has no port {forwarded['port']}"
