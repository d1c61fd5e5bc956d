"""Charts of what was measured, with altair (extra ``viz``): one HTML file that needs no network.

Every function here takes numbers and returns a chart; `page` makes the file of them.
"""

import json
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from ndiswan.models.results import Results
from ndiswan.models.stages import Column

# So many points of a curve are more than a screen shows.
POINTS = 400
# So many ticks have room for their words.
TICKS = 12
WIDTH, HEIGHT = 640, 260
STAGES = {
    "queued": "in the queue",
    "miniport": "with the miniport",
    "latency": "offered to handed back",
    "delivery": "offered to arrived",
}


class MissingVizError(ImportError):
    """The extra with what draws is not installed."""


def _altair() -> Any:
    try:
        import altair as alt
        import vl_convert  # noqa: F401 -- altair needs it for a file without a network
    except ModuleNotFoundError as error:
        raise MissingVizError(f"charts need {error.name}: pip install 'ndiswan[viz]'") from error
    return alt


def _expect_results(results: object) -> None:
    if not isinstance(results, Results):
        raise TypeError(f"results: expected what simulate returns, got {results!r:.60}")


def latency_cdf(results: Results) -> Any:
    """For each link and stage, the share of packets that took no longer than a time in milliseconds, on a log scale."""
    _expect_results(results)
    alt = _altair()
    rows = []
    for link, stages in results.stages.items():
        for name, stage in stages.items():
            if not stage.count:
                continue
            times, shares = stage.cdf()
            for n in _some(len(times)):
                # No time at all has no place on a log scale; a microsecond is none to a person.
                ms = max(float(times[n]) / 1e6, 1e-3)
                row = {"link": link, "stage": STAGES.get(name, name), "ms": ms}
                rows.append(row | {"share": float(shares[n])})
    return (
        alt.Chart(alt.Data(values=rows), title="How long it took")
        .mark_line(interpolate="step-after")
        .encode(
            x=alt.X("ms:Q", title="milliseconds", scale=alt.Scale(type="log", nice=False)),
            y=alt.Y("share:Q", title="share of packets", scale=alt.Scale(domain=[0, 1])),
            color=alt.Color("link:N"),
            strokeDash=alt.StrokeDash("stage:N"),
            tooltip=["link:N", "stage:N", "ms:Q", "share:Q"],
        )
        .properties(width=WIDTH, height=HEIGHT)
    )


def occupancy(results: Results) -> Any:
    """Packets with the miniport and in the queue over time, all links of a name together; needs records of packets."""
    _expect_results(results)
    alt = _altair()
    packets = results.packets
    names = results.columns["link"]
    rows = []
    if packets["link"].size:
        begin = int(packets["offered_ns"].min())
        edges = np.linspace(begin, int(packets["returned_ns"].max()), POINTS + 1)
        for link in dict.fromkeys(names.tolist()):
            own = (names == link)[packets["link"]]
            for where, since, until in (
                ("with the miniport", "sent_ns", "returned_ns"),
                ("in the queue", "offered_ns", "sent_ns"),
            ):
                level = mean_level(packets[since][own], packets[until][own], edges)
                rows += [
                    {"link": link, "where": where, "s": float(s) / 1e9, "packets": float(n)}
                    for s, n in zip(edges[:-1], level, strict=True)
                ]
    return (
        alt.Chart(alt.Data(values=rows), title="Where the packets were")
        .mark_line(interpolate="step-after", strokeWidth=1)
        .encode(
            x=alt.X("s:Q", title="seconds"),
            y=alt.Y("packets:Q", title="packets, mean of each step"),
            color=alt.Color("link:N"),
            strokeDash=alt.StrokeDash("where:N"),
            tooltip=["link:N", "where:N", "s:Q", "packets:Q"],
        )
        .properties(width=WIDTH, height=HEIGHT)
    )


def mean_level(since: Column, until: Column, edges: Column) -> Column:
    """How many intervals ``[since, until)`` cover a moment, as the mean over each span between two edges."""
    # A packet that came in a span was there for the rest of it and for each later one; from when it left it is missed
    # likewise. So nothing is sorted, which for ten million packets takes as long as simulating them.
    spans = np.diff(edges)
    area = _from_then_on(since, edges, spans) - _from_then_on(until, edges, spans)
    mean: Column = area / spans
    return np.maximum(mean, 0.0)


