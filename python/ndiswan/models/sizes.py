"""How large packets are, in bytes."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ndiswan.models._parameters import Parameters, column, real

#: The largest packet.
LARGEST = 1 << 20


class Size(Parameters):
    """A distribution of packet sizes in bytes.

    >>> isinstance(models.Cbr(rate_pps=10, size=500).size, models.Size)
    True
    """

    part: ClassVar[str] = "size"


@dataclass(frozen=True)
class Fixed(Size):
    """Always ``bytes``.

    >>> models.Cbr(rate_pps=10, size=500).size
    Fixed(bytes=500)
    """

    kind: ClassVar[str] = "fixed"
    bytes: int


@dataclass(frozen=True)
class UniformSize(Size):
    """From ``low`` to ``high``, both included, any size alike.

    >>> models.Cbr(rate_pps=10, size=models.UniformSize(40, 1500)).size
    UniformSize(low=40, high=1500)
    """

    kind: ClassVar[str] = "uniform"
    low: int
    high: int


@dataclass(frozen=True)
class ExponentialSize(Size):
    """Exponential with mean ``mean``, to the nearest byte, from 1 to ``max``.

    >>> models.Cbr(rate_pps=10, size=models.ExponentialSize(mean=300, max=1500)).size
    ExponentialSize(mean=300.0, max=1500)
    """

    kind: ClassVar[str] = "exponential"
    mean: float
    max: int


@dataclass(frozen=True, eq=False)
class Mix(Size):
    """These sizes with these weights, such as the IMIX: ``Mix([40, 576, 1500], [7, 4, 1])``.

    >>> imix = models.Mix([40, 576, 1500], weights=[7, 4, 1])
    >>> imix.weights
    (7.0, 4.0, 1.0)
    """

    kind: ClassVar[str] = "mix"
    bytes: Any
    weights: Any

    def __post_init__(self) -> None:
        object.__setattr__(self, "bytes", column("Mix.bytes", self.bytes, 1))
        # Not as an array, in which each number beside a text is one.
        given = self.weights.tolist() if isinstance(self.weights, np.ndarray) else self.weights
        given = given if isinstance(given, (list, tuple)) else [given]
        weights = [real(f"Mix.weights[{n}]", weight) for n, weight in enumerate(given)]
        object.__setattr__(self, "weights", tuple(weights))
        self._look()


@dataclass(frozen=True, eq=False)
class Cycle(Size):
    """These sizes one after the other, and from the start again.

    >>> models.Cycle([40, 1500]).bytes.tolist()
    [40, 1500]
    """

    kind: ClassVar[str] = "cycle"
    part: ClassVar[str] = ""  # it may be a long list
    bytes: Any

    def __post_init__(self) -> None:
        object.__setattr__(self, "bytes", column("Cycle.bytes", self.bytes, 1, LARGEST))


def size_of(value: Any) -> Size:
    """A size as users write it: a distribution, a number of bytes, or a list of them."""
    if isinstance(value, Size):
        return value
    return Fixed(value) if np.ndim(value) == 0 else Cycle(value)
