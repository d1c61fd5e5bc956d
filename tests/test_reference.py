"""The engine and a plain model of the same link agree event by event, whatever the link."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ndiswan import models
from random_links import events_of, links
from reference_link import Reference

QUICK = settings(
    max_examples=150,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
ENDS = st.one_of(st.just(10_000_000), st.integers(0, 200_000))


def engine(link: models.Link, **settings: object) -> models.Simulation:
    """A simulation of one link that keeps every event."""
    return models.Simulation(link, detail="trace", threads=1, **settings)


def agree(link: models.Link, until: int, seed: int = 0) -> None:
    """Events and counters of the two are the same, in the middle of whatever goes on at `until`."""
    reference, simulation = Reference(link, seed), engine(link, seed=seed)
    simulation.run(until / 1e9)
    assert events_of(simulation) == reference.run(until)
    columns = simulation.results().columns
    assert columns["broken"][0] == 0
    for name, count in reference.counters(until).items():
        if name.endswith("_sum"):
            mean = columns[name.removesuffix("_sum")][0]
            assert mean * max(until, 1) == pytest.approx(count, rel=1e-9), name
        else:
            assert columns[name][0] == count, name


@QUICK
@given(links(), ENDS, st.integers(0, 3))
def test_a_plain_model_sees_the_same_events(link: models.Link, until: int, seed: int) -> None:
    """Every event and every counter is the one that a heap of plain events gives, on random links."""
    agree(link, until, seed)


@pytest.mark.soak
@settings(QUICK, max_examples=20_000)
@given(links(), ENDS, st.integers(0, 3))
def test_a_plain_model_sees_the_same_events_for_long(
    link: models.Link, until: int, seed: int
) -> None:
    """The same, on twenty thousand random links."""
    agree(link, until, seed)


@QUICK
@given(links(), st.lists(st.integers(0, 200_000), max_size=6), st.lists(st.integers(1, 20)))
def test_a_run_in_pieces_is_the_run(link: models.Link, times: list[int], counts: list[int]) -> None:
    """Neither where a run pauses nor how many events it takes at once changes an event or a counter."""
    whole, pieces = engine(link), engine(link)
    whole.run(1e-3)
    for time in sorted(times):
        pieces.run(time / 1e9)
    for count in counts:
        pieces.run(1e-3, max_events=count)
    pieces.run(1e-3)
    assert events_of(pieces) == events_of(whole)
    assert pieces.digest == whole.digest
    one, other = whole.results().columns, pieces.results().columns
    # As text: the mean of no packet is a NaN, which equals nothing.
    assert {name: str(column.tolist()) for name, column in one.items()} == {
        name: str(column.tolist()) for name, column in other.items()
    }


@QUICK
@given(links(), st.integers(0, 200_000), st.integers(0, 200_000))
def test_what_is_counted_after_a_warm_up_is_the_difference(
    link: models.Link, warmup: int, more: int
) -> None:
    """Counters that begin anew at a time count what the others count from then on."""
    before, after = Reference(link), Reference(link)
    before.run(warmup)
    after.run(warmup + more)
    was, total = before.counters(warmup), after.counters(warmup + more)
    simulation = engine(link)
    simulation.run(warmup / 1e9)
    simulation.clear()
    simulation.run((warmup + more) / 1e9)
    columns = simulation.results().columns
    for name in (
        "offered",
        "sent",
        "succeeded",
        "aborted",
        "received",
        "lost",
        "vanished",
        "busy_ns",
        "dropped",
    ):
        assert columns[name][0] == total[name] - was[name], name
    for name in ("queued", "outstanding"):
        expected = total[f"{name}_sum"] - was[f"{name}_sum"]
        assert columns[name][0] * max(more, 1) == pytest.approx(expected, rel=1e-9), name


@QUICK
@given(st.lists(links(), min_size=2, max_size=4))
def test_links_together_do_what_each_does_alone(several: list[models.Link]) -> None:
    """Each of several links on two cores has the events of the plain model with the luck of its own number."""
    together = models.Simulation(several, detail="trace", threads=2)
    merged = models.Simulation(several, detail="digest", threads=1)
    together.run(1e-3)
    while not merged.run(1e-3, max_events=7):
        assert merged.now <= 1e-3
    assert together.digest == merged.digest
    for number, link in enumerate(several):
        alone = Reference(link, number=number).run(1_000_000)
        assert events_of(together, number) == alone
