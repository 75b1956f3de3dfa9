"""Shows of every check that it can fail: on a copy of the suite in which one thing is wrong."""

import copy
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from suite import Suite, named, of_kind, plain, pod

Check = Callable[[Suite], Iterator[str]]


@dataclass
class Breakage:
    check: str
    # What the check must say, in part.
    says: str
    breaks: Callable[[Suite], None]


def deployment(suite: Suite, name: str = "accounts") -> dict:
    return named(suite.overlays["production"], "Deployment", name)


def container(suite: Suite, name: str = "accounts") -> dict:
    return pod(deployment(suite, name))["containers"][0]


def config(suite: Suite, name: str, overlay: str = "production") -> dict:
    resources = suite.overlays[overlay]
    return next(it["data"] for it in of_kind(resources, "ConfigMap") if plain(it["metadata"]["name"], resources) == name)


def without(suite: Suite, kind: str, name: str, overlay: str = "production") -> None:
    resources = suite.overlays[overlay]
    resources.remove(named(resources, kind, name))


def policy(suite: Suite, name: str) -> dict:
    return named(suite.overlays["dev"], "NetworkPolicy", name)["spec"]


def put(target: dict | list, key, value) -> None:
    target[key] = value


def cluster(suite: Suite, name: str) -> dict:
    return next(it for it in suite.envoy["static_resources"]["clusters"] if it["name"] == name)


