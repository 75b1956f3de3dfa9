"""Finds the parts of a suite that are broken on purpose."""

from collections.abc import Callable
from dataclasses import dataclass

from suite import Suite, named, of_kind, plain, pod


@dataclass
class Breakage:
    # The check that must notice it.
    check: str
    # What it must say, in part.
    says: str
    breaks: Callable[[Suite], None]


def deployment(suite: Suite, name: str = "accounts") -> dict:
    return named(suite.overlays["production"], "Deployment", name)


def container(suite: Suite, name: str = "accounts") -> dict:
    return pod(deployment(suite, name))["containers"][0]


def config(suite: Suite, name: str, overlay: str = "production") -> dict:
    resources = suite.overlays[overlay]
    return next(
        it["data"] for it in of_kind(resources, "ConfigMap") if plain(it["metadata"]["name"], resources) == name
    )


def secret(suite: Suite, name: str) -> str:
    resources = suite.overlays["dev"]
    return next(it for it in map(own_name, of_kind(resources, "Secret")) if plain(it, resources) == name)


def own_name(resource: dict) -> str:
    return resource["metadata"]["name"]


def rules(suite: Suite) -> list:
    return named(suite.overlays["production"], "PrometheusRule", "fairlead")["spec"]["groups"]


def without(suite: Suite, kind: str, name: str, overlay: str = "production") -> None:
    resources = suite.overlays[overlay]
    resources.remove(named(resources, kind, name))


def policy(suite: Suite, name: str) -> dict:
    return named(suite.overlays["dev"], "NetworkPolicy", name)["spec"]


def put(target: dict | list, key, value) -> None:
    target[key] = value


def cluster(suite: Suite, name: str) -> dict:
    return next(it for it in suite.envoy["static_resources"]["clusters"] if it["name"] == name)


def manager(suite: Suite) -> dict:
    return suite.envoy["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]


def routes(suite: Suite) -> list:
    return manager(suite)["route_config"]["virtual_hosts"][0]["routes"]


def route(suite: Suite, prefix: str) -> dict:
    return next(it for it in routes(suite) if it["match"].get("prefix") == prefix)


def http_filter(suite: Suite, name: str) -> dict:
    return next(it["typed_config"] for it in manager(suite)["http_filters"] if it["name"].endswith(name))


def service(suite: Suite, name: str = "accounts") -> dict:
    return suite.compose["services"][name]


def replace(suite: Suite, field: str, old: str, new: str) -> None:
    text = getattr(suite, field)
    assert old in text, f"{old!r} is not in {field}"
    setattr(suite, field, text.replace(old, new))