def _from_then_on(times: Column, edges: Column, spans: Column) -> Column:
    """What each span has of the time from each of ``times`` on, together."""
    span = np.searchsorted(edges, times, side="right")
    count = np.bincount(span, minlength=len(edges) + 1)
    rest = np.bincount(span, edges[np.minimum(span, len(edges) - 1)] - times, len(edges) + 1)
    return np.cumsum(count)[:-2] * spans + rest[1:-1]


def curve(
    x: str,
    y: str,
    points: Sequence[dict[str, Any]],
    *,
    by: str | None = None,
    form: str | None = None,
) -> Any:
    """``y`` over ``x``, a line for each value of ``by``: ``points`` have these keys, and ``low`` and ``high``.

    The area is from ``low`` to ``high``, a confidence interval, where both are numbers. ``form`` is how numbers of
    ``y`` are written, in the words of d3.
    """
    alt = _altair()
    numbers = all(isinstance(point[x], (int, float)) for point in points)
    kind = "quantitative" if numbers else "nominal"
    over = alt.X(field=_escaped(x), type=kind, title=x)
    if numbers:
        over.scale, over.axis = alt.Scale(zero=False), _ticks(alt, [point[x] for point in points])
    level = alt.Y(field=_escaped(y), type="quantitative", title=y)
    if form is not None:
        level.axis = alt.Axis(format=form)
    colour, line = {}, {}
    if by is not None:
        of = {"field": _escaped(by), "type": "nominal", "title": by}
        # One that lies on another is seen through its gaps, and by its points.
        colour = {"color": alt.Color(**of)}
        # Their own legends would say the same once more.
        dash, shape = alt.StrokeDash(**of, legend=None), alt.Shape(**of, legend=None)
        line = {**colour, "strokeDash": dash, "shape": shape}
    chart = alt.Chart(alt.Data(values=list(points)))
    drawn = chart.mark_line(point={"size": 60}).encode(x=over, y=level, **line)
    known = [point for point in points if point["low"] is not None]
    if known:
        band = alt.Chart(alt.Data(values=known))
        band = band.mark_area(opacity=0.25) if numbers else band.mark_rule()
        drawn = band.encode(x=over, y=alt.Y("low:Q", title=y), y2="high:Q", **colour) + drawn
    return drawn.properties(title=f"{y} over {x}", width=WIDTH, height=HEIGHT)


def _ticks(alt: Any, values: Sequence[float]) -> Any:
    """Ticks at the points; at whole numbers if there are too many of them, and they are whole."""
    several = sorted(set(values))
    if len(several) <= TICKS:
        return alt.Axis(values=several)
    return alt.Axis(tickMinStep=1) if all(isinstance(n, int) for n in several) else alt.Axis()


def _escaped(name: str) -> str:
    """A name as Vega reads it, to which a dot is a step down."""
    return name.replace("\\", "\\\\").replace(".", "\\.").replace("[", "\\[").replace("]", "\\]")


PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<title>{title}</title>
<style>body {{ font-family: sans-serif; margin: 2rem; }}</style>
<script>
{bundle}
</script>
</head>
<body>
<h1>{title}</h1>
<pre>
{said}
</pre>
<div id="charts"></div>
<script>
const shown = {{export: true, source: false, compiled: false, editor: false}};
vegaEmbed("#charts", {spec}, {{mode: "vega-lite", actions: shown}});
</script>
</body>
</html>
"""


def page(charts: Sequence[Any], title: str, said: Sequence[str] = ()) -> str:
    """The charts one below the other, and lines of text above them, as an HTML document with everything in it."""
    alt = _altair()
    import vl_convert

    whole = alt.vconcat(*charts).resolve_scale(
        color="independent", strokeDash="independent", shape="independent"
    )
    bundle: Any = vl_convert.javascript_bundle  # its types want a snippet, which it does without
    version = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
    return PAGE.format(
        title=escape(title),
        bundle=bundle(vl_version=version),
        said=escape("\n".join(said)),
        # A name in the data must not end the script that it is in.
        spec=json.dumps(whole.to_dict(), allow_nan=False).replace("<", "\\u003c"),
    )


def _some(count: int) -> list[int]:
    """At most so many of ``count`` places as a screen shows, the first and the last among them."""
    if count <= POINTS:
        return list(range(count))
    places: list[int] = np.unique(np.linspace(0, count - 1, POINTS).astype(int)).tolist()
    return places
