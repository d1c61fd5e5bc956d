"""Confidence intervals: Student's t over replications, batch means within one run.

SciPy is no dependency, so the quantile is computed here: the tail of Student's distribution is a regularised incomplete
beta function, that is a continued fraction (DLMF 8.17.22) by the method of Lentz as Thompson and Barnett modified it
(Journal of Computational Physics, 1986), and its inverse is found by Newton's method.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from numbers import Real
from statistics import NormalDist
from typing import Any

import numpy as np

FEWEST_BATCHES = 10
"""Fewer batches than this give no interval, more than three times as many are joined (Schmeiser 1982)."""


@dataclass(frozen=True)
class Interval:
    """A mean, and how far from it the true one is at most, with so much ``confidence``.

    ``n`` values that are taken as independent are behind it, by ``method``: "replications", "batch means", or "none",
    and then ``half_width`` is NaN: one value says nothing of its error.

    >>> interval = models.Interval(10.0, 0.5, 20, 0.95, "replications")
    >>> interval.low, interval.high, interval.relative
    (9.5, 10.5, 0.05)
    """

    mean: float
    half_width: float
    n: int
    confidence: float
    method: str

    @property
    def low(self) -> float:
        """The lower end."""
        return self.mean - self.half_width

    @property
    def high(self) -> float:
        """The upper end."""
        return self.mean + self.half_width

    @property
    def relative(self) -> float:
        """The half-width as a share of the mean; 0 if both are 0."""
        if self.half_width == 0:
            return 0.0
        return self.half_width / abs(self.mean) if self.mean else math.inf


@lru_cache(maxsize=1024)
def student_t(confidence: float, freedom: int) -> float:
    """How many standard errors to both sides of the mean hold so much of Student's distribution.

    ``confidence`` is a share, 0.95 for example, ``freedom`` the degrees of freedom. Exact to 8 digits.
    Raises ``ValueError`` for a share that is not between 0 and 1, or no freedom.
    """
    checked_confidence(confidence)
    if freedom < 1:
        raise ValueError(f"freedom: expected 1 or more, got {freedom}")
    outside = 1 - confidence
    log_density = (
        math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2) - math.log(math.pi * freedom) / 2
    )
    # The tail is convex and a normal one is thinner, so Newton comes from below and never steps over the root.
    t = NormalDist().inv_cdf(0.5 + confidence / 2)
    for _ in range(200):
        tail = _incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t))
        density = math.exp(log_density - (freedom + 1) / 2 * math.log1p(t * t / freedom))
        step = (tail - outside) / (2 * density)
        t += step
        if abs(step) <= 1e-12 * t:
            break
    return t


def checked_confidence(confidence: float) -> float:
    """The confidence, if it is one. Raises ``ValueError`` else."""
    if not isinstance(confidence, Real):
        raise TypeError(f"confidence: expected a share between 0 and 1, got {confidence!r:.60}")
    if not 0 < confidence < 1:
        raise ValueError(
            f"confidence: expected a share between 0 and 1, such as 0.95, got {confidence!r}"
        )
    return confidence


def half_width(
    deviation: np.ndarray[Any, np.dtype[np.float64]], n: int, confidence: float
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Half of the confidence interval of means of ``n`` values with such standard deviations; NaN of fewer than two."""
    if n < 2:
        return np.full(np.shape(deviation), np.nan)
    return np.asarray(student_t(confidence, n - 1) * deviation / math.sqrt(n))


def batch_means(means: Sequence[float], mean: float, confidence: float) -> Interval:
    """The interval of a mean from the means of equal batches of one long run.

    Neighbours are joined until no more than 31 batches are left: between 10 and 30 are enough, and more of them are
    shorter and depend on each other more (Schmeiser, Operations Research, 1982). The interval is right if a batch is
    much longer than what the queue remembers; replications do not need that.
    """
    batches = np.asarray(means, np.float64)
    while batches.size > 3 * FEWEST_BATCHES + 1:
        batches = batches[: batches.size // 2 * 2].reshape(-1, 2).mean(axis=1)
    n = batches.size
    if n < FEWEST_BATCHES:
        return Interval(mean, math.nan, n, confidence, "none")
    width = half_width(batches.std(ddof=1), n, confidence)
    return Interval(mean, float(width), n, confidence, "batch means")


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    # On the other side of the mean the fraction of the mirrored function converges faster.
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, 1 - x)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    front = math.exp(log_front + a * math.log(x) + b * math.log1p(-x)) / a
    tiny = 1e-300
    fraction, c, d = 1.0, 1.0, 0.0
    for term in range(10_000):
        m = term // 2
        if term == 0:
            part = 1.0
        elif term % 2:
            part = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            part = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1 / _not_zero(1 + part * d, tiny)
        c = _not_zero(1 + part / c, tiny)
        fraction *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return front * (fraction - 1)


def _not_zero(value: float, tiny: float) -> float:
    return value if abs(value) > tiny else tiny
