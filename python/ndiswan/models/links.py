"""A link: traffic, the queue above the send window, the window, a card, a line."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ndiswan.models._parameters import Parameters, plain, whole
from ndiswan.models.cards import Card
from ndiswan.models.flows import Flow
from ndiswan.models.multilink import Multilink
from ndiswan.models.queues import Queue
from ndiswan.models.wires import Line

MOST_FLOWS = 256


@dataclass(frozen=True, kw_only=True, eq=False)
class Link(Parameters):
    """A link with everything at it.

    ``traffic``: a flow, or several. ``window``: how many packets the miniport may have at once (``MaxTransmit``).
    ``count``: so many links like this one, each with luck of its own; their stages are measured together. ``name``:
    what results call it. Raises ``TypeError`` and ``ValueError`` that name the field.

    >>> link = models.Link(
    ...     traffic=models.Poisson(rate_pps=100, size=[40, 1500]),
    ...     line=models.Line(rate_bps=2_048_000),
    ...     window=8,
    ...     name="office",
    ... )
    >>> link.window, link.named("branch").name
    (8, 'branch')
    """

    traffic: Flow | Sequence[Flow]
    line: Line | Multilink
    window: int = 4
    card: Card = field(default_factory=Card)
    queue: Queue = field(default_factory=Queue)
    count: int = 1
    name: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        several = isinstance(self.traffic, (list, tuple))
        flows = tuple(self.traffic) if several else (self.traffic,)  # type: ignore[arg-type]
        if not flows:
            raise ValueError("Link.traffic: expected a flow or several, got none")
        if len(flows) > MOST_FLOWS:
            raise ValueError(f"Link.traffic: expected 1 to {MOST_FLOWS} flows, got {len(flows)}")
        parts: list[tuple[str, object, tuple[type, ...]]] = [
            *((f"traffic[{n}]", flow, (Flow,)) for n, flow in enumerate(flows)),
            ("line", self.line, (Line, Multilink)),
            ("card", self.card, (Card,)),
            ("queue", self.queue, (Queue,)),
        ]
        for name, value, kinds in parts:
            if not isinstance(value, kinds):
                wanted = " or ".join(f"models.{one.__name__}" for one in kinds)
                wanted = f"expected a {wanted}"
                raise TypeError(f"Link.{name}: {wanted}, got {type(value).__name__} {value!r:.60}")
        if isinstance(self.line, Multilink) and plain(self.card) != plain(Card()):
            raise ValueError(
                "Link.card: expected none beside a Multilink, whose members have their own (Multilink.cards);"
                f" got {self.card!r:.60}"
            )
        whole("Link.window", self.window, 1, 1 << 20)
        whole("Link.count", self.count, 1, 1 << 24)
        object.__setattr__(self, "traffic", flows)

    def named(self, name: str) -> "Link":
        """The same under another name."""
        return replace(self, name=name)

    def to_dict(self) -> dict[str, Any]:
        """The link as plain data, as the engine reads it."""
        bundle = self.line if isinstance(self.line, Multilink) else None
        return {
            "traffic": [flow.to_dict() for flow in self.traffic],  # type: ignore[union-attr]
            "queue": plain(self.queue),
            "window": self.window,
            "card": plain(self.card),
            "line": plain(bundle.as_line() if bundle else self.line),
            "multilink": plain(bundle),
            "count": self.count,
        }
