"""Shows of every check that it can fail: on a copy of the suite in which one thing is wrong."""

import copy
import sys
from collections.abc import Callable, Iterator

import broken_cluster
import broken_project
from suite import Suite

Check = Callable[[Suite], Iterator[str]]

ALL = broken_cluster.BREAKAGES + broken_project.BREAKAGES


def show(suite: Suite, checks: dict[str, Check]) -> int:
    blind = [
        f"nothing shows that the check of {name} can fail" for name in checks if name not in {it.check for it in ALL}
    ]
    for number, breakage in enumerate(ALL, start=1):
        broken = copy.deepcopy(suite)
        breakage.breaks(broken)
        findings = list(checks[breakage.check](broken))
        if not any(breakage.says in finding for finding in findings):
            blind.append(
                f"breakage {number}: the check of {breakage.check} does not say {breakage.says!r} but {findings}"
            )
    for failure in blind:
        print(failure, file=sys.stderr)
    if not blind:
        print(f"{len(checks)} checks passed, and each failed on its broken copies, {len(ALL)} in all")
    return 1 if blind else 0
