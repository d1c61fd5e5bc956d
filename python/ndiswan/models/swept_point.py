"""One point of a sweep: its links as data, and what was measured of it until now."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ndiswan.models import engine
from ndiswan.models.measured import Measured
from ndiswan.models.points import described
from ndiswan.models.results import names_of, read
from ndiswan.models.running import several
from ndiswan.models.seeds import seed_sequence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ROOT = seed_sequence(0)
"""Where it is only looked at parameters, any will do."""


class Place:
    """One point: its links as data, and what was measured of it until now."""

    def __init__(self, number: int, point: dict[str, Any], make: Callable[..., Any]) -> None:
        self.number, self.point = number, point
        try:
            links = several(make(**point))
            self.names = tuple(names_of(links))
            self.plain = engine.plain_links(links)
            self.size = sum(link.count for link in links)
            # The engine looks at the parameters too: now, and not after hours of work. Of many alike it looks at one.
            plain = self.plain
            if self.size > len(links):
                plain = engine.plain_links([replace(link, count=1) for link in links])
            one = engine.build(plain, [_ROOT])
        except Exception as error:
            error.add_note(f"at the point {described(point)}")
            raise
        self.known = read(one, links).columns if number == 0 else {}
        self.windows = tuple(link.window for link in links)
        self.parts: dict[int, Measured] = {}

    def add(self, first: int, measured: Measured) -> int:
        """Take what was measured of the replications from ``first`` on; how many these are."""
        self.parts[first] = measured
        return measured.groups // len(self.plain)

    def missing(self, replications: int) -> Iterator[tuple[int, int]]:
        """The stretches of replications that are not there."""
        after = 0
        for first in sorted(self.parts):
            if after < first:
                yield after, first
            after = first + self.parts[first].groups // len(self.plain)
        if after < replications:
            yield after, replications

    def together(self) -> Measured:
        """All replications in order."""
        return Measured.together([self.parts[first] for first in sorted(self.parts)])
