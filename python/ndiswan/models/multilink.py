"""Multilink PPP: several lines carry the fragments of each packet together."""

from dataclasses import dataclass
from typing import Any

from ndiswan.models._parameters import WORD, Parameters, plain, whole
from ndiswan.models.cards import Card
from ndiswan.models.wires import Line


@dataclass(frozen=True, eq=False)
class Multilink(Parameters):
    """Several lines in the place of one, for the fragments of each packet (RFC 1990).

    ``lines``: the members. ``cards``: a card for all of them, or one for each. ``window``: the send window of each.
    ``fragment_bytes``: the most bytes of a packet in a fragment. ``header_bytes``: what is before each; RFC 1990's has
    4 bytes, 2 with short sequence numbers. ``mtu``: the largest packet.

    The next fragment goes to the next member in turn that has room in its window. A packet comes back when all of its
    fragments have, and arrives when the last of them does. ``utilisation`` is the mean of the members'.

    >>> bundle = models.Multilink([models.Line(rate_bps=64_000)] * 2, fragment_bytes=256)
    >>> len(bundle.lines), bundle.as_line().rate_bps
    (2, 128000)
    """

    lines: Any
    fragment_bytes: int = 512
    cards: Any = None
    window: int = 4
    header_bytes: int = 4
    mtu: int = 1500

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.lines, (list, tuple)):
            raise TypeError(
                f"Multilink.lines: expected a list of models.Line, got {self.lines!r:.60}"
            )
        lines = tuple(self.lines)
        cards = self.cards
        if cards is None or isinstance(cards, Card):
            cards = (cards or Card(),) * len(lines)
        for name, values, kind in ("lines", lines, Line), ("cards", tuple(cards), Card):
            for n, value in enumerate(values):
                if not isinstance(value, kind):
                    wanted = f"expected a models.{kind.__name__}"
                    raise TypeError(f"Multilink.{name}[{n}]: {wanted}, got {value!r:.60}")
        if not lines or len(cards) != len(lines):
            raise ValueError(
                f"Multilink: expected at least one line and a card for each, got {len(lines)} lines "
                f"and {len(cards)} cards"
            )
        whole("Multilink.window", self.window, 1, 1 << 20)
        whole("Multilink.fragment_bytes", self.fragment_bytes, 1, 65_536)
        whole("Multilink.header_bytes", self.header_bytes, 0, WORD)
        object.__setattr__(self, "lines", lines)
        object.__setattr__(self, "cards", tuple(cards))

    def _other(self) -> tuple[str, ...]:
        return ("lines", "cards")

    def to_dict(self) -> dict[str, Any]:
        """The bundle as plain data, as the engine reads it."""
        return {
            "members": [
                {"line": plain(line), "card": plain(card), "window": self.window}
                for line, card in zip(self.lines, self.cards, strict=True)
            ],
            "fragment_bytes": self.fragment_bytes,
            "header_bytes": self.header_bytes,
        }

    def as_line(self) -> Line:
        """All lines together as one, for what is asked of a line: its rate, its largest packet."""
        return Line(rate_bps=sum(line.rate_bps for line in self.lines), mtu=self.mtu)
