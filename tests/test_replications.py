"""Replications: whose luck each has, when there are enough, and what their intervals are."""

import math

import numpy as np
import pytest

from ndiswan import models

T1 = models.Line(rate_bps=1_544_000)
BUSY = models.Link(traffic=models.Poisson(rate_pps=300, size=500), line=T1, name="t1")
TWO = (
    BUSY,
    models.Link(traffic=models.Poisson(rate_pps=100, size=500), line=T1, count=2, name="b"),
)


def same(one, other, rows=slice(None)):
    """Whether each column of one is that of the other."""
    return all(
        np.array_equal(column[rows], other.columns[name], equal_nan=column.dtype.kind == "f")
        for name, column in one.columns.items()
        if name != "replication"
    )


def test_a_replication_is_the_run_of_a_spawned_seed():
    """Number r of any number of replications is the run with the child r of the seed, to the bit."""
    five = models.simulate(TWO, until=3, warmup=0.5, seed=7, replications=5)
    assert five.columns["replication"].tolist() == [r for r in range(5) for _ in range(3)]
    assert five.columns["link"].tolist() == ["t1", "b", "b"] * 5
    for r, child in enumerate(np.random.SeedSequence(7).spawn(5)):
        one = models.simulate(TWO, until=3, warmup=0.5, seed=child)
        assert same(five, one, slice(3 * r, 3 * r + 3)), r
    assert len(set(five.columns["offered"][::3].tolist())) > 1


@pytest.mark.parametrize("detail", ["counters", "digest", "packets"])
def test_cores_and_chunks_change_nothing(detail):
    """Replications on one core and on three are the same, be they run together or one by one."""
    together = models.simulate(TWO, until=2, seed=3, replications=70, threads=3)
    alone = models.simulate(TWO, until=2, seed=3, replications=70, threads=1, detail=detail)
    assert same(together, alone)
    assert len(alone.packets.get("link", ())) == (
        alone.columns["succeeded"].sum() if detail == "packets" else 0
    )
    fewer = models.simulate(TWO, until=2, seed=3, replications=69, threads=1, detail=detail)
    assert (alone.digest == fewer.digest) == (detail == "counters")


def test_a_precision_that_is_asked_for_is_reached():
    """Replications are added until the interval is as narrow as was asked, and no more than about twice as many."""
    results = models.simulate(BUSY, until=5, seed=1, precision=0.02)
    assert results.missed == {}
    assert 0.01 < results.interval("latency").relative <= 0.02
    assert 10 < results.replications < 1000
    more = models.simulate(BUSY, until=5, seed=1, replications=results.replications)
    assert same(results, more)


def test_a_precision_that_is_not_reached_is_told():
    """With too few replications allowed there is a warning, and the table says how wide the interval is."""
    with pytest.warns(models.PrecisionWarning, match="latency_p99_ns: its interval is"):
        results = models.simulate(
            BUSY,
            until=1,
            precision={"latency_p99_ns": 1e-6, "utilisation": 0.5},
            max_replications=12,
        )
    assert results.replications == 12
    assert list(results.missed) == ["latency_p99_ns"]
    assert results.missed["latency_p99_ns"] == results.interval("latency_p99_ns").relative
    assert "latency_p99_ns is still" in str(results)


def test_what_never_happens_has_no_precision():
    """A latency of no packet is not precise, and the search for one ends."""
    late = models.Link(traffic=models.Cbr(rate_pps=1, size=100, start_ns=10**10), line=T1)
    with pytest.warns(models.PrecisionWarning):
        results = models.simulate(late, until=1, precision=0.01, max_replications=20)
    assert results.missed == {"latency_mean_ns": math.inf}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"until": 1, "warmup": 1}, "until: expected more than the warm-up of 1 s"),
        ({"replications": 0}, "replications: expected a whole number of 1 or more"),
        ({"precision": 0.0}, "precision: expected columns that measure, and shares above 0"),
        ({"precision": {"latncy": 0.1}}, "expected a column .*'latncy'"),
        ({"precision": {"link": 0.1}}, "precision: expected columns that measure"),
        ({"confidence": 95}, "confidence: expected a share between 0 and 1"),
        ({"max_replications": 1, "precision": 0.1}, "max_replications: expected"),
    ],
    ids=str,
)
def test_wrong_options_are_named(options, message):
    """Each raises before anything runs, with what was expected."""
    with pytest.raises((ValueError, KeyError), match=message):
        models.simulate(BUSY, **{"until": 1e8, **options})


def test_what_a_watcher_raises_ends_the_replications():
    """Ctrl-C and whatever else a watcher raises comes out of the call."""

    def watch():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        models.simulate(BUSY, until=1e6, replications=200, watch=watch)


def test_any_seed_of_numpy_is_one():
    """A number, a large one, a list of words, and a spawned child are seeds; the same gives the same twice."""
    seeds = [5, 1 << 200, [1, 2, 3], np.int64(7)]
    sequences = [np.random.SeedSequence(seed) for seed in seeds]
    spawned = sequences[0].spawn(2)[1]
    offered = []
    for seed in (*sequences, spawned):
        first, second = (models.simulate(BUSY, until=1, seed=seed).columns for _ in range(2))
        assert first["offered"] == second["offered"]
        offered.append(int(first["offered_bytes"][0] * 1000 + first["latency_mean_ns"][0] % 1000))
    assert len(set(offered)) == 5
    assert (
        models.simulate(BUSY, until=1, seed=5).columns["offered"]
        == models.simulate(BUSY, until=1, seed=sequences[0]).columns["offered"]
    )


def test_more_replications_than_are_allowed_are_refused():
    """Fewer than were asked for were run, and nothing was said."""
    with pytest.raises(
        ValueError, match=r"replications: expected at most max_replications, which is 15, got 50"
    ):
        models.simulate(BUSY, until=1, precision=0.5, replications=50, max_replications=15)
    assert models.simulate(BUSY, until=1, precision=9, max_replications=3).replications == 3


def test_what_has_no_mean_and_what_was_never_seen_are_told():
    """A replication without a packet has no latency, and no loss in some runs is no exact 0."""
    rare = models.Link(traffic=models.Poisson(rate_pps=0.02, size=100), line=T1)
    with pytest.warns(models.PrecisionWarning, match=r"\d of 12 replications had no packet"):
        results = models.simulate(rare, until=100, precision=0.1, max_replications=12)
    assert "latency_mean_ns has no mean, since some replications had no packet." in str(results)
    line = models.Line(10**6, loss=models.BitErrors(1e-9))
    clean = models.Link(traffic=models.Poisson(rate_pps=100, size=100), line=line)
    with pytest.warns(models.PrecisionWarning, match="lost: it was 0 in each of 10 replications"):
        models.simulate(clean, until=10, precision={"lost": 0.1})
