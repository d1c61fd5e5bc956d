"""What the tests of exploring and of campaigns explore: a careful driver and one with a race."""

from __future__ import annotations

import collections
import os
import signal
from pathlib import Path

import ndiswan as nw


class Modem(nw.Miniport):
    """Two timers finish what is queued: the packet is taken out under the lock it was seen under."""

    info = nw.WanInfo(max_frame_size=1500, max_transmit=4)
    serialized = False

    def initialize(self):
        self.queue = collections.deque()
        self.lock = self.adapter.spin_lock("queue")
        self.timers = [self.adapter.timer(self.sent) for _ in range(2)]

    def wan_send(self, link, packet):
        with self.lock:
            self.queue.append(packet)
        for number, timer in enumerate(self.timers, 1):
            timer.set(number / 1000)
        return nw.PENDING

    def sent(self):
        while True:
            with self.lock:
                if not self.queue:
                    return
                packet = self.queue.popleft()
            self.adapter.wan_send_complete(packet, nw.SUCCESS)

    def halt(self):
        for timer in self.timers:
            timer.cancel()
        self.sent()


class Careless(Modem):
    """Looks under the lock, completes, and takes it out under the lock again."""

    def sent(self):
        while True:
            with self.lock:
                if not self.queue:
                    return
                packet = self.queue[0]
            self.adapter.wan_send_complete(packet, nw.SUCCESS)
            with self.lock:
                if self.queue and self.queue[0] is packet:
                    self.queue.popleft()


class Peer(nw.Protocol):
    def __init__(self):
        self.back = 0

    def send_complete(self, packet, status):
        self.back += 1


def run(ndis, miniport, packets=3):
    """Sends some packets and counts what comes back."""
    peer = Peer()
    link = ndis.bind(peer, miniport, packets=8)
    for _ in range(packets):
        link.send(b"frame")
    ndis.run()
    assert peer.back == packets


def careful(ndis):
    """The good driver."""
    run(ndis, Modem())


def careless(ndis):
    """The driver with the race."""
    run(ndis, Careless())


def dies_once(ndis):
    """The driver with the race, in a process that is killed the first time."""
    mark = os.environ.get("NDISWAN_TEST_MARK")
    if mark and not Path(mark).exists():
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    run(ndis, Careless())


def two_of_them(ndis, other):
    """No scenario: nobody has a second argument for it."""
    careful(ndis)
    careful(other)
