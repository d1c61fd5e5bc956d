"""Good drivers of many designs are never reported, and lose nothing: in every mode, whatever happens to them."""

from collections import Counter

import pytest

import ndiswan as nw
from drivers import GOOD
from ndiswan import Status

FRAMES = [bytes([number]) * (1 + number * 37 % 1500) for number in range(40)]


class Sender(nw.Protocol):
    """Sends numbered frames, and knows of each how often it came back and with what."""

    def __init__(self):
        self.back = Counter()
        self.statuses = {}
        self.sent = 0

    def send(self, link, frames):
        for frame in frames:
            packet = link.packet(frame)
            packet.protocol_reserved[0] = (self.sent, frame)
            self.sent += 1
            status = link.send(packet)
            if status != nw.PENDING:
                self.send_complete(packet, status)

    def send_complete(self, packet, status):
        key = packet.protocol_reserved[0]
        self.back[key] += 1
        self.statuses[key] = status


def stream(ndis, sender, driver):
    """Everything is sent at once, and runs to its end."""
    for each in driver.adapter.links:
        sender.send(each, FRAMES[:20])
    ndis.run()


def reset_in_flight(ndis, sender, driver):
    """The adapter is reset with sends in flight, and used again."""
    sender.send(driver.adapter.links[0], FRAMES[:12])
    ndis.reset(driver.adapter)
    ndis.run()
    sender.send(driver.adapter.links[0], FRAMES[12:20])
    ndis.run()


def line_down_in_flight(ndis, sender, driver):
    """The line goes down with sends in flight, and comes up again."""
    sender.send(driver.adapter.links[0], FRAMES[:12])
    with driver.adapter.at(nw.Irql.DISPATCH):
        driver.adapter.line_down(driver.adapter.links[0])
    ndis.run()
    with driver.adapter.at(nw.Irql.DISPATCH):
        driver.adapter.line_up(driver.adapter.links[0])
    ndis.run()
    sender.send(driver.adapter.links[0], FRAMES[12:20])
    ndis.run()


def halt_in_flight(_, sender, driver):
    """The adapter is halted with sends in flight."""
    sender.send(driver.adapter.links[0], FRAMES[:20])


SCENES = [stream, reset_in_flight, line_down_in_flight, halt_in_flight]


def ways():
    """Every driver in both kinds of time; small windows in virtual time, where they cost nothing."""
    for driver in GOOD:
        if driver.virtual:
            yield from ((driver, nw.VirtualTime, window) for window in (1, 2, 7))
        yield driver, nw.RealTime, 2


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
@pytest.mark.parametrize("delivery", ["inline", "queued"])
@pytest.mark.parametrize(
    ("driver", "time", "window"),
    [pytest.param(*way, id=f"{way[0].__name__}-{way[1].kind}-{way[2]}") for way in ways()],
)
def test_a_good_driver_breaks_nothing_and_loses_nothing(driver, time, window, delivery, scene):
    """No violation; every packet back exactly once; what went well was on the wire once, byte for byte."""
    sender, miniport = Sender(), driver(window)
    with nw.Ndis(time=time(), delivery=delivery) as ndis:
        ndis.bind(sender, miniport)
        scene(ndis, sender, miniport)
    assert ndis.violations == []
    assert ndis.errors == []
    assert set(sender.back.values()) == {1}
    assert len(sender.back) == sender.sent
    went_well = sorted(frame for (_, frame), s in sender.statuses.items() if s == nw.SUCCESS)
    wire = Counter(miniport.payload(frame) for frame in miniport.wire)
    assert Counter(went_well) <= wire
    assert wire <= Counter(frame for _, frame in sender.back)
    if scene is not halt_in_flight:
        assert went_well
    known = {nw.SUCCESS, Status.HARD_ERRORS, Status.REQUEST_ABORTED, Status.CLOSING}
    assert set(sender.statuses.values()) <= known


@pytest.mark.parametrize("driver", GOOD, ids=lambda driver: driver.__name__)
def test_a_good_driver_s_pool_is_whole_again(driver):
    """After everything is back, every packet of the pool can be had."""
    sender = Sender()
    with nw.Ndis(time=nw.VirtualTime() if driver.virtual else nw.RealTime()) as ndis:
        link = ndis.bind(sender, driver(), packets=32)
        sender.send(link, FRAMES[:32])
        ndis.run()
        assert len([link.packet(b"x") for _ in range(32)]) == 32


def test_there_are_drivers_of_many_designs():
    """At least eight, serialized ones and others, and ones that only work in real time."""
    assert len(GOOD) >= 8
    assert {driver.serialized for driver in GOOD} == {True, False}
    assert any(not driver.virtual for driver in GOOD)
