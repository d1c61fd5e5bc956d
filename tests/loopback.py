"""What the tests of serial lines share: a protocol that remembers, two ends of a line, and waiting for threads."""

import contextlib
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

import ndiswan as nw
from ndiswan.miniports import SerialMiniport

SECONDS = 10.0


class Remember(nw.Protocol):
    """Keeps everything that it is told, from whatever thread."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.statuses: list[nw.Status] = []
        self.errors: list[int] = []
        self.batches = 0
        self.ups = 0
        self.downs = 0
        self.resets: list[nw.Status] = []

    def receive(self, link, data):
        self.frames.append(bytes(data))

    def receive_complete(self, link):
        self.batches += 1

    def send_complete(self, packet, status):
        self.statuses.append(status)

    def fragment(self, link, errors):
        self.errors.append(errors)

    def line_up(self, link):
        self.ups += 1

    def line_down(self, link):
        self.downs += 1

    def reset_complete(self, status):
        self.resets.append(status)

    @property
    def counts(self) -> Counter[nw.Status]:
        """How often each status came back."""
        return Counter(self.statuses)


def eventually(done: Callable[[], object], seconds: float = SECONDS) -> None:
    """Wait for what other threads do; fails with what was waited for."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, f"not within {seconds} s: {done.__qualname__}"
        time.sleep(0.001)


@contextlib.contextmanager
def real_ndis(**options: object) -> Iterator[nw.Ndis]:
    """An Ndis on the real clock with every check on; at its end nothing was broken, and no thread is left."""
    threads = set(threading.enumerate())
    with nw.Ndis(time=nw.RealTime(), on_violation="record", **options) as ndis:
        yield ndis
    assert [str(violation) for violation in ndis.violations] == []
    assert ndis.errors == []
    eventually(lambda: set(threading.enumerate()) <= threads)


@contextlib.contextmanager
def socket_pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two connected stream sockets, closed at the end if they are not yet."""
    one, two = socket.socketpair()
    with one, two:
        yield one, two


def dial(ndis: nw.Ndis, port: object, **options: object) -> tuple[nw.Link, Remember]:
    """A link of a serial miniport on `port`, and the protocol above it."""
    protocol = Remember()
    miniport = SerialMiniport(port, **options)
    return ndis.bind(protocol, miniport, packets=1024), protocol
