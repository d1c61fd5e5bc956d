"""Confidence intervals: Student's quantiles, batch means, and that intervals hold what they promise."""

import math

import numpy as np
import pytest

from ndiswan.models import Interval
from ndiswan.models.statistics import FEWEST_BATCHES, batch_means, half_width, student_t

# Two-sided quantiles as tables of Student's distribution print them.
TABLE = [
    (0.80, 1, 3.0777),
    (0.90, 1, 6.3138),
    (0.95, 1, 12.7062),
    (0.99, 1, 63.6567),
    (0.95, 2, 4.3027),
    (0.99, 2, 9.9248),
    (0.90, 4, 2.1318),
    (0.95, 5, 2.5706),
    (0.95, 9, 2.2622),
    (0.99, 9, 3.2498),
    (0.999, 9, 4.7809),
    (0.95, 30, 2.0423),
    (0.90, 60, 1.6706),
    (0.95, 120, 1.9799),
    (0.99, 1_000_000, 2.5758),
]


@pytest.mark.parametrize(("confidence", "freedom", "quantile"), TABLE)
def test_students_quantiles_are_those_of_the_tables(confidence, freedom, quantile):
    """Every printed digit of the tables is met."""
    assert student_t(confidence, freedom) == pytest.approx(quantile, abs=6e-5)


def test_students_quantiles_are_exact_where_there_is_a_formula():
    """With one and two degrees of freedom the inverse is elementary: eight digits agree."""
    for confidence in (0.01, 0.3, 0.9, 0.95, 0.999, 0.999999):
        one = math.tan(math.pi * confidence / 2)
        two = confidence * math.sqrt(2 / (1 - confidence**2))
        assert student_t(confidence, 1) == pytest.approx(one, rel=1e-8)
        assert student_t(confidence, 2) == pytest.approx(two, rel=1e-8)


@pytest.mark.parametrize("confidence", [0, 1, -0.5, 95, float("nan")])
def test_a_confidence_that_is_no_share_is_refused(confidence):
    """A confidence is a share between 0 and 1, and 95 is none."""
    with pytest.raises(ValueError, match=r"confidence: expected a share between 0 and 1"):
        student_t(confidence, 9)
    with pytest.raises(ValueError, match="freedom: expected 1 or more"):
        student_t(0.95, 0)


def test_intervals_hold_the_mean_as_often_as_they_say():
    """Of 4,000 intervals of five normal values each, 90 % hold the mean, within three deviations."""
    values = np.random.default_rng(1).normal(3, 2, (4000, 5))
    widths = half_width(values.std(axis=1, ddof=1), 5, 0.9)
    held = np.mean(np.abs(values.mean(axis=1) - 3) <= widths)
    assert abs(held - 0.9) < 3 * math.sqrt(0.9 * 0.1 / 4000)


def test_batches_that_depend_on_each_other_are_joined():
    """Of 63 batches 31 pairs are left; the interval is Student's of these, and fewer than ten batches give none."""
    means = np.random.default_rng(2).normal(10, 1, 63)
    interval = batch_means(means, 10.0, 0.95)
    pairs = means[:62].reshape(31, 2).mean(axis=1)
    assert (interval.n, interval.method) == (31, "batch means")
    wanted = student_t(0.95, 30) * pairs.std(ddof=1) / math.sqrt(31)
    assert interval.half_width == pytest.approx(wanted)
    few = batch_means(means[: FEWEST_BATCHES - 1], 10.0, 0.95)
    assert math.isnan(few.half_width)
    assert few.method == "none"


def test_an_interval_has_ends_and_a_relative_width():
    """Its ends are the mean and half of its width; of a mean of 0 the share is infinite, unless the width is 0 too."""
    interval = Interval(4.0, 1.0, 10, 0.95, "replications")
    assert (interval.low, interval.high, interval.relative) == (3.0, 5.0, 0.25)
    assert Interval(0.0, 1.0, 2, 0.95, "replications").relative == math.inf
    assert Interval(0.0, 0.0, 2, 0.95, "replications").relative == 0
