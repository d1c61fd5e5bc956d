"""`ndiswan plot`: one HTML file that draws without a network."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import vl_convert

from commands import FINE, USAGE, ndiswan
from ndiswan import models
from ndiswan.models import charts, curves
from repository import ROOT

EXAMPLE = ROOT / "examples" / "t1.toml"


def link(window: int, rate: int) -> models.Link:
    """A line that is busier with each rate, and a window."""
    traffic = models.Poisson(rate_pps=rate, size=500)
    return models.Link(traffic=traffic, line=models.Line(1_544_000), window=window)


@pytest.fixture(scope="module")
def sweep() -> models.Sweep:
    """A small grid."""
    points = {"window": [1, 4], "rate": [100, 200, 300]}
    return models.sweep(link, points, until=5, warmup=1, replications=4, executor="serial")


def specification(html: str) -> dict[str, Any]:
    """What the page has Vega draw."""
    found = re.search(r'vegaEmbed\("#charts", (.*), \{mode: "vega-lite"', html)
    assert found
    spec: dict[str, Any] = json.loads(found[1])
    return spec


def rows_of(chart: dict[str, Any]) -> list[dict[str, Any]]:
    """The data of a chart."""
    rows: list[dict[str, Any]] = chart["data"]["values"]
    return rows


def test_a_scenario_is_drawn_in_one_file_without_a_network(tmp_path: Path) -> None:
    """The page loads nothing, has the table, and its charts are ones that Vega-Lite renders."""
    target = tmp_path / "t.html"
    done = ndiswan("plot", EXAMPLE, "--until", "9", "-o", target)
    assert (done.returncode, done.stdout) == (FINE, f"{target}\n"), done.stderr
    html = target.read_text("utf-8")
    own = re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL)
    assert re.findall(r"src=|href=|url\(|@import", own) == []
    assert "<script src" not in html
    assert "latency, mean" in html
    spec = specification(html)
    assert [chart["title"] for chart in spec["vconcat"]] == [
        "How long it took",
        "Where the packets were",
    ]
    assert vl_convert.vegalite_to_svg(spec).startswith("<svg")


def test_the_curve_of_latencies_is_that_of_the_results() -> None:
    """A point of the curve is a share that was measured, and the curve ends at 1."""
    results = models.simulate(link(4, 300), until=5)
    rows = rows_of(charts.latency_cdf(results).to_dict())
    latency = [row for row in rows if row["stage"] == "offered to handed back"]
    assert latency[-1]["share"] == 1
    assert len(latency) <= charts.POINTS
    at = next(row for row in latency if row["share"] >= 0.5)
    assert at["ms"] * 1e6 == pytest.approx(results["link0"]["latency"].quantile(0.5), rel=0.02)


def test_occupancy_is_the_mean_that_was_counted() -> None:
    """The mean of the curve over time is the time average that the engine counted."""
    results = models.simulate(
        models.Link(
            traffic=models.Poisson(rate_pps=300, size=500, packets=1000), line=link(4, 1).line
        ),
        detail="packets",
    )
    rows = rows_of(charts.occupancy(results).to_dict())
    mean = np.mean([row["packets"] for row in rows if row["where"] == "with the miniport"])
    packets = results.packets
    span = int(packets["returned_ns"].max() - packets["offered_ns"].min())
    counted = results.columns["outstanding"][0] * results.columns["elapsed_ns"][0] / span
    assert mean == pytest.approx(counted, rel=1e-9)


def test_the_mean_level_of_a_step_is_exact() -> None:
    """Two intervals that overlap, over spans that begin and end inside them."""
    since, until = np.array([0, 2], np.uint64), np.array([4, 6], np.uint64)
    level = charts.mean_level(since, until, np.array([0.0, 1.0, 3.0, 6.0, 9.0]))
    assert level.tolist() == pytest.approx([1.0, 1.5, 4 / 3, 0.0])


@pytest.mark.parametrize("name", ["s.parquet", "s.csv", "means.parquet"])
def test_a_sweep_is_drawn_from_its_table(tmp_path: Path, sweep: models.Sweep, name: str) -> None:
    """Curves over the parameter, a line for each other one, with the intervals of the sweep's own means."""
    path = tmp_path / name
    table = sweep.means if name.startswith("means") else sweep
    if path.suffix == ".csv":
        table.to_pandas().to_csv(path, index=False)
    else:
        table.to_parquet(path)
    (chart,) = curves.curves(curves.read_table(path), x="rate", ys=["latency_mean_ns"])
    drawn = {(row["window"], row["rate"]): row for row in rows_of(chart.to_dict()["layer"][1])}
    means = sweep.means.columns
    assert len(drawn) == len(means["rate"]) == 6
    for n in range(6):
        row = drawn[str(means["window"][n]), means["rate"][n]]
        mean, width = means["latency_mean_ns"][n], means["latency_mean_ns_half_width"][n]
        assert row["latency_mean, ms"] * 1e6 == pytest.approx(mean)
        assert (row["high"] - row["low"]) * 1e6 == pytest.approx(2 * width)


