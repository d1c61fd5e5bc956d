"""What Hypothesis is told of an execution, for its statistics and for what it tries next."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_STEP = 5


def observe(rules: Iterable[str], edges: int, *, targets: bool = True) -> None:
    """Tell the Hypothesis test that is running, if one is: rules broken, ownership edges reached.

    ``--hypothesis-show-statistics`` shows them, and with ``targets`` the search goes where there
    are more edges.
    """
    if "hypothesis" not in sys.modules:
        return
    from hypothesis import currently_in_test_context, event, target
    from hypothesis.errors import InvalidArgument

    if not currently_in_test_context():
        return
    for rule in sorted(set(rules)) or ["none"]:
        event("rule broken", rule)
    event("ownership edges", f"{edges // _STEP * _STEP} and more")
    if not targets:
        return
    with suppress(InvalidArgument):  # the second execution of one example
        target(float(edges), label="ownership edges")
