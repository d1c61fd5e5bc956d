"""The card: what a driver sees of hardware that sends frames."""

import pytest

import ndiswan as nw
from ndiswan.card import Card


class Driver(nw.Miniport):
    """Gives the test its card, and counts interrupts."""

    serialized = False

    def __init__(self, ndis, **hardware):
        self.ndis, self.hardware, self.interrupts = ndis, hardware, 0

    def initialize(self):
        self.card = Card(self.adapter, self.ndis, **self.hardware)

    def isr(self):
        self.interrupts += 1
        return False

    def wan_send(self, link, packet):
        return nw.SUCCESS


@pytest.fixture
def fitted():
    """A function that makes a world with a card in it."""
    worlds = []

    def fit(**hardware):
        worlds.append(nw.Ndis())
        driver = Driver(worlds[-1], **hardware)
        worlds[-1].bind(nw.Protocol(), driver)
        return worlds[-1], driver, driver.card

    yield fit
    for world in worlds:
        world.close()


def test_frames_are_out_in_order_and_in_their_time(fitted):
    """A frame takes what its octets take on the line, and the next one begins when it is out."""
    ndis, _, card = fitted(bits_per_second=8_000)
    assert card.start(1, 10)
    assert card.start(2, 20)
    ndis.run(until=0.010)
    assert card.finished() == [(1, True)]
    ndis.run(until=0.029)
    assert card.finished() == []
    ndis.run(until=0.030)
    assert card.finished() == [(2, True)]


def test_a_full_card_refuses(fitted):
    """There are so many descriptors a channel, and each channel has its own."""
    ndis, _, card = fitted(depth=1, channels=2)
    assert card.start(1, 10)
    assert card.room() == 0
    assert not card.start(2, 10)
    assert card.start(3, 10, channel=1)
    ndis.run()
    assert card.room() == card.room(1) == 1


def test_an_interrupt_stands_until_it_is_acknowledged(fitted):
    """What finishes while an interrupt stands raises no other one."""
    ndis, driver, card = fitted()
    card.start(1, 10)
    card.start(2, 10)
    ndis.run()
    assert driver.interrupts == 1
    assert card.acknowledge()
    assert not card.acknowledge()
    card.start(3, 10)
    ndis.run()
    assert driver.interrupts == 2
    assert [tag for tag, _ in card.finished()] == [1, 2, 3]


def test_a_cancelled_frame_is_not_heard_of(fitted):
    """A frame is taken off the line, out of the queue, or out of the register; the others go on."""
    ndis, _, card = fitted()
    for tag in range(4):
        card.start(tag, 10)
    assert card.cancel(0)
    assert card.cancel(2)
    assert not card.cancel(7)
    ndis.run()
    assert card.cancel(1)
    assert card.finished() == [(3, True)]


def test_a_reset_empties_the_card(fitted):
    """After a reset nothing is out, nothing stands, and all descriptors are free."""
    ndis, driver, card = fitted(depth=2)
    card.start(1, 10)
    ndis.run()
    card.start(2, 10)
    card.reset()
    ndis.run()
    assert card.finished() == []
    assert not card.acknowledge()
    assert card.room() == 2
    assert driver.interrupts == 1


def test_a_dead_card_fails_every_frame(fitted):
    """What a dead card says of a frame is that it failed."""
    ndis, _, card = fitted(dead=True)
    card.start(1, 10)
    ndis.run()
    assert card.finished() == [(1, False)]


def test_an_explorer_may_have_the_card_fail_or_stall():
    """With `faults` a frame may fail, with `stalls` nothing may be heard of it, and without a choice it is sent."""
    seen = set()

    def scenario(ndis):
        driver = Driver(ndis, faults=True, stalls=True)
        ndis.bind(nw.Protocol(), driver)
        driver.card.start(1, 10)
        ndis.run()
        seen.add(tuple(driver.card.finished()))

    nw.explore(scenario, executions=40, seed=3)
    assert seen == {((1, True),), ((1, False),), ()}
