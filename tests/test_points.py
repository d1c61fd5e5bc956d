"""The points of a sweep: what is none, and what a parameter may be called."""

import pytest

from ndiswan import models


def make(**_):
    """Always the same link."""
    return models.Link(traffic=models.Cbr(rate_pps=9, size=500), line=models.Line(rate_bps=64_000))


@pytest.mark.parametrize(
    "name",
    ["point", "replications", "link", "sent", "latency_mean_ns_half_width", "offered_half_width"],
)
def test_a_parameter_is_not_called_as_a_column_of_either_table(name) -> None:
    """One of the two columns was missing then."""
    with pytest.raises(ValueError, match=f"a parameter's name that is no column's, got '{name}'"):
        models.sweep(make, {name: [7, 8]}, until=1, executor="serial")


@pytest.mark.parametrize(
    ("points", "said"),
    [
        (None, "points: expected lists by name, or a list of points, got None"),
        (5, "points: expected lists by name, or a list of points, got 5"),
        ("abc", "points: expected lists by name, or a list of points, got 'abc'"),
        ({5: [1]}, r"points: expected lists by name, or a list of points, got \{5: \[1\]\}"),
        ([5], r"points\[0\]: expected values by name, got 5"),
        ([{"a": 1}, {2: 1}], r"points\[1\]: expected values by name, got \{2: 1\}"),
    ],
)
def test_points_of_another_kind_are_told_in_words(points, said) -> None:
    """Not in Python's, which named no argument."""
    with pytest.raises(TypeError, match=said):
        models.sweep(make, points, until=1, executor="serial")


def test_progress_and_jobs_are_told_by_their_names() -> None:
    """A number is nothing to call, and there is no number of threads less than one."""
    with pytest.raises(
        TypeError, match="progress: expected a function of a Progress, or True, got 5"
    ):
        models.sweep(make, {"a": [1]}, until=1, executor="serial", progress=5)
    with pytest.raises(ValueError, match="jobs: expected a whole number from 1 to 4096, got -1"):
        models.sweep(make, {"a": [1]}, until=1, executor="threads", jobs=-1)