def routes(suite: Suite) -> list:
    manager = suite.envoy["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    return manager["route_config"]["virtual_hosts"][0]["routes"]


def service(suite: Suite, name: str = "accounts") -> dict:
    return suite.compose["services"][name]


def replace(suite: Suite, field: str, old: str, new: str) -> None:
    text = getattr(suite, field)
    assert old in text, f"{old!r} is not in {field}"
    setattr(suite, field, text.replace(old, new))


ALL = [
    Breakage("kubernetes schema", "replicaz", lambda it: put(deployment(it)["spec"], "replicaz", 2)),
    Breakage("compose schema", "memory_limit", lambda it: put(service(it), "memory_limit", "1g")),
    Breakage("skaffold schema", "artefacts", lambda it: put(it.skaffold["build"], "artefacts", [])),
    Breakage("restricted pods", "may run as root", lambda it: pod(deployment(it))["securityContext"].pop("runAsNonRoot")),
    Breakage("restricted pods", "seccomp", lambda it: pod(deployment(it))["securityContext"].pop("seccompProfile")),
    Breakage("restricted pods", "token", lambda it: pod(deployment(it)).pop("automountServiceAccountToken")),
    Breakage("restricted pods", "can be written", lambda it: container(it)["securityContext"].pop("readOnlyRootFilesystem")),
    Breakage("restricted pods", "capabilities", lambda it: container(it, "edge")["securityContext"].pop("capabilities")),
    Breakage("restricted pods", "volume", lambda it: pod(deployment(it))["volumes"].append({"name": "node", "hostPath": {"path": "/"}})),
    Breakage("restricted pods", "namespace", lambda it: of_kind(it.overlays["dev"], "Namespace")[0]["metadata"].pop("labels")),
    Breakage("shape of services", "no PodDisruptionBudget", lambda it: without(it, "PodDisruptionBudget", "sessions")),
    Breakage("shape of services", "no HorizontalPodAutoscaler", lambda it: without(it, "HorizontalPodAutoscaler", "sessions")),
    Breakage("shape of services", "no NetworkPolicy", lambda it: without(it, "NetworkPolicy", "sessions")),
    Breakage("shape of services", "denies", lambda it: without(it, "NetworkPolicy", "default-deny")),
    Breakage("shape of services", "sessions-headless", lambda it: without(it, "Service", "sessions-headless")),
    Breakage("shape of services", "selects others", lambda it: put(named(it.overlays["production"], "Service", "accounts")["spec"], "selector", {"app.kubernetes.io/name": "sessions"})),
    Breakage("shape of services", "livenessProbe", lambda it: put(container(it)["livenessProbe"]["httpGet"], "path", "/ready")),
    Breakage("shape of services", "no startupProbe", lambda it: container(it, "collector").pop("startupProbe")),
    Breakage("shape of services", "no limits", lambda it: container(it)["resources"]["limits"].pop("memory")),
    Breakage("shape of services", "spread", lambda it: pod(deployment(it)).pop("topologySpreadConstraints")),
    Breakage("shape of services", "nowhere", lambda it: put(container(it)["envFrom"][0]["configMapRef"], "name", "suit")),
    Breakage("who reaches whom", "accounts cannot reach postgres", lambda it: without(it, "NetworkPolicy", "accounts-postgres", "dev")),
    Breakage("who reaches whom", "edge cannot reach sessions", lambda it: put(policy(it, "sessions")["ingress"][0]["from"][0]["podSelector"]["matchLabels"], "app.kubernetes.io/part-of", "others")),
    Breakage("who reaches whom", "sessions can reach postgres", lambda it: policy(it, "sessions-redis")["egress"][0].pop("ports")),
    Breakage("who reaches whom", "edge can reach accounts on port 8081", lambda it: [policy(it, "accounts")["ingress"][0].pop("ports"), policy(it, "edge")["egress"].append({})]),
    Breakage("versions of images", "no exact version", lambda it: put(container(it, "edge"), "image", "envoyproxy/envoy:latest")),
    Breakage("versions of images", "no exact version", lambda it: put(container(it), "image", "registry.example.com/fairlead/accounts")),
    Breakage("versions of images", "several versions", lambda it: put(service(it, "postgres"), "image", "postgres:16.4-bookworm")),
    Breakage("settings", "FAIRLEAD__LIFECYCLE__GRASE is no setting", lambda it: put(config(it, "suite"), "FAIRLEAD__LIFECYCLE__GRASE", "35s")),
    Breakage("settings", "is no setting of migrate", lambda it: put(service(it, "migrate-accounts")["environment"], "FAIRLEAD__MIGRATE__ACOUNTS__URL", "x")),
    Breakage("settings", "no setting of any program", lambda it: put(it.envoy, "node", {"id": "FAIRLEAD__EDGE__NAME"})),
    Breakage("settings", "config check", lambda it: put(config(it, "accounts"), "FAIRLEAD__ACCOUNTS__POSTGRES__LOCK_TIMEOUT", "2")),
    Breakage("settings", "config check", lambda it: put(service(it, "sessions")["environment"], "FAIRLEAD__SERVER__REFLECTION", "all")),
    Breakage("settings", "config check", lambda it: put(config(it, "sessions"), "FAIRLEAD__SESSIONS__REDIS__URL_FILE", "/etc/fairlead/secrets/redis")),
    Breakage("settings", "sizing", lambda it: put(container(it)["resources"]["limits"], "memory", "32Mi")),
    Breakage("time to stop", "is told of 35 s of grace", lambda it: put(pod(deployment(it)), "terminationGracePeriodSeconds", 30)),
    Breakage("time to stop", "needs 47 s", lambda it: put(config(it, "accounts"), "FAIRLEAD__LIFECYCLE__DRAIN", "35s")),
    Breakage("time to stop", "compose: accounts", lambda it: service(it).pop("stop_grace_period")),
    Breakage("time to stop", "preStop", lambda it: put(pod(deployment(it, "edge")), "terminationGracePeriodSeconds", 20)),
    Breakage("time to stop", "later than its lame duck", lambda it: put(cluster(it, "sessions")["health_checks"][0], "unhealthy_threshold", 5)),
    Breakage("connections", "of 197", lambda it: put(named(it.overlays["production"], "HorizontalPodAutoscaler", "accounts")["spec"], "maxReplicas", 20)),
    Breakage("connections", "of 47", lambda it: put(service(it)["environment"], "FAIRLEAD__ACCOUNTS__POSTGRES__MAX_CONNECTIONS", "60")),
    Breakage("connections", "nothing says", lambda it: config(it, "stores").pop("accounts.max-connections")),
    Breakage("routes of the edge", "no route", lambda it: routes(it).pop(0)),
    Breakage("routes of the edge", "no cluster", lambda it: put(routes(it)[1]["route"], "cluster", "session")),
    Breakage("routes of the edge", "no Service", lambda it: without(it, "Service", "accounts-headless")),
    Breakage("routes of the edge", "no container", lambda it: service(it).pop("networks")),
    Breakage("Envoy", "connect_timeut", lambda it: put(cluster(it, "accounts"), "connect_timeut", "1s")),
    Breakage("compose", "can be written", lambda it: service(it, "redis").pop("read_only")),
    Breakage("compose", "no limit", lambda it: service(it, "grafana").pop("mem_limit")),
    Breakage("compose", "publishes", lambda it: put(service(it, "postgres"), "ports", ["5432:5432"])),
    Breakage("compose", "schema", lambda it: put(service(it)["depends_on"]["migrate-accounts"], "condition", "service_started")),
    Breakage("compose", "ready", lambda it: service(it, "sessions").pop("healthcheck")),
    Breakage("compose", "not built", lambda it: put(service(it, "sessions")["build"]["args"], "SERVICE", "accounts")),
    Breakage("Dockerfiles", "differ", lambda it: replace(it, "dockerfile_local", "EXPOSE 50051 8081", "EXPOSE 50051")),
    Breakage("Dockerfiles", "root", lambda it: [replace(it, field, "USER 65532:65532", "USER nobody") for field in ("dockerfile", "dockerfile_local")]),
    Breakage("Dockerfiles", "another Rust", lambda it: replace(it, "dockerfile", "rust:1.95.0", "rust:1.94.0")),
    Breakage("hadolint", "DL3007", lambda it: replace(it, "dockerfile", "rust:1.95.0-bookworm", "rust:latest")),
    Breakage("skaffold", "builds", lambda it: it.skaffold["build"]["artifacts"].pop()),
    Breakage("skaffold", "another service", lambda it: put(it.skaffold["build"]["artifacts"][0]["docker"]["buildArgs"], "SERVICE", "sessions")),
    Breakage("skaffold", "synchronised", lambda it: put(it.skaffold["build"]["artifacts"][0], "sync", {"manual": []})),
    Breakage("skaffold", "to forward to", lambda it: put(it.skaffold["portForward"][0], "namespace", "default")),
]


def show(suite: Suite, checks: dict[str, Check]) -> int:
    blind = [f"nothing shows that the check of {name} can fail" for name in checks if name not in {it.check for it in ALL}]
    for number, breakage in enumerate(ALL, start=1):
        broken = copy.deepcopy(suite)
        breakage.breaks(broken)
        findings = list(checks[breakage.check](broken))
        if not any(breakage.says in finding for finding in findings):
            blind.append(f"breakage {number}: the check of {breakage.check} does not say {breakage.says!r} but {findings}")
    for failure in blind:
        print(failure, file=sys.stderr)
    if not blind:
        print(f"{len(checks)} checks passed, and each failed on its broken copies, {len(ALL)} in all")
    return 1 if blind else 0
