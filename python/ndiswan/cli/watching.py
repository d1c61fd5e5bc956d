"""How far a simulation is, shown on stderr to a person: simulated time, links, events a second."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ndiswan.cli.console import somebody_looks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ndiswan.models import Simulation

    # Told of what, what is done, and up to when in seconds; gives what is to be called meanwhile, if anything.
    Watch = Callable[[Simulation | None, str, float | None], Callable[[], object] | None]


@contextmanager
def watching() -> Iterator[Watch]:
    """What shows a simulation, if somebody looks and rich is there; else nothing does."""
    try:
        from rich import console
        from rich import progress as bars
    except ModuleNotFoundError:
        yield lambda *_: None
        return
    if not somebody_looks():
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

        def show(
            simulation: Simulation | None, phase: str, until: float | None
        ) -> Callable[[], object]:
            def look() -> None:
                words, now = "", 0.0
                if simulation is not None:
                    now = simulation.now
                    words = _words(simulation, until, time.perf_counter() - began)
                bar.update(task, description=phase, total=until, completed=now, words=words)

            return look

        yield show


def _words(simulation: Simulation, until: float | None, took: float) -> str:
    events, done, links = simulation.progress
    words = [] if until is None else [f"{simulation.now:,.1f} of {until:,.1f} s"]
    words += [f"{done:,} of {links:,} links"] if links > 1 else []
    return ", ".join([*words, f"{events:,} events", f"{events / max(took, 1e-9):,.0f}/s"])
