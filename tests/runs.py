"""Runs for the tests of the viewer: recorded worlds of any length, good and bad, and a simulation's trace.

And what those tests ask a page that shows one.
"""

import re
from pathlib import Path

import ndiswan as nw
from ndiswan import models
from ndiswan.models.export import save_trace

REPLAYS = Path(__file__).parent / "replays"
FRAME = b"\xff\x03\xc0\x21" + bytes(60)


class Batches(nw.Miniport):
    """Keeps what it is sent, and completes all of it when its timer is due."""

    def initialize(self):
        self.lock = self.adapter.spin_lock("driver")
        self.timer = self.adapter.timer(self.due)
        self.kept = []

    def wan_send(self, link, packet):
        with self.lock:
            self.kept.append(packet)
            if len(self.kept) == 1:
                self.timer.set(1e-3)
        return nw.PENDING

    def due(self):
        with self.lock.dpr:
            kept, self.kept = self.kept, []
        for packet in kept:
            self.adapter.wan_send_complete(packet, nw.SUCCESS)


class Twice(Batches):
    """Completes each packet once more."""

    def due(self):
        kept = list(self.kept)
        super().due()
        for packet in kept:
            self.adapter.wan_send_complete(packet, nw.SUCCESS)


def record(path, driver=Batches, events=200, **settings):
    """Save a world of at least so many events as a trace."""
    with nw.Ndis(record=True, on_violation="record", **settings) as ndis:
        link = ndis.bind(nw.Protocol(), driver())
        for burst in range(events // 40 + 1):
            for _ in range(1 + burst % 5):
                link.send(FRAME)
            ndis.run()
    ndis.save(path)
    return path


def record_many(path, events):
    """Save a long world: bursts of up to 24 packets, until there are so many events."""
    with nw.Ndis(record=True) as ndis:
        link = ndis.bind(nw.Protocol(), Batches())
        burst = 0
        # A burst has 1 to 24 packets, a packet about 15 events.
        while burst * 180 < events:
            for _ in range(1 + burst % 24):
                link.send(FRAME)
            ndis.run()
            burst += 1
    ndis.save(path)
    return path


def simulate(path, until=2):
    """Save the trace of two simulated links, one with a queue and a line that loses frames."""
    line = models.Line(128_000, loss=models.GilbertElliott(0.02, 0.3))
    slow = models.Link(
        traffic=models.Poisson(rate_pps=40, size=400),
        line=line,
        queue=models.Queue(limit=2),
        name="slow",
    )
    fast = models.Link(
        traffic=models.Cbr(rate_pps=50, size=200), line=models.Line(1_544_000), name="fast"
    )
    simulation = models.Simulation([slow, fast], seed=1, detail="trace")
    simulation.run(until)
    save_trace(simulation, path)
    return simulation


def event(page):
    """The number of the event that the page says is selected, counted from 1."""
    return int(re.search(r"Event ([\d,]+) of", page.text("#said"))[1].replace(",", ""))


def lanes(page):
    """What is drawn on the lanes; the rest of a picture has the ring around what has the focus, too."""
    return page.value("document.querySelector('.panel canvas').toDataURL()")


def column(page, number):
    """A column of the table of events, as far as it is shown."""
    rows = "[...document.querySelectorAll('#tables tbody tr')]"
    return page.value(f"{rows}.map((row) => row.cells[{number}].textContent)")
