"""Random durations, for jitter, thoughts and bursts."""

from dataclasses import dataclass
from typing import ClassVar

from ndiswan.models._parameters import Parameters


class Duration(Parameters):
    """A distribution of durations in nanoseconds.

    >>> isinstance(models.Exponential(mean_ns=1e6), models.Duration)
    True
    """

    part: ClassVar[str] = "duration"


@dataclass(frozen=True)
class Constant(Duration):
    """Always ``ns`` nanoseconds.

    >>> models.Line(rate_bps=64_000, jitter=models.Constant(ns=1e6)).jitter
    Constant(ns=1000000.0)
    """

    kind: ClassVar[str] = "constant"
    ns: float


@dataclass(frozen=True)
class Uniform(Duration):
    """Between ``low_ns`` and ``high_ns``, any value alike.

    >>> models.Line(rate_bps=64_000, jitter=models.Uniform(low_ns=0, high_ns=1e6)).jitter
    Uniform(low_ns=0.0, high_ns=1000000.0)
    """

    kind: ClassVar[str] = "uniform"
    low_ns: float
    high_ns: float


@dataclass(frozen=True)
class Exponential(Duration):
    """Memoryless, with mean ``mean_ns``.

    >>> models.Line(rate_bps=64_000, jitter=models.Exponential(mean_ns=1e6)).jitter
    Exponential(mean_ns=1000000.0)
    """

    kind: ClassVar[str] = "exponential"
    mean_ns: float


@dataclass(frozen=True)
class Pareto(Duration):
    """Heavy-tailed of the first kind, with mean ``mean_ns``; its variance is infinite up to an ``alpha`` of 2.

    >>> models.Line(rate_bps=64_000, jitter=models.Pareto(mean_ns=1e9, alpha=1.4)).jitter
    Pareto(mean_ns=1000000000.0, alpha=1.4)
    """

    kind: ClassVar[str] = "pareto"
    mean_ns: float
    alpha: float = 1.5


@dataclass(frozen=True)
class Normal(Duration):
    """Normal with mean ``mean_ns`` and standard deviation ``deviation_ns``; 0 where that would be negative.

    >>> models.Line(rate_bps=64_000, jitter=models.Normal(mean_ns=1e6, deviation_ns=1e5)).jitter
    Normal(mean_ns=1000000.0, deviation_ns=100000.0)
    """

    kind: ClassVar[str] = "normal"
    mean_ns: float
    deviation_ns: float
