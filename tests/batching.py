"""Drivers that take many packets by one call, for tests."""

import numpy as np

import ndiswan as nw

FEW = 48


FLUSH = nw.Status.REQUEST_ABORTED


class Many(nw.Miniport):
    """Keeps the names of what it gets; `halt` completes what is left."""

    serialized = False
    info = nw.WanInfo(max_transmit=4096)

    def __init__(self, answer=nw.PENDING, serialized=False):
        self.answer, self.serialized = answer, serialized

    def initialize(self):
        self.batches, self.owed = [], np.empty(0, np.uint64)

    def wan_send_many(self, link, batch):
        self.batches.append(batch)
        self.owed = np.concatenate([self.owed, batch.handles])
        return self.answer(batch) if callable(self.answer) else self.answer

    def complete(self, count=None, status=nw.SUCCESS):
        done, self.owed = np.split(self.owed, [len(self.owed) if count is None else count])
        with self.adapter.at(nw.Irql.DISPATCH):
            self.adapter.wan_send_complete_many(done, status)

    def halt(self):
        if self.adapter.counters["delivered"] < self.adapter.counters["sends"]:
            self.complete(status=FLUSH)


class Both(Many):
    """Takes packets one by one, too."""

    def wan_send(self, link, packet):
        self.batches.append(packet)
        self.owed = np.append(self.owed, np.uint64(packet.handle))
        return nw.PENDING


class Listening(nw.Protocol):
    """Keeps the batches that come back."""

    def __init__(self):
        self.batches = []

    def send_complete_many(self, batch):
        self.batches.append(batch)

    @property
    def answers(self):
        return [int(status) for batch in self.batches for status in batch.statuses]


class BothWays(Listening):
    """Listens to single completions, too."""

    def send_complete(self, packet, status):
        self.batches.append(status)


def sizes(count, first=64):
    """So many sizes, each one more than the last."""
    return np.arange(first, first + count, dtype=np.uint32)


def together(ndis, card=None, peer=None, packets=256):
    """A link between drivers that take many."""
    card, peer = card or Many(), peer or Listening()
    return ndis.bind(peer, card, packets=packets), peer, card
