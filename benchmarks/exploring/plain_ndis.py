"""NDIS in plain Python, as small as the scenarios here allow: what an explorer of Python threads has to be given.

frontrun schedules the Python code that it can see, thread by thread. So it gets a world in Python, in which each
virtual CPU is a thread: one plays the scenario, the other takes timers, interrupts and spawned work. The names are
those of `ndiswan`, so that driver and scenario are the same source on both sides (`import ndiswan as nw`, or this).

What it checks is what a test of such a driver would assert: each packet is answered exactly once, nobody touches what
is not his. There is no IRQL, no window, no gate and no history, and a timer fires in the order of the calls to `set`.
"""

import threading
from collections import deque
from collections.abc import Callable
from enum import IntEnum


class Status(IntEnum):
    """The statuses that the drivers name."""

    SUCCESS = 0
    PENDING = 0x103
    FAILURE = 0xC0000001
    RESOURCES = 0xC000009A
    INVALID_LENGTH = 0xC0010014
    REQUEST_ABORTED = 0xC001000C
    HARD_ERRORS = 0xC0010103
    RESET_IN_PROGRESS = 0xC001000D


PENDING, SUCCESS, FAILURE = Status.PENDING, Status.SUCCESS, Status.FAILURE


class Broken(AssertionError):  # noqa: N818  (it is what is looked for)
    """A rule of the contract is broken; `rule` has its id."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


def told(error: Exception, found: list[Exception]) -> None:
    """Notes what a driver has raised; what frontrun ends a thread with goes on."""
    if type(error).__module__.startswith("frontrun"):
        raise error
    found.append(error)


class Packet:
    """A frame and the answers that it got; one is right."""

    def __init__(self, frame: bytes, adapter: "Adapter") -> None:
        self.frame = frame
        self.adapter = adapter
        # Appending is one opcode. A counter that threads increment would miss what it is there to count.
        self.answers: list[int] = []

    @property
    def data(self) -> bytes:
        """The frame, for the one who owns it."""
        if self.answers:
            raise Broken("TOUCH")
        return self.frame

    def __len__(self) -> int:
        return len(self.data)


class Timer:
    """Fires once for each `set`, on the other CPU, any time later."""

    def __init__(self, ndis: "Ndis", callback: Callable[[], object]) -> None:
        self.ndis = ndis
        self.callback = callback
        self.armed = False

    def set(self, seconds: float) -> None:
        """A timer that is set again has one time, the new one."""
        del seconds
        if not self.armed:
            self.armed = True
            self.ndis.post(self.fire)

    def cancel(self) -> bool:
        """Whether it was still to fire."""
        was, self.armed = self.armed, False
        return was

    def fire(self) -> None:
        """The clock interrupt's part."""
        if self.armed:
            self.armed = False
            self.callback()


class Adapter:
    """What a miniport calls."""

    def __init__(self, ndis: "Ndis", miniport: "Miniport", protocol: "Protocol") -> None:
        self.ndis = ndis
        self.miniport = miniport
        self.protocol = protocol
        self.resets: list[int] = []  # the answers to the one reset

    def spin_lock(self, name: str = "lock") -> threading.Lock:
        """A lock that frontrun knows."""
        del name
        return threading.Lock()

    def timer(self, callback: Callable[[], object]) -> Timer:
        """A timer of this adapter."""
        return Timer(self.ndis, callback)

    def interrupt(self) -> None:
        """The card's interrupt: the handler runs on the other CPU."""
        self.ndis.post(self.handle)

    def handle(self) -> None:
        """Of the interrupt, what concerns packets."""
        if self.miniport.isr():
            self.miniport.handle_interrupt()

    def reset_complete(self, status: int) -> None:
        """A reset that was PENDING is over."""
        self.resets.append(status)
        if len(self.resets) > 1:
            raise Broken("RESET")

    def wan_send_complete(self, packet: Packet, status: int = SUCCESS) -> None:
        """The packet goes home."""
        if packet.adapter is not self:
            raise Broken("FOREIGN")
        packet.answers.append(status)
        if len(packet.answers) > 1:
            raise Broken("DOUBLE")
        self.protocol.send_complete(packet, status)


class Link:
    """What a protocol sends on."""

    def __init__(self, adapter: Adapter) -> None:
        self.adapter = adapter
        self.speed = 64_000

    def send(self, frame: bytes) -> int:
        """The miniport has the packet, or has refused it."""
        return self.submit(Packet(frame, self.adapter))

    def submit(self, packet: Packet) -> int:
        """MiniportWanSend."""
        self.adapter.ndis.sent.append(packet)
        status = self.adapter.miniport.wan_send(self, packet)
        if status != PENDING:
            packet.answers.append(status)
            if len(packet.answers) > 1:
                raise Broken("EARLY")
        return status


class Miniport:
    """The base of a driver."""

    adapter: Adapter

    def initialize(self) -> None:
        """Nothing."""

    def isr(self) -> bool:
        """Ours."""
        return True

    def handle_interrupt(self) -> None:
        """Nothing."""

    def reset(self) -> int:
        """Nothing."""
        return SUCCESS

    def halt(self) -> None:
        """Nothing."""


class Protocol:
    """The base of a protocol."""

    def send_complete(self, packet: Packet, status: int) -> None:
        """Nothing."""


class Ndis:
    """A world of several CPUs: the scenario's, and others that take what is posted."""

    def __init__(self, servers: int = 1, drawn: object = None) -> None:
        self.sent: list[Packet] = []
        self.found: list[Exception] = []
        self.bound: list[Miniport] = []
        self.jobs: deque[Callable[[], object] | None] = deque()
        self.servers = servers
        self.ready = threading.Semaphore(0)

    def bind(self, protocol: Protocol, miniport: Miniport) -> Link:
        """One adapter and one line."""
        miniport.adapter = Adapter(self, miniport, protocol)
        miniport.initialize()
        self.bound.append(miniport)
        return Link(miniport.adapter)

    def reset(self, link: Link) -> int:
        """MiniportReset, on the caller's CPU."""
        status = link.adapter.miniport.reset()
        if status != PENDING:
            link.adapter.reset_complete(status)
        return status

    def spawn(self, function: Callable[..., object], *args: object) -> None:
        """Work for another CPU."""
        self.post(lambda: function(*args))

    def post(self, job: Callable[[], object] | None) -> None:
        """Another CPU has something to do."""
        self.jobs.append(job)
        self.ready.release()

    def run(self) -> None:
        """The other CPUs run anyway."""

    def serve(self) -> None:
        """What another CPU does."""
        while True:
            self.ready.acquire()
            job = self.jobs.popleft()
            if job is None:
                return
            job()

    def stop(self) -> None:
        """The scenario has been played."""
        for _ in range(self.servers):
            self.post(None)

    def closed(self) -> bool:
        """After all CPUs are done: halt, then each packet has its one answer."""
        if self.found:
            first = self.found[0]
            raise first if isinstance(first, Broken) else Broken(type(first).__name__)
        for miniport in self.bound:
            miniport.halt()
        if any(len(packet.answers) != 1 for packet in self.sent):
            raise Broken("LOST")
        return True
