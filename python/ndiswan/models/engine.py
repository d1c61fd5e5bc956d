"""Links as plain data, their seeds, and runs of the engine: what simulations here and in other processes share."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Literal, get_args

from ndiswan._native import Simulation as _Simulation
from ndiswan.models._parameters import real, whole
from ndiswan.models.seeds import words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np

    from ndiswan.models.links import Link

Detail = Literal["counters", "digest", "packets", "trace"]
DETAILS: tuple[Detail, ...] = get_args(Detail)

# Replications that run together share the start of threads; each group has histograms of its own, each link its memory.
GROUPS_AT_ONCE, LINKS_AT_ONCE = 64, 1 << 15


def nanoseconds(where: str, seconds: float) -> int:
    """Seconds as whole nanoseconds."""
    return round(real(where, seconds, high=4.6e9) * 1e9)


def times(until: float | None, warmup: float) -> tuple[int | None, int]:
    """End and warm-up in nanoseconds. Raises ``ValueError`` if nothing would be measured."""
    until_ns, warmup_ns = (
        None if until is None else nanoseconds("until", until),
        nanoseconds("warmup", warmup),
    )
    if until_ns is not None and until_ns <= warmup_ns:
        raise ValueError(f"until: expected more than the warm-up of {warmup:g} s, got {until:g} s")
    return until_ns, warmup_ns


def cores(threads: int | None) -> int:
    """How many threads to use: all cores that this process may use by default."""
    return len(os.sched_getaffinity(0)) if threads is None else whole("threads", threads, 1, 4096)


def plain_links(links: Sequence[Link]) -> tuple[str, ...]:
    """Each link as JSON, as the engine reads it."""
    return tuple(json.dumps(link.to_dict(), allow_nan=False) for link in links)


def build(
    links: Sequence[str], roots: Sequence[np.random.SeedSequence], detail: Detail = "counters"
) -> _Simulation:
    """The links once for each root, one after the other."""
    if detail not in DETAILS:
        raise ValueError(f"detail: expected one of {', '.join(DETAILS)}, got {detail!r:.60}")
    seeds = [words_of(root, link) for root in roots for link in range(len(links))]
    return _Simulation(f"[{','.join([*links] * len(roots))}]", seeds, detail)


def chunks(first: int, end: int, specs: int, links: int) -> Iterator[range]:
    """The replications from ``first`` to ``end`` in chunks that run together, as long as memory allows."""
    some = max(1, min(GROUPS_AT_ONCE // specs, LINKS_AT_ONCE // links))
    for begin in range(first, end, some):
        yield range(begin, min(begin + some, end))


def run(
    native: _Simulation,
    until_ns: int | None,
    warmup_ns: int,
    threads: int,
    watch: Callable[[], object] | None = None,
) -> None:
    """Run a simulation, its warm-up first, of which nothing is counted."""
    warm_up(native, warmup_ns, threads, watch)
    native.run(until_ns, threads, watch)


def warm_up(
    native: _Simulation,
    warmup_ns: int,
    threads: int,
    watch: Callable[[], object] | None = None,
) -> None:
    """Run the warm-up, if there is one."""
    if warmup_ns:
        if native.run(warmup_ns, threads, watch):
            raise ValueError(
                f"warmup: expected less than the traffic takes, got {warmup_ns / 1e9:g} s, at which it is over"
            )
        native.clear()
