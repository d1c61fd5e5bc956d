"""Each kind of card beside a table that was worked out by hand: when each packet is completed, and how.

A frame of 1,000 bytes is on the line for 1 ms. Times are in microseconds.
"""

import math
from dataclasses import dataclass, field

import pytest

from ndiswan import models
from ndiswan.models import Card, Death, Moderation
from random_links import events_of
from reference_link import ABORTED, PENDING, SUCCESS

LINE = models.Line(rate_bps=8_000_000)
US = 1000


@dataclass(frozen=True)
class Case:
    """A card, when packets are offered to it, and what has to come of it."""

    card: Card
    offered: list[int]
    completed: list[int]
    interrupts: int
    arrives: list[int] = field(default_factory=list)
    window: int = 8
    aborted: tuple[int, ...] = ()
    inline: tuple[int, ...] = ()


CASES = {
    # Out at 1, 2 and 3 ms, each with an interrupt.
    "simple": Case(models.simple(), [0, 0, 500], [1000, 2000, 3000], 3),
    # The second is programmed while the first is on the line; the third finds it idle.
    "simple, programming 100": Case(
        models.simple(program_ns=100 * US), [0, 0, 5000], [1100, 2100, 6100], 3
    ),
    "simple, interrupt 50": Case(models.simple(interrupt_ns=50 * US), [0, 0], [1050, 2050], 2),
    # An interrupt that is on its way reports what is finished meanwhile: 1 ms and 2 ms at 2.5, the third at 4.5.
    "simple, interrupt 1500": Case(
        models.simple(interrupt_ns=1500 * US), [0, 0, 0], [2500, 2500, 4500], 2
    ),
    "a window of one": Case(models.simple(), [0, 0, 0], [1000, 2000, 3000], 3, window=1),
    # The second is programmed when the first's interrupt was served at 1100: ready at 1200.
    "a ring of one": Case(
        models.descriptor_ring(1, program_ns=100 * US), [0, 0], [1100, 2200], 2
    ),
    # The first's place is free at 1300, the second's at 2300: two more are there before the line needs them.
    "a ring of two, interrupt 300": Case(
        models.descriptor_ring(2, interrupt_ns=300 * US), [0] * 4, [1300, 2300, 3300, 4300], 4
    ),
    # Now it is not: the line waits from 2000 to 2500 for the first place, and so on.
    "a ring of two, interrupt 1500": Case(
        models.descriptor_ring(2, interrupt_ns=1500 * US), [0] * 4, [2500, 2500, 5000, 5000], 2,
        arrives=[1000, 2000, 3500, 4500],
    ),
    # Three are finished at 3 ms. The fourth is alone: 10 ms after it is out.
    "moderated by count": Case(models.moderated(3, 10_000 * US), [0] * 4, [3000] * 3 + [14_000], 2),
    # Two are finished 1.5 ms after the first of them.
    "moderated by time": Case(models.moderated(3, 1500 * US), [0, 0], [2500, 2500], 1),
    # The interrupt takes 1200: what is finished at 4 ms is reported by the one of 3 ms, too.
    "moderated, interrupt 1200": Case(
        models.moderated(3, 10_000 * US, interrupt_ns=1200 * US), [0] * 5, [4200] * 4 + [16_200], 2
    ),
    # Three at 3 ms; at 5 ms the card is idle.
    "in batches": Case(models.batching(3), [0] * 5, [3000] * 3 + [5000] * 2, 2),
    # A ring that is full of finished frames is idle, too, though the driver has more of them.
    "in batches larger than the ring": Case(
        models.batching(5, descriptors=2), [0] * 4, [2000, 2000, 4000, 4000], 2
    ),
    # Copied one after the other at 100 and 200. There is room again at 1100 and 2100.
    "intelligent": Case(
        models.intelligent(2, program_ns=100 * US), [0] * 4, [100, 200, 1200, 2200], 4,
        arrives=[1100, 2100, 3100, 4100],
    ),
    # Two are copied at 200; when the second is out, at 2100, the third is alone, and waits for 2 ms.
    "intelligent and moderated": Case(
        models.intelligent(2, program_ns=100 * US, moderation=Moderation(2, 2000 * US)),
        [0] * 3, [200, 200, 3200], 2, arrives=[1100, 2100, 3100],
    ),
    # Two fit and are answered in the call; the third is copied when the first is out.
    "inline": Case(
        models.inline(2), [0] * 3, [0, 0, 1000], 1, arrives=[1000, 2000, 3000], inline=(0, 1)
    ),
    # The third is copied from 1200 to 1400. The fourth finds an empty place, and is answered in the call.
    "inline, programming 200": Case(
        models.inline(2, program_ns=200 * US), [0, 0, 0, 2250], [0, 0, 1400, 2250], 1,
        arrives=[1200, 2200, 3200, 4200], inline=(0, 1, 3),
    ),
    "inline, behind a copy": Case(
        models.inline(1, program_ns=200 * US), [0, 0, 1300], [0, 1400, 2600], 2,
        arrives=[1200, 2400, 3600], inline=(0,),
    ),
    # It dies with the second half out. The check at 2 ms sees it, the reset takes 300. The third was sent while it
    # hung, the fourth waited for the end of the reset.
    "dies": Case(
        models.simple(dies=Death(at_ns=[1500 * US], check_for_hang_ns=2000 * US, reset_ns=300 * US)),
        [0, 0, 1800, 2100], [1000, 2300, 2300, 3300], 2, arrives=[1000, 3300], aborted=(1, 2),
    ),
    # The check of the same instant is over when it dies.
    "dies at a check": Case(
        models.simple(dies=Death(at_ns=[1000 * US], check_for_hang_ns=500 * US)),
        [0, 3000], [1500, 4000], 1, arrives=[4000], aborted=(0,),
    ),
    # Finished, but the interrupt does not come any more.
    "dies before its interrupt": Case(
        models.moderated(5, 3000 * US, dies=Death(at_ns=[2500 * US], check_for_hang_ns=2000 * US)),
        [0, 0], [4000, 4000], 0, arrives=[1000, 2000], aborted=(0, 1),
    ),
    # The first two were copied and completed, and are lost with the card's memory; the third was never copied.
    "an intelligent card dies": Case(
        models.intelligent(2, dies=Death(at_ns=[500 * US], check_for_hang_ns=700 * US)),
        [0] * 3, [0, 0, 700], 2, arrives=[], aborted=(2,),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_card_completes_when_it_was_worked_out_by_hand(case: Case) -> None:
    """Status, time and number of interrupts are those of the table, and so are the arrivals at the far end."""
    flow = models.Replay(times_ns=[time * US for time in case.offered], size=1000)
    link = models.Link(traffic=flow, line=LINE, window=case.window, card=case.card)
    simulation = models.Simulation(link, detail="trace")
    assert simulation.run()
    events = events_of(simulation)
    completed = {n: (time, status) for what, time, (_, n), status in events if what == "completed"}
    assert completed == {
        n: (time * US, ABORTED if n in case.aborted else SUCCESS)
        for n, time in enumerate(case.completed)
    }
    answers = {n: status for what, _, (_, n), status in events if what == "sent"}
    assert answers == {
        n: SUCCESS if n in case.inline else PENDING for n in range(len(case.offered))
    }
    arrivals = [arrival for what, _, _, arrival in events if what == "left"]
    if case.arrives or case.aborted:
        assert arrivals == [time * US for time in case.arrives]
    columns = simulation.results().columns
    assert columns["interrupts"][0] == case.interrupts
    assert columns["resets"][0] == bool(case.aborted)
    assert columns["broken"][0] == 0


def test_a_line_is_busy_only_while_a_frame_is_on_it() -> None:
    """Before a programmed frame starts the line is idle, after a death too, and the count never goes back."""
    death = Death(at_ns=[3700 * US], check_for_hang_ns=1000 * US)
    card = models.simple(program_ns=500 * US, dies=death)
    flow = models.Replay(times_ns=[0, 2000 * US, 2000 * US], size=1000)
    simulation = models.Simulation(models.Link(traffic=flow, line=LINE, card=card))
    busy = []
    for us in 400, 1000, 1500, 2000, 2400, 3000, 3500, 3900, 5000:
        simulation.run(us / 1e6)
        busy.append(int(simulation.results().columns["busy_ns"][0]) // US)
    assert busy == [0, 500, 1000, 1000, 1000, 1500, 2000, 2200, 2200]


def test_a_warm_up_that_ends_while_a_frame_is_programmed_counts_what_comes() -> None:
    """Counters that begin anew before a programmed frame has started do not become negative."""
    flow = models.Replay(times_ns=[0, 2000 * US], size=1000)
    card = models.simple(program_ns=500 * US)
    simulation = models.Simulation(models.Link(traffic=flow, line=LINE, card=card))
    for us, busy in (1500, 1000), (2100, 0), (3000, 500):
        simulation.run(us / 1e6)
        assert simulation.results().columns["busy_ns"][0] == busy * US
        if us == 1500:
            simulation.clear()


@pytest.mark.parametrize("completes", ["when_sent", "when_copied"])
@pytest.mark.parametrize("depth", [1, 2, 5])
def test_a_reordering_card_holds_back_no_more_than_its_depth(completes: str, depth: int) -> None:
    """Each packet comes back once, overtaken by no more than the card holds back, and none stays in an idle card."""
    flow = models.Saturating(size=1000, packets=500)
    card = Card(completes=completes, descriptors=3, reorder=depth)
    link = models.Link(traffic=flow, line=LINE, window=16, card=card)
    results = models.simulate(link, detail="packets", seed=4)
    order = results.packets["number"].astype(int)
    assert sorted(order) == list(range(500))
    assert (order != range(500)).sum() > 0
    for place, number in enumerate(order):
        assert place >= number - depth


def test_a_card_dies_as_often_as_its_mean_says() -> None:
    """A card that works for 10 ms on average, until a check at most 1 ms later sees its death, dies so often."""
    death = Death(mean_up_ns=10e6, check_for_hang_ns=1_000_000)
    link = models.Link(
        traffic=models.Saturating(size=1000), line=LINE, card=Card(dies=death), count=100
    )
    columns = models.simulate(link, until=10).columns
    # The check comes at the end of a millisecond: the mean rest of it, of an exponential time.
    down = 1 / (1 - math.exp(-0.1)) - 10
    found = columns["resets"] / 10
    assert found.mean() == pytest.approx(1000 / (10 + down), rel=0.01)
    assert columns["aborted"].sum() > 0


def test_a_card_dies_by_its_mean_or_at_times() -> None:
    """Of both the times were passed over without a word."""
    with pytest.raises(
        ValueError, match=r"Death\.at_ns: expected none beside a mean_up_ns, got \["
    ):
        models.Death(mean_up_ns=1e9, at_ns=[10**9])
