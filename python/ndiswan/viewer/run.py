"""A run as the page shows it: columns of numbers, one entry an event, and the few texts that they point to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

OWNERS = ("none", "pool", "protocol", "ndis", "miniport", "returning", "line")
"""Who owns a packet, by the number in the column ``owner``; ``line`` is a frame on its way out of a simulated card."""

NONE, POOL, PROTOCOL, NDIS, MINIPORT, RETURNING, LINE = range(len(OWNERS))

COLUMNS = (
    *("time", "text", "cpu", "irql", "locks", "adapter", "link", "packet", "life", "owner"),
    *("number", "site"),
)
"""What is kept of each event. ``link``, ``packet`` and ``site`` are an index plus one, and 0 for none."""

_COMPARED = tuple(name for name in COLUMNS if name not in ("text", "site", "time"))


class ViewError(ValueError):
    """A file that cannot be shown; the message says what was expected and what to do.

    >>> from pathlib import Path
    >>> from ndiswan.viewer import ViewError, read
    >>> written = Path("empty.trace").write_text("")
    >>> try:
    ...     read("empty.trace")
    ... except ViewError as error:
    ...     print(str(error)[:40])
    empty.trace: the file is empty; expected
    """


@dataclass
class Text:
    """What an event says, with what it is and on which lane it stands.

    In ``words``, ``%n`` is the event's number, ``%t`` the same as a time, ``%l`` its link, ``%g`` the packet's life.

    >>> run = nw.Stepper("ndiswan.zoo.scenarios:double_shared_list").shown()
    >>> run.texts[1]
    Text(kind='enter', lane='miniport', words='MiniportInitialize begins')
    """

    kind: str
    lane: str
    words: str


@dataclass
class Break:
    """Where a rule was broken, or what else went wrong.

    >>> from ndiswan.exploring.target import find
    >>> scenario = find("ndiswan.zoo.scenarios:double_shared_list")
    >>> failure = nw.explore(scenario, seed=1, executions=500).failures[0]
    >>> run = failure.view().runs[0]
    >>> run.breaks[0].rule, run.breaks[0].warning
    ('DOUBLE', False)
    """

    event: int
    rule: str
    why: str
    warning: bool = False


@dataclass
class Choice:
    """The choice that matters: what it was, and the first event that is another one with the plain answer.

    >>> from ndiswan.exploring.target import find
    >>> scenario = find("ndiswan.zoo.scenarios:double_shared_list")
    >>> failure = nw.explore(scenario, seed=1, executions=500).failures[0]
    >>> run = failure.view().runs[0]
    >>> "decides" in run.choice.words, run.choice.event is not None
    (True, True)
    """

    event: int | None
    words: str


@dataclass
class Run:
    """A run, ready to be shown.

    Parameters
    ----------
    name:
        What it is called, its file's name if nobody says more.
    clock:
        ``virtual``, ``adversarial``, ``real`` or ``simulation``.
    columns:
        An array for each name in ``COLUMNS``, all of one length. Times are nanoseconds.
    slots:
        Two numbers for each packet that the column ``packet`` points to; its name is the two with
        ``separator`` between them.

    Examples
    --------
    >>> with nw.Ndis(record=True) as ndis:
    ...     link = ndis.bind(nw.Protocol(), models.CardMiniport(models.Line(rate_bps=64_000)))
    ...     status = link.send(b"hello")
    ...     events = ndis.run()
    >>> ndis.save("run.trace")
    >>> from ndiswan.viewer import read
    >>> (run,) = read("run.trace")
    >>> run.clock, len(run) > 0
    ('virtual', True)
    """

    name: str
    clock: str
    columns: dict[str, NDArray[Any]]
    texts: list[Text]
    slots: NDArray[Any]
    separator: str = "."
    line_slots: int = 0
    """How many of these are packets on the line, which have another slot beside theirs."""
    adapters: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    locks: list[str] = field(default_factory=list)
    entries: list[str] = field(default_factory=list)
    sites: list[str] = field(default_factory=list)
    breaks: list[Break] = field(default_factory=list)
    story: dict[str, Any] | None = None
    choice: Choice | None = None

    def __len__(self) -> int:
        return len(self.columns["time"])

    def owner(self, event: int) -> str:
        """Who owns the packet of an event after it; ``none`` if it is about no packet."""
        return OWNERS[int(self.columns["owner"][event])]

    def said(self, event: int) -> str:
        """What an event says, without its packet's name; placeholders as in :class:`Text`."""
        return self.texts[int(self.columns["text"][event])].words


def narrow(values: NDArray[Any]) -> NDArray[Any]:
    """The same numbers in the smallest unsigned type that holds them, or as doubles."""
    most = values.max(initial=0)
    for kind in (np.uint8, np.uint16, np.uint32):
        if most <= np.iinfo(kind).max:
            return values.astype(kind)
    return values.astype(np.float64)


def first_difference(one: Run, other: Run) -> int | None:
    """The number of the first event in which two runs differ; None if they are the same.

    A time counts unless one of the clocks is the machine's, which is never the same twice. A source line does not.
    If one run is the beginning of the other, it is the number of the first event that it lacks.

    >>> with nw.Ndis(record=True) as ndis:
    ...     link = ndis.bind(nw.Protocol(), models.CardMiniport(models.Line(rate_bps=64_000)))
    ...     status = link.send(b"hello")
    ...     events = ndis.run()
    >>> ndis.save("run.trace")
    >>> from ndiswan.viewer import first_difference, read
    >>> first_difference(*read("run.trace"), *read("run.trace")) is None
    True
    """
    length = min(len(one), len(other))
    differs = np.zeros(length, dtype=bool)
    names = _COMPARED if "real" in (one.clock, other.clock) else (*_COMPARED, "time")
    for name in names:
        differs |= one.columns[name][:length] != other.columns[name][:length]
    differs |= _numbers(one, other, length)
    if differs.any():
        return int(differs.argmax())
    return None if len(one) == len(other) else length


def _numbers(one: Run, other: Run, length: int) -> NDArray[Any]:
    """Where two runs say something else; equal texts may have different numbers in them."""
    known: dict[tuple[str, str, str], int] = {}
    said: list[NDArray[np.int64]] = []
    for run in (one, other):
        keys = [(text.kind, text.lane, text.words) for text in run.texts]
        numbers = np.array([known.setdefault(key, len(known)) for key in keys], dtype=np.int64)
        said.append(numbers[run.columns["text"][:length].astype(np.int64)])
    return np.not_equal(said[0], said[1])