def test_the_command_draws_a_table(tmp_path: Path, sweep: models.Sweep) -> None:
    """`ndiswan plot` of a sweep's Parquet file is a page with a chart for each column."""
    path, target = tmp_path / "s.parquet", tmp_path / "s.html"
    sweep.to_parquet(path)
    done = ndiswan("plot", path, "--x", "rate", "--y", "utilisation", "--y", "queued", "-o", target)
    assert done.returncode == FINE, done.stderr
    spec = specification(target.read_text("utf-8"))
    assert [chart["title"] for chart in spec["vconcat"]] == [
        "utilisation over rate",
        "queued over rate",
    ]
    assert vl_convert.vegalite_to_svg(spec).startswith("<svg")


def test_lines_are_told_apart_by_what_differs(sweep: models.Sweep) -> None:
    """Without a word the first number is to the right, and everything else that differs makes a line."""
    drawn = curves.curves(sweep.columns)
    assert len(drawn) == len(curves.DRAWN)
    rows = rows_of(drawn[0].to_dict()["layer"][1])
    assert {row["rate"] for row in rows} == {"100", "200", "300"}
    assert {row["window"] for row in rows} == {1, 4}


def test_axes_say_what_people_say(sweep: models.Sweep) -> None:
    """Ticks are at the points, shares are percent and times milliseconds; curves that coincide are told apart."""
    shares, times = curves.curves(sweep.columns, x="window", ys=["utilisation", "latency_mean_ns"])
    for chart, form in ((shares, "~%"), (times, None)):
        line = chart.to_dict()["layer"][1]["encoding"]
        assert line["x"]["axis"]["values"] == [1, 4]
        assert line["y"].get("axis", {}).get("format") == form
        assert line["strokeDash"]["field"] == line["shape"]["field"] == line["color"]["field"]
    assert times.to_dict()["title"] == "latency_mean, ms over window"
    svg = vl_convert.vegalite_to_svg(shares.to_dict())
    assert re.search(r">\d+%<", svg)
    assert not re.search(r">\d+m<", svg)


def test_a_name_cannot_end_the_script_that_it_is_in() -> None:
    """Names of links are data: one that looks like markup stays text."""
    evil = "</script><script>alert(1)</script>"
    results = models.simulate(link(4, 100).named(evil), until=1)
    html = charts.page([charts.latency_cdf(results)], evil, [evil])
    assert html.count("</script>") == 2
    assert rows_of(specification(html))[0]["link"] == evil


