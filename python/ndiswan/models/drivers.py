"""Built-in cards and traffic as drivers: ``ndis.bind`` takes them in the place of one's own.

A protocol of one's own has a card that nobody had to write, or a miniport of one's own traffic; in any kind of time.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from ndiswan._native import CardDriver, Feed
from ndiswan.models.cards import Card
from ndiswan.models.flows import Flow, Saturating
from ndiswan.models.links import Link
from ndiswan.models.queues import Queue
from ndiswan.models.seeds import words_of
from ndiswan.models.stages import Stage, stage_of
from ndiswan.models.wires import Line


@contextmanager
def _as_of(name: str) -> Iterator[None]:
    """What a `Link` says of its fields is said of the parameters of this class, which are called as they are."""
    try:
        yield
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(str(error).replace("Link.", f"{name}.", 1)) from None


class CardMiniport:
    """A card on a line as a deserialized miniport: the card and the line of a `Link`, with the send window ``window``.

    Bind it once, in the place of a miniport. It takes frames of up to 32 bytes more than the line's ``mtu``, as each
    WAN miniport does of its MaxFrameSize. A `Multilink` is a bundle of several cards, and none of them. Raises
    ``ValueError`` and ``TypeError`` for parameters that cannot be.

    ``on_arrival`` is called with the bytes of each frame that arrives at the far end and with the time in nanoseconds,
    at that time; ``on_loss`` with those of each frame that the line loses, when its last bit is out. They are called at
    DISPATCH_LEVEL, from the card's interrupt, as ``send_complete`` is: they may send, and may indicate to another
    adapter. Frames that a card takes along when it dies are told by neither, nor is what is on the way at the halt.

    >>> with nw.Ndis() as ndis:
    ...     card = models.CardMiniport(models.Line(rate_bps=64_000), models.descriptor_ring(16))
    ...     status = ndis.bind(nw.Protocol(), card).send(b"hello")
    ...     events = ndis.run()
    >>> card.received, card.received_bytes
    (1, 5)
    """

    def __init__(
        self,
        line: Line,
        card: Card | None = None,
        *,
        window: int = 4,
        seed: int | np.random.SeedSequence = 0,
        on_arrival: Callable[[bytes, int], object] | None = None,
        on_loss: Callable[[bytes, int], object] | None = None,
    ) -> None:
        for name, told in (("on_arrival", on_arrival), ("on_loss", on_loss)):
            if not (told is None or callable(told)):
                raise TypeError(
                    f"{name}: expected a function of a frame's bytes and a time, got {told!r}"
                )
        if not isinstance(line, Line):
            raise TypeError(f"CardMiniport.line: expected a models.Line, got {line!r:.60}")
        smallest = Saturating(size=1)
        card = Card() if card is None else card
        with _as_of("CardMiniport"):
            self.link = Link(traffic=smallest, line=line, card=card, window=window)
        described = json.dumps(self.link.to_dict(), allow_nan=False)
        self._card = CardDriver(described, words_of(seed, 0), (on_arrival, on_loss))

    @property
    def received(self) -> int:
        """How many frames have left the card and arrive at the far end."""
        return self._card.arrived[0]

    @property
    def received_bytes(self) -> int:
        """Their bytes."""
        return self._card.arrived[1]

    @property
    def lost(self) -> int:
        """How many frames the line lost."""
        return self._card.arrived[2]

    @property
    def vanished(self) -> int:
        """How many a card that died, or was halted, had in its memory, their packets being back with SUCCESS."""
        return self._card.arrived[3]

    def __repr__(self) -> str:
        return f"CardMiniport({self.link.line!r}, {self.link.card!r}, window={self.link.window})"


class TrafficProtocol:
    """Flows as a protocol: it sends what they offer, keeps the send window, and queues the rest.

    Bind it once, in the place of a protocol; it begins to send when it is bound, with packets of zeros. ``window`` is
    how many packets it has outstanding. Raises ``ValueError`` for parameters that cannot be.

    >>> class Instant(nw.Miniport):
    ...     def wan_send(self, link, packet):
    ...         return nw.SUCCESS
    >>> traffic = models.TrafficProtocol(models.Cbr(rate_pps=100, size=500, packets=20))
    >>> with nw.Ndis() as ndis:
    ...     link = ndis.bind(traffic, Instant())
    ...     events = ndis.run()
    >>> traffic.counters["sent"]
    20
    """

    def __init__(
        self,
        traffic: Flow | Sequence[Flow],
        *,
        window: int = 4,
        queue: Queue | None = None,
        seed: int | np.random.SeedSequence = 0,
    ) -> None:
        line = Line(rate_bps=8, mtu=65_536)
        queue = Queue() if queue is None else queue
        with _as_of("TrafficProtocol"):
            self.link = Link(traffic=traffic, line=line, queue=queue, window=window)
        self._feed = Feed(json.dumps(self.link.to_dict(), allow_nan=False), words_of(seed, 0))

    @property
    def counters(self) -> dict[str, int]:
        """Packets offered, dropped, sent, and how they came back, by name."""
        return self._feed.counters()

    @property
    def stages(self) -> dict[str, Stage]:
        """How long packets were ``queued``, with the ``miniport``, and both (``latency``)."""
        return {name: stage_of(data) for name, data in self._feed.stages().items()}

    def __repr__(self) -> str:
        return f"TrafficProtocol({self.link.traffic!r}, window={self.link.window})"
