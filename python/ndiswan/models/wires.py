"""The line: rate, propagation, framing, loss, jitter."""

from dataclasses import dataclass, field
from typing import ClassVar

from ndiswan.models._parameters import WORD, Parameters, whole
from ndiswan.models.durations import Duration


class Framing(Parameters):
    """What framing adds to a frame on the line.

    >>> isinstance(models.Line(rate_bps=64_000).framing, models.Framing)
    True
    """


@dataclass(frozen=True)
class NoFraming(Framing):
    """Nothing: a frame's bytes are the line's.

    >>> models.Line(rate_bps=64_000, framing=models.NoFraming()).framing
    NoFraming()
    """

    kind: ClassVar[str] = "none"


@dataclass(frozen=True)
class Overhead(Framing):
    """``bytes`` more for each frame: a header, a check sequence, a gap.

    >>> models.Line(rate_bps=64_000, framing=models.Overhead(bytes=8)).framing
    Overhead(bytes=8)
    """

    kind: ClassVar[str] = "overhead"
    bytes: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "bytes", whole("Overhead.bytes", self.bytes, 0, WORD))


@dataclass(frozen=True)
class Ppp(Framing):
    """PPP in HDLC-like framing on an asynchronous line (RFC 1662): flags, FCS, an escape for each octet that needs one.

    ``accm`` says which of the 32 control characters are escaped. The octets of a packet are taken as random.

    >>> models.Line(rate_bps=64_000, framing=models.Ppp(accm=0)).framing
    Ppp(accm=0)
    """

    kind: ClassVar[str] = "ppp"
    accm: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "accm", whole("Ppp.accm", self.accm, 0, WORD))


class Loss(Parameters):
    """Which frames the line loses; their sender is told SUCCESS all the same, as by a real card.

    >>> isinstance(models.Line(rate_bps=64_000).loss, models.Loss)
    True
    """

    part: ClassVar[str] = "loss"


@dataclass(frozen=True)
class NoLoss(Loss):
    """None.

    >>> models.Line(rate_bps=64_000, loss=models.NoLoss()).loss
    NoLoss()
    """

    kind: ClassVar[str] = "none"


@dataclass(frozen=True)
class BitErrors(Loss):
    """Each bit is wrong with probability ``rate``, independently; a frame with a wrong bit is lost.

    >>> models.Line(rate_bps=64_000, loss=models.BitErrors(rate=1e-6)).loss
    BitErrors(rate=1e-06)
    """

    kind: ClassVar[str] = "bit_errors"
    rate: float


@dataclass(frozen=True)
class GilbertElliott(Loss):
    """Two states that change between frames (Gilbert 1960, Elliott 1963): to bad with ``p``, to good with ``r``.

    ``loss_good`` and ``loss_bad`` are the shares of frames that are lost in each.

    >>> models.Line(rate_bps=64_000, loss=models.GilbertElliott(p=0.001, r=0.1)).loss
    GilbertElliott(p=0.001, r=0.1, loss_good=0.0, loss_bad=1.0)
    """

    kind: ClassVar[str] = "gilbert_elliott"
    p: float
    r: float
    loss_good: float = 0.0
    loss_bad: float = 1.0


@dataclass(frozen=True)
class Line(Parameters):
    """A point-to-point line. Rates in bits per second, times in nanoseconds, sizes in bytes.

    ``mtu`` is the largest frame without framing. ``jitter`` is added to the propagation; with ``reorder`` a frame may
    overtake others by it, else it waits for those before it.

    >>> models.Line(rate_bps=1_544_000, propagation_ns=5_000_000, mtu=1500).rate_bps
    1544000
    """

    part: ClassVar[str] = "line"
    rate_bps: int
    propagation_ns: int = 0
    mtu: int = 1500
    framing: Framing = field(default_factory=NoFraming)
    loss: Loss = field(default_factory=NoLoss)
    jitter: Duration | None = None
    reorder: bool = False
