"""How far a sweep is, and how long it will still take."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """How far a sweep is, in replications of points.

    ``done`` of ``total``, of which ``kept`` were in the directory already; ``seconds`` since it began, ``left`` still
    to come if the rest takes as long as what was done, NaN before anything was.

    >>> print(models.Progress(done=5, total=20, kept=0, seconds=2.0, left=6.0))
    5 of 20 (25%), 2 s, 6 s left
    """

    done: int
    total: int
    kept: int
    seconds: float
    left: float

    def __str__(self) -> str:
        left = "" if math.isnan(self.left) else f", {self.left:,.0f} s left"
        return f"{self.done:,} of {self.total:,} ({self.done / self.total:.0%}), {self.seconds:,.0f} s{left}"


def print_progress(progress: Progress) -> None:
    """On the line of a terminal where the last one was; elsewhere only the end."""
    over = progress.done == progress.total
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{progress}\x1b[K" + "\n" * over)
        sys.stderr.flush()
    elif over:
        sys.stderr.write(f"{progress}\n")
