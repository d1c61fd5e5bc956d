"""Links without luck of any shape, for Hypothesis: few sizes and times, so that much happens at the same instant."""

import numpy as np
from hypothesis import strategies as st

from ndiswan import models

NANOSECONDS = st.sampled_from([0, 0, 1, 100, 1000, 1500, 10_000])
SIZES = st.one_of(
    st.integers(1, 40).map(lambda n: n * 25),
    st.lists(st.sampled_from([1, 25, 100, 125, 1000, 1500]), min_size=1, max_size=4),
)
RATES = st.sampled_from([8_000_000, 15_440_000, 100_000_000, 1_000_000_000, 8_000_000_000])
THOUGHTS = st.one_of(st.none(), st.sampled_from([0, 1000, 5000]).map(models.Constant))
KINDS = ("sent", "completed", "dropped", "left")


def microseconds(most: int, *, least: int = 0) -> st.SearchStrategy[int]:
    """Whole microseconds, in nanoseconds."""
    return st.integers(least, most).map(lambda us: us * 1000)


def instants(most: int, count: int) -> st.SearchStrategy[list[int]]:
    """Ascending times."""
    times = st.lists(microseconds(most, least=1), min_size=1, max_size=count)
    return times.map(sorted)


COMMON = {
    "size": SIZES,
    "start_ns": NANOSECONDS,
    "packets": st.integers(1, 30),
    "traffic_class": st.integers(0, 2),
}
BURSTS = st.builds(models.Constant, microseconds(40, least=1))
PAUSES = st.builds(models.Constant, microseconds(40))
FLOWS = st.one_of(
    st.builds(models.Cbr, rate_pps=st.sampled_from([1e4, 1e5, 1e6, 3e5, 7e5, 1e9]), **COMMON),
    st.builds(models.Replay, times_ns=instants(100, 20), **COMMON),
    st.builds(models.OnOff, rate_pps=st.sampled_from([1e5, 1e6]), on=BURSTS, off=PAUSES, **COMMON),
    st.builds(models.ClosedLoop, window=st.integers(1, 6), think=THOUGHTS, **COMMON),
    st.builds(models.Saturating, **COMMON),
)
MODERATION = st.builds(models.Moderation, frames=st.integers(1, 5), ns=NANOSECONDS)
DEATHS = st.builds(
    models.Death,
    at_ns=instants(100, 3),
    check_for_hang_ns=st.sampled_from([1000, 7000, 20_000]),
    reset_ns=NANOSECONDS,
)
DISCIPLINES = st.one_of(
    st.just(models.Fifo()),
    st.just(models.Priority()),
    st.sampled_from([25, 500, 1500]).map(models.Drr),
    st.sampled_from([models.CoDel(1000, 5000), models.CoDel(5000, 20_000)]),
)
LOSSES = st.one_of(
    st.just(models.NoLoss()),
    st.just(models.NoLoss()),
    st.builds(
        models.GilbertElliott,
        p=st.sampled_from([0.1, 1.0]),
        r=st.sampled_from([0.3, 1.0]),
        loss_good=st.sampled_from([0.0, 0.1]),
        loss_bad=st.sampled_from([0.5, 1.0]),
    ),
)
LINES = st.builds(
    models.Line,
    rate_bps=RATES,
    propagation_ns=NANOSECONDS,
    framing=st.sampled_from([models.NoFraming(), models.Overhead(25)]),
    loss=LOSSES,
    jitter=st.one_of(st.none(), st.sampled_from([0, 500]).map(models.Constant)),
    reorder=st.booleans(),
)


@st.composite
def cards(draw: st.DrawFn) -> models.Card:
    """A card of any kind."""
    completes = draw(st.sampled_from(["when_sent", "when_sent", "when_copied", "inline"]))
    return models.Card(
        completes=completes,
        descriptors=draw(st.integers(0 if completes == "when_sent" else 1, 4)),
        program_ns=draw(NANOSECONDS),
        interrupt_ns=draw(NANOSECONDS),
        moderation=draw(st.one_of(st.none(), MODERATION)),
        reorder=draw(st.sampled_from([0, 0, 0, 1, 3])),
        dies=draw(st.one_of(st.none(), st.none(), DEATHS)),
    )


@st.composite
def links(draw: st.DrawFn) -> models.Link:
    """A link with one to three flows."""
    traffic, window = draw(st.lists(FLOWS, min_size=1, max_size=3)), draw(st.integers(1, 6))
    rounds = sum(
        flow.window if isinstance(flow, models.ClosedLoop) else window + 1
        for flow in traffic
        if isinstance(flow, models.ClosedLoop | models.Saturating)
    )
    # What goes round must find room.
    limit = st.integers(0, 6).map(lambda limit: max(limit, rounds - window))
    return models.Link(
        traffic=traffic,
        line=draw(LINES),
        window=window,
        card=draw(cards()),
        queue=models.Queue(draw(DISCIPLINES), draw(st.one_of(st.none(), limit))),
    )


def events_of(
    simulation: models.Simulation, link: int = 0
) -> list[tuple[str, int, tuple[int, int], int]]:
    """The events of a link as (what, time, packet, status or arrival), -1 for "lost"."""
    columns = {name: column.tolist() for name, column in simulation.events(link).items()}
    found = []
    for kind, time, flow, number, status, detail in zip(
        *(columns[n] for n in ("kind", "time_ns", "flow", "number", "status", "detail")),
        strict=True,
    ):
        arrival = -1 if detail == np.iinfo(np.uint64).max else detail
        found.append((KINDS[kind], time, (flow, number), arrival if kind == 3 else status))
    return found
