"""Amounts as Kubernetes and the programs write them."""

import re

UNITS = {"": 1, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
SPANS = {"ms": 1e-3, "s": 1, "m": 60, "h": 3600, "d": 86400}


def parse(text: str) -> float:
    """250m, 128Mi, 2."""
    number, unit = re.fullmatch(r"([\d.]+)([a-zA-Z]*)", text).groups()
    return float(number) * UNITS[unit]


def seconds(text: str) -> float:
    """35s, 1s 500ms."""
    return sum(float(number) * SPANS[unit] for number, unit in re.findall(r"([\d.]+)([a-z]+)", text))
