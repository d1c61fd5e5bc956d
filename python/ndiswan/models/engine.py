"""Links as plain data, their seeds, and runs of the engine: what simulations here and in other processes share."""

from __future__ import annotations

import json
import os
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from ndiswan._native import Simulation as _Simulation
from ndiswan.models._parameters import real, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ndiswan.models.links import Link

Detail = Literal["counters", "digest", "packets", "trace"]

# What is drawn from a stream of its own, in the order in which the engine takes the seeds.
STREAMS = ("arrivals", "sizes", "loss", "jitter", "escapes", "card")

# Replications that run together share the start of threads; each group has histograms of its own, each link its memory.
GROUPS_AT_ONCE, LINKS_AT_ONCE = 64, 1 << 15

Entropy = int | tuple[int, ...] | None


def nanoseconds(where: str, seconds: float) -> int:
    """Seconds as whole nanoseconds."""
    return round(real(where, seconds, high=9e9) * 1e9)


def cores(threads: int | None) -> int:
    """How many threads to use: all cores that this process may use by default."""
    return len(os.sched_getaffinity(0)) if threads is None else whole("threads", threads, 1, 4096)


def plain_links(links: Sequence[Link]) -> tuple[str, ...]:
    """Each link as JSON, as the engine reads it."""
    return tuple(json.dumps(link.to_dict(), allow_nan=False) for link in links)


def seed_sequence(seed: int | np.random.SeedSequence) -> np.random.SeedSequence:
    """The seed as a sequence; without one, of the machine's entropy."""
    return seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)


def child(root: np.random.SeedSequence, number: int) -> np.random.SeedSequence:
    """What ``root.spawn`` gives as the child with this number, were it asked for the first time.

    By number and not by `spawn`, which counts: the same sequence gives the same luck twice.
    """
    return np.random.SeedSequence(
        root.entropy, spawn_key=(*root.spawn_key, number), pool_size=root.pool_size
    )


def words(root: np.random.SeedSequence, links: int) -> list[list[int]]:
    """The seeds of so many links: a child for each link, two words for each of its streams."""
    entropy = root.entropy if not isinstance(root.entropy, list) else tuple(root.entropy)
    return [_words(entropy, (*root.spawn_key, link), root.pool_size) for link in range(links)]


@lru_cache(maxsize=1 << 14)
def _words(entropy: Entropy, spawn_key: tuple[int, ...], pool_size: int) -> list[int]:
    seeds = np.random.SeedSequence(entropy, spawn_key=spawn_key, pool_size=pool_size)
    state: list[int] = seeds.generate_state(2 * len(STREAMS), np.uint64).tolist()
    return state


def build(
    links: Sequence[str], roots: Sequence[np.random.SeedSequence], detail: Detail = "counters"
) -> _Simulation:
    """The links once for each root, one after the other."""
    seeds = [row for root in roots for row in words(root, len(links))]
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
    if warmup_ns:
        native.run(warmup_ns, threads, watch)
        native.clear()
    native.run(until_ns, threads, watch)
