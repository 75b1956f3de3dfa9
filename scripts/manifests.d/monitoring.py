"""Where Prometheus watches, it has every alert, and Grafana every dashboard."""

import json
from collections.abc import Iterator

import yaml

from suite import Suite, of_kind, plain


def check(suite: Suite) -> Iterator[str]:
    files = sorted((suite.root / "deploy/alerts").glob("*.yaml"))
    groups = [group for file in files for group in yaml.safe_load(file.read_text())["groups"]]
    dashboards = {file.name: json.loads(file.read_text()) for file in (suite.root / "deploy/grafana").glob("*.json")}
    if not groups or not dashboards:
        yield "there are no alerts, or no dashboards"
    for overlay in ("production", "staging"):
        resources = suite.overlays[overlay]
        rules = [it["spec"]["groups"] for it in of_kind(resources, "PrometheusRule")]
        if flat(rules) != flat([groups]):
            yield f"{overlay}: its alerts are not those of deploy/alerts; scripts/alert-rules writes them"
        maps = [
            it for it in of_kind(resources, "ConfigMap") if plain(it["metadata"]["name"], resources) == "dashboards"
        ]
        if [{name: json.loads(text) for name, text in it["data"].items()} for it in maps] != [dashboards]:
            yield f"{overlay}: its dashboards are not those of deploy/grafana"
        elif maps[0]["metadata"]["labels"].get("grafana_dashboard") != "1":
            yield f"{overlay}: Grafana does not find its dashboards"


def flat(value):
    """The same, each text on one line: kustomize folds lines in its own way."""
    if isinstance(value, dict):
        return {key: flat(it) for key, it in value.items()}
    if isinstance(value, list):
        return [flat(it) for it in value]
    return " ".join(value.split()) if isinstance(value, str) else value
