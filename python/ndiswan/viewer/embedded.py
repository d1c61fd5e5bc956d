"""The page inside of a notebook."""

from __future__ import annotations

from html import escape
from pathlib import Path

from ndiswan._native import Trace
from ndiswan.exploring.failure import Failure
from ndiswan.exploring.stepping import Stepper
from ndiswan.viewer.page import to_html
from ndiswan.viewer.reading import read
from ndiswan.viewer.replays import of_failure
from ndiswan.viewer.run import Run, ViewError
from ndiswan.viewer.traces import of_trace

HEIGHT = 720


class Page:
    """The page of one run or two; a notebook shows it in a frame of its own.

    Parameters
    ----------
    runs:
        One run, or two that stand beside each other.
    height:
        Of the frame, in pixels.

    Raises
    ------
    ViewError
        There is another number of runs.

    >>> with nw.Ndis(record=True) as ndis:
    ...     link = ndis.bind(nw.Protocol(), models.CardMiniport(models.Line(rate_bps=64_000)))
    ...     status = link.send(b"hello")
    ...     events = ndis.run()
    >>> ndis.save("run.trace")
    >>> from ndiswan.viewer import Page, read
    >>> path = Page(read("run.trace")).save("run.html")
    >>> path.read_text("utf-8").startswith("<!doctype html>")
    True
    """

    def __init__(self, runs: list[Run], *, height: int = HEIGHT) -> None:
        self.runs = runs
        self.height = height
        self.html = to_html(runs)
        """The page, which asks for nothing from elsewhere."""

    def save(self, path: str | Path) -> Path:
        """Write the page; gives its path."""
        path = Path(path)
        path.write_text(self.html, "utf-8")
        return path

    def __repr__(self) -> str:
        events = " and ".join(f"{len(run):,} events" for run in self.runs)
        return f"<Page of {' and '.join(run.name for run in self.runs)}: {events}>"

    def _repr_html_(self) -> str:
        # A frame of its own: it has scripts, and neither side's style reaches the other.
        frame = f'sandbox="allow-scripts" style="width:100%;height:{self.height}px;border:1px solid #8886"'
        return (
            f'<iframe {frame} title="{escape(repr(self))}" srcdoc="{escape(self.html)}"></iframe>'
        )


def view(
    shown: Run | Trace | Failure | Stepper | str | Path,
    other: Run | Trace | Failure | Stepper | str | Path | None = None,
    *,
    beside: bool = True,
    height: int = HEIGHT,
) -> Page:
    """The page of what was recorded, or of two beside each other: a run, a trace, a failure, a stepper, or a file.

    With ``beside`` a failure's good run stands beside it, if one answer makes it good. Raises ViewError for what
    cannot be shown.

    >>> from ndiswan.exploring.target import find
    >>> scenario = find("ndiswan.zoo.scenarios:double_shared_list")
    >>> failure = nw.explore(scenario, seed=1, executions=500).failures[0]
    >>> from ndiswan.viewer import view
    >>> page = view(failure)  # in a notebook it shows itself
    >>> len(page.runs)  # the failure, and the good run that one other answer makes of it
    2
    """
    runs = _runs(shown)
    if other is not None:
        runs = [runs[0], _runs(other)[0]]
    return Page(runs if beside else runs[:1], height=height)


def _runs(shown: object) -> list[Run]:
    if isinstance(shown, Run):
        return [shown]
    if isinstance(shown, Trace):
        return [of_trace(shown, "trace")]
    if isinstance(shown, Failure):
        run, good = of_failure(shown, shown.name)
        return [run] if good is None else [run, good]
    if isinstance(shown, Stepper):
        return [shown.shown()]
    if isinstance(shown, str | Path):
        return read(shown)
    raise ViewError(
        f"expected a run, a trace, a failure, a stepper or a file, got {type(shown).__qualname__}"
    )
