"""One piece of a sweep: what a worker is told, and what it answers. Both are plain data and travel between machines.

The links are data already, so a worker needs nothing of the program that made them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ndiswan.models import engine
from ndiswan.models.measured import Measured

if TYPE_CHECKING:
    from collections.abc import Callable

    from ndiswan.models.seeds import Entropy


@dataclass(frozen=True)
class Settings:
    """What all points of a sweep have in common; the seed as what a ``SeedSequence`` is made of."""

    entropy: Entropy
    spawn_key: tuple[int, ...]
    pool_size: int
    until_ns: int | None
    warmup_ns: int

    @lru_cache(maxsize=1 << 10)  # noqa: B019 -- a process has few settings
    def root(self, replication: int) -> np.random.SeedSequence:
        """The seed of a replication, which is the same for every point."""
        return np.random.SeedSequence(
            self.entropy, spawn_key=(*self.spawn_key, replication), pool_size=self.pool_size
        )


@dataclass(frozen=True)
class Piece:
    """The replications from ``first`` to ``end`` of a point, whose links are JSON; ``size`` says how many there are."""

    point: int
    words: str
    links: tuple[str, ...]
    size: int
    first: int
    end: int


@dataclass(frozen=True)
class SweepTask:
    """Pieces that one worker does one after the other."""

    settings: Settings
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Done:
    """What became of a task: what was measured of each piece, and in how many seconds."""

    measured: list[Measured]
    seconds: float


def run_sweep_task(task: SweepTask, told: Callable[[], bool] | None = None) -> Done:
    """Do a task, on one core; KeyboardInterrupt when it is ``told`` to stop.

    Raises what the engine says of parameters that cannot be, with a note of the point.
    """
    from ndiswan.campaign.executors import told_to_stop

    begun = time.perf_counter()
    stop = told or told_to_stop

    def watch() -> None:
        if stop():
            raise KeyboardInterrupt

    measured = []
    for piece in task.pieces:
        try:
            measured.append(_run(task.settings, piece, watch))
        except ValueError as error:
            error.add_note(f"at the point {piece.words}")
            raise
    return Done(measured, time.perf_counter() - begun)


def _run(settings: Settings, piece: Piece, watch: Callable[[], object]) -> Measured:
    parts = []
    for some in engine.chunks(piece.first, piece.end, len(piece.links), piece.size):
        native = engine.build(piece.links, [settings.root(replication) for replication in some])
        engine.run(native, settings.until_ns, settings.warmup_ns, 1, watch)
        parts.append(Measured.read(native))
    return Measured.together(parts)
