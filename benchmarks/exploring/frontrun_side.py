"""frontrun: how one of its explorations is run, and what it found.

Its explorers schedule threads opcode by opcode, in the files that are the user's; packages that are installed run
without a point, locks excepted. So the plain NDIS can be either: the user's own, which is what one gets by writing it
into the test, or a package's, in which each call is one step, as a call into our engine is.
"""

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from exploring import plain_ndis

# What its command line program sets; without it the explorers refuse.
os.environ["FRONTRUN_ACTIVE"] = "1"


class OutOfTime(BaseException):
    """The budget is spent; no exception, so that nobody takes it for a driver's."""


@dataclass
class Found:
    """What an exploration came to."""

    executions: int
    failure: str | None


@contextmanager
def installed(*modules: ModuleType) -> Iterator[None]:
    """Has frontrun take these for modules of installed packages."""
    from frontrun import _tracing

    before = _tracing._SKIP_DIRS
    _tracing._SKIP_DIRS = before | {module.__file__ for module in modules}
    try:
        yield
    finally:
        _tracing._SKIP_DIRS = before


def explore(
    scenario: Callable[[Any], object],
    strategy: str,
    *,
    executions: int,
    seed: int = 0,
    seconds: float | None = None,
    servers: int = 1,
    faults: bool = False,
    world: type[plain_ndis.Ndis] = plain_ndis.Ndis,
) -> Found:
    """Explore with one thread that plays the scenario and `servers` that take timers and interrupts.

    The budget `seconds` is of processor time. What `choose` answers is drawn anew for each execution under `"random"`;
    `"dpor"` needs programs that do the same each time, so there it is 0.
    """
    import frontrun

    seeds = random.Random(seed)
    begun, end = 0, None if seconds is None else time.process_time() + seconds

    def setup() -> plain_ndis.Ndis:
        nonlocal begun
        if end is not None and time.process_time() > end:
            raise OutOfTime
        begun += 1
        drawn = random.Random(seeds.random()) if faults and strategy == "random" else None
        return world(servers, drawn)

    def first(ndis: plain_ndis.Ndis) -> None:
        try:
            scenario(ndis)
        except Exception as error:  # noqa: BLE001  (what a driver raises is what is looked for)
            # Raised in a thread, it would end the whole exploration under "dpor".
            plain_ndis.told(error, ndis.found)
        finally:
            ndis.stop()

    def other(ndis: plain_ndis.Ndis) -> None:
        try:
            ndis.serve()
        except Exception as error:  # noqa: BLE001
            plain_ndis.told(error, ndis.found)

    options: dict[str, Any] = {"detect_io": False, "reproduce_on_failure": 0}
    options["trace_packages"] = ["ndiswan.zoo*"]
    options["warn_nondeterministic_sql"] = False
    if strategy == "random":
        options |= {"max_attempts": executions, "max_ops": 1000, "seed": seed}
    else:
        # Its own advice for a budget that does not exhaust the search.
        options |= {"max_executions": executions, "search": f"bit-reversal:{seed}"}
    try:
        result = frontrun.explore(
            setup=setup,
            workers=[first] + [other] * servers,
            invariant=world.closed,
            strategy=strategy,
            **options,
        )
    except OutOfTime:
        return Found(begun, None)
    failure = None
    if result.property_holds is False:
        failure = (result.explanation or "").strip() or "it does not hold"
    return Found(result.num_explored, failure or result.inconclusive_reason)
