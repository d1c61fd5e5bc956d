"""What is done to a miniport that comes without a scenario: everything, as the explorer says."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from ndiswan.exploring.in_rust import NAME, workload_of
from ndiswan.miniport import InitializeError, Miniport
from ndiswan.oid import Oid
from ndiswan.protocol import Protocol
from ndiswan.status import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ndiswan._native import Link, Packet
    from ndiswan.drivers import CMiniport
    from ndiswan.exploring.execution import Scenario
    from ndiswan.ndis import Ndis

PACKETS = 8
MOST = 10
AGAIN = 3
SHORTEST = 2
LINE_SECONDS = 2.0
SEEN = 60.0
"""So long a line may take to come up."""
WINDOWS = {1: "1 packet", 2: "2 packets", 16: "16 packets", 0: "what the driver asked for"}
ANSWERS = {
    "operations": [f"{1 + count} of them" for count in range(MOST)],
    "send again": ["no", "send again", "no", "no"],
    "wait for the line": ["wait", "no", "wait", "wait"],
    "run at the end": ["run what is due", "no", "no", "no"],
    "hang up": ["no", "hang up"],
    "connection": ["the first", "the second"],
    "together": ["2 packets", "3 packets"],
    "cancel": ["id 1", "id 2"],
    "window": list(WINDOWS.values()),
}
"""What the answers mean, for who goes through an execution by hand."""


class Peer(Protocol):
    """Sends what it is told to, and sometimes again from inside of a completion."""

    def __init__(self, ndis: Ndis) -> None:
        self.ndis = ndis
        self.sizes: list[int] = []
        self.link: Link | None = None
        self.others: list[Link] = []
        self.lines: Callable[[], list[Link]] | None = None
        self.sent = self.again = self.sending = 0
        self.stopped = False

    def begin(self, link: Link, miniport: Any) -> None:
        """From now on there is a line to send on, and maybe others."""
        largest = miniport.info.max_frame_size  # which one in C says when it is bound
        self.sizes = [64, SHORTEST, largest // 2 + 1, largest]
        self.link = link
        if miniport.info.endpoints > 1 and not getattr(miniport, "_more", None):
            self.lines = lambda: miniport.adapter.links

    def send(self) -> None:
        """Send a frame of some size, if there is a line and a packet."""
        size = self.sizes[self.ndis.choose(len(self.sizes), "size")]
        link = self.link
        if link is not None and self.lines is not None:
            self.others = [other for other in self.lines() if other.up and other != link]
        if link is not None and self.others:
            link = [link, *self.others][self.ndis.choose(1 + len(self.others), "connection")]
        self.send_by(link, 1, lambda link: [link.send(b"\xff" * size)])

    def send_by(self, link: Link | None, most: int, send: Callable[[Link], Iterable[int]]) -> None:
        """Send up to so many packets by one call, if there is a line and so many are free."""
        free = self.sent + most <= PACKETS
        if self.stopped or link is None or not link.up or not free:
            return
        self.sent += most
        self.sending += 1
        try:
            # Meanwhile others come back: what there is of them is counted afterwards.
            answered = sum(status != Status.PENDING for status in send(link))
            self.sent -= answered
        finally:
            self.sending -= 1

    @contextmanager
    def stopping(self) -> Iterator[None]:
        """Stop at the end; after an exception of the driver's too, which ends the world."""
        try:
            yield
        except Exception:
            # What another CPU sends would meet the halt that this brings; what that raises besides is less than this.
            with suppress(Exception):
                self.stop()
            raise
        finally:
            self.stopped = True
        self.stop()

    def stop(self) -> None:
        """Unbind: send nothing any more, as a protocol does before the adapter is halted."""
        self.stopped = True
        self.ndis.wait(lambda: not self.sending)

    def send_complete(self, packet: Packet, status: Status) -> None:  # noqa: ARG002
        """One is back."""
        self.sent -= 1
        if self.again < AGAIN and self.ndis.choose(4, "send again") == 1:
            self.again += 1
            self.send()


def workload(make: Callable[[], Miniport | CMiniport], *, in_python: bool = False) -> Scenario:
    """A scenario for the miniport that ``make()`` gives.

    One in C without a device is executed in Rust, question by question as here: ``make()`` is called once for that,
    and each execution brings up the same driver with the same configuration. With ``in_python`` it is not.

    The explorer chooses how many operations there are and which: sends of the smallest, a middle and
    the largest size, from this thread, from others and from inside of completions; interrupts, resets,
    requests and the closing of the call; and when the machine gets on with what is outstanding. A driver in Python has
    other windows besides, and its line goes down and up if it has a `hang_up(link)`, which takes it down; a miniport of
    a sister contract arrays or chains, cancels, a second connection, pauses and restarts.
    """

    def scenario(ndis: Ndis) -> None:
        miniport: Any = make()
        peer = Peer(ndis)
        try:
            link = ndis.bind(peer, miniport, packets=PACKETS + 2)
        except InitializeError:
            # One in C may refuse to come up, for want of memory for example, and says so with a status only.
            if isinstance(miniport, Miniport) or ndis.violation_count() or ndis.errors:
                raise
            return
        for what, answers in ANSWERS.items():
            ndis.name_answers(what, answers)
        if not link.up and not isinstance(miniport, Miniport):
            link = _dialled(miniport, ndis) or _line_of(miniport, ndis) or link
        peer.begin(link, miniport)
        operations: dict[str, Callable[[], object]] = {
            "send": peer.send,
            "run what is due": ndis.run,
            "send from another thread": lambda: ndis.spawn(peer.send),
            "interrupt": miniport.adapter.interrupt,
            "reset": lambda: ndis.reset(link),
            "reset from another thread": lambda: ndis.spawn(ndis.reset, link),
            "query WAN_GET_INFO": lambda: link.query(Oid.WAN_GET_INFO),
        }
        if not _interrupts(miniport):
            del operations["interrupt"]
        operations |= _of_its_kind(miniport, link, peer)
        ndis.name_answers("size", [f"{size} bytes" for size in peer.sizes])
        with peer.stopping():
            _operate(ndis, operations, miniport)
        tapi = getattr(miniport, "tapi", None)
        if tapi and ndis.choose(2, "hang up"):
            _hang_up(tapi)

    if not in_python:
        setattr(scenario, NAME, cache(lambda: workload_of(make)))
    return scenario


