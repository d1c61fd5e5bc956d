"""The Python round trip against the same two Python calls alone, and against the same semantics in Python.

A round trip is: send, `wan_send` returns PENDING, completion, `send_complete`. "engine" is driven from
Rust, so that only the two callbacks are Python; "API" is driven by Python code that calls `link.send` and
`adapter.wan_send_complete`, as a driver does. The bare calls are the same two functions called through
`map`, which is C calling Python, as the engine does.
"""

import time
from collections import deque
from itertools import repeat

import rivals
import table

import ndiswan as nw

N = 3_000
FRAME = b"\xff\x03\xc0\x21" + bytes(60)


class Card(nw.Miniport):
    """Says PENDING and nothing else."""

    serialized = False

    def wan_send(self, link, packet, PENDING=nw.PENDING):  # noqa: N803
        return PENDING


class Queue(nw.Miniport):
    """Keeps its packets in a queue."""

    serialized = False

    def initialize(self):
        self.queue = deque()

    def wan_send(self, link, packet, PENDING=nw.PENDING):  # noqa: N803
        self.queue.append(packet)
        return PENDING


class Peer(nw.Protocol):
    """Does nothing with what comes back."""

    def send_complete(self, packet, status):
        pass


def per_packet(work) -> float:
    """The processor time of `work`, in nanoseconds a packet."""
    begin = time.process_time_ns()
    work()
    return (time.process_time_ns() - begin) / N


def bare() -> float:
    """The two Python calls and nothing else."""
    card, peer = Card(), Peer()
    one, other = object(), object()

    def work() -> None:
        deque(map(card.wan_send, repeat(one, N), repeat(other, N)), maxlen=0)
        deque(map(peer.send_complete, repeat(one, N), repeat(other, N)), maxlen=0)

    return per_packet(work)


def engine(verify: int) -> float:
    """The callback round trip, driven from Rust."""
    with nw.Ndis(verify=verify) as ndis:
        link = ndis.bind(Peer(), Card())
        return per_packet(lambda: link._round_trips(FRAME, N))


def api(verify: int) -> float:
    """The round trip as a Python driver makes it."""
    with nw.Ndis(verify=verify) as ndis:
        card = Queue()
        link = ndis.bind(Peer(), card)
        send, complete, queue, success = (
            link.send,
            card.adapter.wan_send_complete,
            card.queue,
            nw.SUCCESS,
        )

        def work() -> None:
            for _ in range(N):
                send(FRAME)
                complete(queue.popleft(), success)

        return per_packet(work)


def plain() -> float:
    """The same semantics written in plain Python: classes, ownership checks, a queue."""
    world = rivals.PlainWorld(Queue, Peer)
    return per_packet(lambda: world.round_trips(FRAME, N))


def main() -> None:
    """Run and print the table."""
    rows = [
        table.Row("engine round trip, verification 3 : bare two calls", lambda: engine(3), bare,
                  names=("ndiswan", "bare calls"), target=1 / 2.5),
        table.Row("engine round trip, verification 0 : bare two calls", lambda: engine(0), bare,
                  names=("ndiswan", "bare calls")),
        table.Row("API round trip, verification 3 : plain Python, same checks", lambda: api(3), plain,
                  names=("ndiswan", "plain Python")),
        table.Row("engine round trip, verification 3 : plain Python, same checks", lambda: engine(3), plain,
                  names=("ndiswan", "plain Python")),
        *[
            table.Row(f"API round trip, verification {level} : verification 0", lambda level=level: api(level),
                      lambda: api(0), names=("ndiswan", "ndiswan, verification 0"))
            for level in (1, 2, 3, 4)
        ],
    ]  # fmt: skip
    table.run("callbacks", rows)


if __name__ == "__main__":
    main()