@pytest.mark.parametrize(
    ("content", "arguments", "said"),
    [
        ("a,b\n1,2\n", [], "expected the table of a sweep (point, parameters, link), got a, b"),
        ("a,b\n1\n", [], "expected a line of names and below it rows with as many cells"),
        ("point,x,link,replication,m\n0,1,a,0,5\n", ["--x", "y"], "expected one of x, got 'y'"),
        ("point,x,link,replication,m\n0,1,a,0,5\n", ["--y", "z"], "got 'z'"),
        (
            "point,x,link,replication,m\n0,1,a,0,5\n",
            ["--y", "link"],
            "link: expected a column of numbers, got 'a'",
        ),
    ],
)
def test_a_table_that_is_none_is_usage(
    tmp_path: Path, content: str, arguments: list[str], said: str
) -> None:
    """What cannot be drawn ends with 4 and says what was expected."""
    path = tmp_path / "t.csv"
    path.write_text(content, "utf-8")
    done = ndiswan("plot", path, *arguments, cwd=tmp_path)
    assert (done.returncode, said in done.stderr) == (USAGE, True), done.stderr


def test_a_file_that_is_no_parquet_is_usage(tmp_path: Path) -> None:
    """A file with the name of a Parquet file and other contents is named."""
    path = tmp_path / "t.parquet"
    path.write_bytes(b"PAR1, but no more")
    done = ndiswan("plot", path, cwd=tmp_path)
    assert done.returncode == USAGE
    assert "t.parquet: expected a Parquet file" in done.stderr


def test_a_folder_and_a_missing_extra_are_told(tmp_path: Path) -> None:
    """A sweep's folder has no parameters, and without altair the line that installs it is told."""
    done = ndiswan("plot", tmp_path)
    assert (done.returncode, "sweep(...).to_parquet" in done.stderr) == (USAGE, True)
    (tmp_path / "altair.py").write_text("raise ModuleNotFoundError(name='altair')", "utf-8")
    done = ndiswan("plot", EXAMPLE, "--until", "6", PYTHONPATH=f"{tmp_path}:{':'.join(sys.path)}")
    assert (done.returncode, "pip install 'ndiswan[viz]'" in done.stderr) == (USAGE, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["t1.toml", "--x", "rate"], "--x: expected a table beside it, which t1.toml is not"),
        (
            ["t1.toml", "--y", "a", "--y", "b"],
            "--y: expected a table beside it, which t1.toml is not",
        ),
        (["t.csv", "--until", "3"], "--until: expected a scenario beside it, which t.csv is not"),
    ],
    ids=str,
)
def test_an_option_of_the_other_kind_of_file_is_refused(arguments: list[str], said: str) -> None:
    """It would be left out without a word."""
    done = ndiswan("plot", *arguments, cwd=EXAMPLE.parent)
    assert done.returncode == USAGE
    assert said in done.stderr


def test_a_page_that_cannot_be_written_is_told_before_the_run(tmp_path: Path) -> None:
    """The run would take for ever."""
    done = ndiswan("plot", EXAMPLE, "--until", "1e9", "-o", tmp_path / "nowhere" / "t.html")
    assert done.returncode == USAGE
    assert "-o: expected a file that can be written" in done.stderr


def test_a_page_does_not_overwrite_what_is_drawn(tmp_path: Path) -> None:
    """A table, a scenario; and a table that is not there is told as that."""
    table, file = tmp_path / "t.csv", tmp_path / "s.toml"
    table.write_text("point,rate,link,latency_mean_ns\n0,1,a,3\n", "utf-8")
    file.write_bytes(EXAMPLE.read_bytes())
    for path in (table, file):
        before = path.read_bytes()
        done = ndiswan("plot", path, "-o", path)
        assert (done.returncode, path.read_bytes()) == (USAGE, before)
        assert f"-o: expected a file of its own, got {path}, which is read" in done.stderr
    done = ndiswan("plot", "nope.parquet", cwd=tmp_path)
    assert done.returncode == USAGE
    assert done.stderr.endswith("Error: nope.parquet: there is no such file\n")