def _operate(ndis: Ndis, operations: dict[str, Callable[[], object]], miniport: Any) -> None:
    ndis.name_answers("operation", list(operations))
    all_of_them = list(operations.values())
    for _ in range(1 + ndis.choose(MOST, "operations")):
        all_of_them[ndis.choose(len(all_of_them), "operation")]()
    if ndis.choose(4, "run at the end") == 0:
        if "line up" in operations:
            operations["line up"]()  # what waits for the line goes on
        ndis.run()
        _wait_for_what_is_owed(ndis, operations.get("interrupt"), miniport)


def _of_its_kind(miniport: Any, link: Link, peer: Peer) -> dict[str, Callable[[], object]]:
    """What is done to a miniport of a sister contract besides, or to one in Python; to one in C nothing."""
    if getattr(miniport, "_more", None):
        from ndiswan._twins import operations

        return operations(miniport, link, peer)
    return _of_the_line(peer.ndis, miniport, link) if isinstance(miniport, Miniport) else {}


def _of_the_line(ndis: Ndis, miniport: Any, link: Link) -> dict[str, Callable[[], object]]:
    """What happens to the line of a driver in Python: other windows, and down and up if it has a `hang_up(link)`."""
    adapter = miniport.adapter

    def in_its_turn(does: Callable[[], object]) -> Callable[[], None]:
        """The driver does that at DISPATCH, as its DPC, and is waited for."""

        def operation() -> None:
            done = False

            def dpc() -> None:
                nonlocal done
                try:
                    if adapter.life == "running":
                        does()
                finally:
                    done = True

            adapter.dpc(dpc).queue()
            ndis.wait(lambda: done)

        return operation

    def window() -> None:
        chosen = list(WINDOWS)[ndis.choose(len(WINDOWS), "window")]
        in_its_turn(lambda: link.up and adapter.line_up(link, window=chosen))()

    found: dict[str, Callable[[], object]] = {"another window": window}
    if hasattr(miniport, "hang_up"):
        found["line down"] = in_its_turn(lambda: link.up and miniport.hang_up(link))
        found["line up"] = in_its_turn(lambda: link.up or adapter.line_up(link))
    return found


def _wait_for_what_is_owed(
    ndis: Ndis, interrupt: Callable[[], object] | None, miniport: Any
) -> None:
    """If packets are owed, or the end of a reset, an interrupt may bring it, or nothing will: then HANG sees that."""

    def owed() -> int:
        adapter = miniport.adapter
        packets: int = sum(link.outstanding for link in adapter.links)
        return packets + int(adapter.life == "resetting")

    before = 0
    while interrupt is not None and owed() not in {0, before}:
        before = owed()
        interrupt()
        ndis.run()
    if owed():
        ndis.run(until=ndis.now + SEEN)


def _line_of(miniport: Any, ndis: Ndis) -> Link | None:
    """A line that comes up by itself, some time after the driver did: a leased one, for example."""
    if miniport.tapi is None and ndis.choose(4, "wait for the line") == 1:
        return None  # what is done to it may be done before, its halt too

    def lines() -> list[Link]:
        return [link for link in miniport.adapter.links if link.up]

    ndis.wait(lambda: bool(lines()), LINE_SECONDS)
    return next(iter(lines()), None)


def _dialled(miniport: Any, ndis: Ndis) -> Link | None:
    from ndiswan.drivers.tapi_call import TapiError

    try:
        link: Link | None = miniport.dial(ndis)
    except TapiError:
        return None  # for want of memory, or a reset came: what it owes will be seen
    return link


def _hang_up(tapi: Any) -> None:
    """Drop and close the calls, with what is outstanding, then the lines, and shut the provider down."""
    from ndiswan.drivers.tapi_call import TapiError

    with suppress(TapiError):  # for want of memory: what it owes will be seen
        tapi.shutdown()


def _interrupts(miniport: Miniport) -> bool:
    if not isinstance(miniport, Miniport):
        return True  # one in C, which says nothing of it before it is asked
    kind = type(miniport)
    return kind.isr is not Miniport.isr or kind.handle_interrupt is not Miniport.handle_interrupt
