"""What many tests bind: a protocol that counts, a miniport that keeps its packets, one that is done at once."""

import ndiswan as nw


class Peer(nw.Protocol):
    """Keeps what it is told; gives its packets back to the pool."""

    def __init__(self):
        self.answers = []
        self.frames = []

    def send_complete(self, packet, status):
        self.answers.append(status)

    def receive(self, link, data):
        self.frames.append(data)


class Instant(nw.Miniport):
    """Done with a frame as soon as it has it."""

    serialized = False

    def wan_send(self, link, packet):
        return nw.SUCCESS


class Holding(nw.Miniport):
    """Keeps each packet until it is told to complete it; halt completes what is left."""

    serialized = False

    def initialize(self):
        self.held = []

    def wan_send(self, link, packet):
        self.held.append(packet)
        return nw.PENDING

    def complete(self, status=nw.SUCCESS):
        with self.adapter.at(nw.Irql.DISPATCH):
            while self.held:
                self.adapter.wan_send_complete(self.held.pop(0), status)

    def reset(self):
        self.complete(nw.Status.REQUEST_ABORTED)
        return nw.SUCCESS

    def halt(self):
        self.complete(nw.Status.REQUEST_ABORTED)


def bound(ndis, miniport=None, peer=None, **settings):
    """A link with a `Peer` and a miniport, `Holding` if none is given; all three."""
    peer = peer or Peer()
    miniport = miniport or Holding()
    return ndis.bind(peer, miniport, **settings), peer, miniport
