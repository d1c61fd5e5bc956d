"""How far a simulation is, shown on stderr to a person: simulated time, links, events a second."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ndiswan.models import Simulation

# Told what is done and up to when, in seconds; gives what `Simulation.run` is to call meanwhile.
Watch = "Callable[[Simulation, str, float | None], Callable[[], object] | None]"


@contextmanager
def watching() -> Iterator[Callable[[Simulation, str, float | None], Callable[[], object] | None]]:
    """What shows a simulation, if stderr is a terminal and rich is there; else nothing does."""
    try:
        from rich import console
        from rich import progress as bars
    except ModuleNotFoundError:
        yield lambda *_: None
        return
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    shown = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.TextColumn("{task.fields[words]}"),
        bars.TimeElapsedColumn(),
    )
    with bars.Progress(*shown, console=console.Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, words="")
        began = time.perf_counter()

        def show(simulation: Simulation, phase: str, until: float | None) -> Callable[[], object]:
            def look() -> None:
                events, done, links = simulation.progress
                speed = events / max(time.perf_counter() - began, 1e-9)
                words = f"{events:,} events, {speed:,.0f}/s"
                now = simulation.now
                if links > 1:
                    words = f"{done:,} of {links:,} links, {words}"
                if until is not None:
                    words = f"{now:,.1f} of {until:,.1f} s, {words}"
                bar.update(task, description=phase, total=until, completed=now, words=words)

            return look

        yield show
