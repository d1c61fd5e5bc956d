"""Random durations, for jitter, thoughts and bursts."""

from dataclasses import dataclass
from typing import ClassVar

from ndiswan.models._parameters import Parameters


class Duration(Parameters):
    """A distribution of durations in nanoseconds."""


@dataclass(frozen=True)
class Constant(Duration):
    """Always ``ns`` nanoseconds."""

    kind: ClassVar[str] = "constant"
    ns: float


@dataclass(frozen=True)
class Uniform(Duration):
    """Between ``low_ns`` and ``high_ns``, any value alike."""

    kind: ClassVar[str] = "uniform"
    low_ns: float
    high_ns: float


@dataclass(frozen=True)
class Exponential(Duration):
    """Memoryless, with mean ``mean_ns``."""

    kind: ClassVar[str] = "exponential"
    mean_ns: float


@dataclass(frozen=True)
class Pareto(Duration):
    """Heavy-tailed of the first kind, with mean ``mean_ns``; its variance is infinite up to an ``alpha`` of 2."""

    kind: ClassVar[str] = "pareto"
    mean_ns: float
    alpha: float = 1.5


@dataclass(frozen=True)
class Normal(Duration):
    """Normal with mean ``mean_ns`` and standard deviation ``deviation_ns``; 0 where that would be negative."""

    kind: ClassVar[str] = "normal"
    mean_ns: float
    deviation_ns: float
