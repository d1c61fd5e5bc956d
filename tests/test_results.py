"""Results: derived columns, stages, intervals, and the table that people read."""

import math
import pickle
import re

import numpy as np
import pytest

from ndiswan import models
from ndiswan.models.summary import quantity

LINE = models.Line(rate_bps=1_000_000)
LINK = models.Link(traffic=models.Poisson(rate_pps=100, size=1000), line=LINE, name="line")


def test_derived_columns_are_what_they_say():
    """Rates, shares and averages over time of a link that sends 1,000 bytes each 10 ms with 8 ms for each."""
    flow = models.Cbr(rate_pps=100, size=1000)
    loss = models.GilbertElliott(p=1, r=1, loss_good=1)
    lossy = models.Line(rate_bps=1_000_000, loss=loss)
    links = [
        models.Link(traffic=flow, line=LINE, window=2, name="good"),
        models.Link(traffic=flow, line=lossy, window=2, name="lost"),
    ]
    columns = models.simulate(links, until=10.0, warmup=1.0).columns
    assert columns["throughput_bps"] == pytest.approx([800_000, 800_000], rel=2e-3)
    assert columns["goodput_bps"] == pytest.approx([800_000, 0], rel=2e-3)
    assert columns["utilisation"] == pytest.approx([0.8, 0.8], rel=2e-3)
    assert columns["window_occupancy"] == pytest.approx([0.4, 0.4], rel=2e-3)
    assert columns["lost_share"].tolist() == [0, 1]
    assert columns["miniport_share"].tolist() == [1, 1]
    assert columns["latency_mean_ns"].tolist() == [8e6, 8e6]
    assert columns["queued_p99_ns"].tolist() == [0, 0]
    assert math.isnan(columns["delivery_mean_ns"][1])


def test_columns_of_stages_are_those_of_the_histograms():
    """Mean, median and 99th percentile in the columns are those that `Stage` computes, in each replication."""
    results = models.simulate([LINK, LINK.named("other")], until=20, replications=3)
    for row, (name, r) in enumerate((n, r) for r in range(3) for n in ("line", "other")):
        for stage in ("queued", "miniport", "latency", "delivery"):
            one = results.stage(name, stage, replication=r)
            for column, value in (
                ("mean", one.mean),
                ("p50", one.quantile(0.5)),
                ("p99", one.quantile(0.99)),
            ):
                assert results.columns[f"{stage}_{column}_ns"][row] == value


def test_stages_of_replications_are_merged():
    """What `results[name]` has is all replications together: counts and sums add up, and so do the buckets."""
    results = models.simulate(LINK, until=20, replications=4)
    whole = results["line"]["latency"]
    parts = [results.stage("line", "latency", replication=r) for r in range(4)]
    assert whole.count == sum(part.count for part in parts) == whole.counts.sum()
    assert whole.sum == sum(part.sum for part in parts)
    assert (np.diff(whole.low.astype(np.int64)) > 0).all()
    assert whole.min == min(part.min for part in parts)
    with pytest.raises(KeyError, match="expected the name of a link"):
        results["lien"]


def test_an_interval_is_students_over_replications():
    """Mean and half-width are those of the values in the replications, links of a name averaged first."""
    many = models.Link(traffic=LINK.traffic, line=LINE, count=3, name="many")
    results = models.simulate([LINK, many], until=5, replications=6, confidence=0.9)
    values = results.columns["goodput_bps"].reshape(6, 4)[:, 1:].mean(axis=1)
    interval = results.interval("goodput_bps", "many")
    assert interval.mean == pytest.approx(values.mean())
    assert interval.half_width == pytest.approx(
        2.0150 * values.std(ddof=1) / math.sqrt(6), rel=1e-4
    )
    means = results.means.columns
    assert means["link"].tolist() == ["line", "many"]
    assert means["goodput_bps_half_width"][1] == interval.half_width
    with pytest.raises(KeyError, match="link: expected one of line, many"):
        results.interval("goodput_bps")


def test_one_run_has_an_interval_by_batch_means():
    """The mean latency of a long run has an interval that covers that of replications; other columns have none."""
    one = models.simulate(LINK, until=2000, warmup=10)
    interval = one.interval("latency")
    truth = models.simulate(LINK, until=100, warmup=10, replications=60).interval("latency")
    assert interval.method == "batch means"
    assert 16 <= interval.n <= 31
    assert abs(interval.mean - truth.mean) < interval.half_width + truth.half_width
    assert math.isnan(one.interval("goodput_bps").half_width)


def test_batches_of_many_links_are_limited():
    """Of 3,000 links the first 1,024 have their batch means kept."""
    many = models.Link(traffic=LINK.traffic, line=LINE, count=3000)
    results = models.simulate(many, until=1)
    assert (len(results), len(results.batches)) == (3000, 1024)


def test_results_travel():
    """Results can be pickled, and are the same on the other side."""
    results = models.simulate(LINK, until=5, replications=2)
    again = pickle.loads(pickle.dumps(results))
    assert str(again) == str(results)


def test_the_summary_has_units_and_intervals():
    """Printed results are a table with a column a link, units, and intervals with as many digits as they have."""
    text = str(models.simulate(LINK, until=50, replications=5))
    assert text.startswith("1 link, 5 replications of 50 s\n")
    assert re.search(r"^throughput +\d+ ± \d+ kbit/s$", text, re.MULTILINE)
    assert re.search(r"^latency, mean +[\d.]+ ± [\d.]+ ms$", text, re.MULTILINE)
    assert "95 % confidence" in text
    assert "resets" not in text


@pytest.mark.parametrize(
    ("column", "value", "width", "words"),
    [
        ("latency_mean_ns", 6_123_456, math.nan, "6.123 ms"),
        ("latency_mean_ns", 6_123_456, 71_000, "6.123 ± 0.071 ms"),
        ("latency_mean_ns", 2.5e11, 1e9, "250.0 ± 1.0 s"),
        ("latency_mean_ns", math.nan, math.nan, "-"),
        ("latency_mean_ns", 0, 0, "0 s"),
        ("goodput_bps", 1.544e6, math.nan, "1.544 Mbit/s"),
        ("lost_share", 0.25, 0.013, "25.0 ± 1.3 %"),
        ("offered", 12345, 0.0, "12,345"),
    ],
)
def test_quantities_are_rounded_to_what_is_known(column, value, width, words):
    """Two digits of the interval, four without one, and a prefix that keeps the number short."""
    assert quantity(column, value, width) == words


def test_names_are_text_in_html():
    """A link whose name is markup cannot do anything in a notebook."""
    evil = LINK.named("<script>alert(1)</script>")
    shown = models.simulate(evil, until=1)._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
