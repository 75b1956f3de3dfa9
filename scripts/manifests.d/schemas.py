"""Every file is of the shape that its reader knows: Kubernetes, compose, skaffold."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import kubernetes_validate

from suite import Suite

# Of the versions that the suite runs on, the oldest. In those after it nothing that is used went away.
KUBERNETES = "1.32"
# Defined by operators, not by Kubernetes.
FOREIGN = ("monitoring.coreos.com/",)


def kubernetes(suite: Suite) -> Iterator[str]:
    for overlay, resources in suite.overlays.items():
        for resource in resources:
            if resource["apiVersion"].startswith(FOREIGN):
                continue
            try:
                kubernetes_validate.validate(resource, KUBERNETES, strict=True)
            except (
                kubernetes_validate.ValidationError,
                kubernetes_validate.InvalidSchemaError,
                kubernetes_validate.SchemaNotFoundError,
            ) as error:
                yield f"{overlay}: {resource['kind']} {resource['metadata']['name']}: {getattr(error, 'message', error)}"


def compose(suite: Suite) -> Iterator[str]:
    yield from (f"compose: {it}" for it in against(Path(os.environ["COMPOSE_SCHEMA"]), suite.compose))


def skaffold(suite: Suite) -> Iterator[str]:
    yield from (f"skaffold: {it}" for it in against(Path(__file__).with_name("skaffold.schema.json"), suite.skaffold))


def against(schema: Path, document: dict) -> Iterator[str]:
    described = json.loads(schema.read_text())
    validator = jsonschema.validators.validator_for(described)(described)
    for error in sorted(validator.iter_errors(document), key=str):
        yield f"{'.'.join(str(it) for it in error.path)}: {error.message}"
