"""More of NDIS in plain Python: as much as the drivers of the zoo need that can be explored without the engine.

Put in the place of the package `ndiswan` (`stand_in`), it runs the zoo's own sources unchanged, drivers, card and
plays. Left out are IRQL, the serialized gate, the window, life cycles and all clocks, so bugs that only show in those
cannot be written for an explorer of threads in this way: it sees which thread runs, and nothing of levels and times.
"""

import contextlib
import importlib.util
import random
import sys
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

from exploring import plain_ndis
from exploring.plain_ndis import FAILURE, PENDING, SUCCESS, Broken, Protocol, Status, told

# A driver that sets its timer again and again ends all the same.
MOST_JOBS = 200


class WanInfo:
    """OID_WAN_GET_INFO."""

    def __init__(self, max_frame_size: int = 1500, max_transmit: int = 4, **others: int) -> None:
        self.max_frame_size = max_frame_size
        self.max_transmit = max_transmit
        self.__dict__.update(others)


class Irql:
    """The names of the levels, which nobody here has."""

    PASSIVE, DISPATCH, DIRQL = 0, 2, 5


class Miniport(plain_ndis.Miniport):
    """The base of a driver."""

    info = WanInfo()
    serialized = True
    line_up_at_bind = True


class Packet(plain_ndis.Packet):
    """Knows its line as well."""

    link: "Link"


class Dpc:
    """Queued once until it runs."""

    def __init__(self, ndis: "Ndis", callback: Callable[[], object]) -> None:
        self.ndis, self.callback, self.queued = ndis, callback, False

    def queue(self) -> bool:
        """Whether it was not queued yet."""
        was, self.queued = self.queued, True
        if not was:
            self.ndis.post(self.run)
        return not was

    def run(self) -> None:
        """At DISPATCH, on whatever CPU."""
        self.queued = False
        self.callback()


class Link(plain_ndis.Link):
    """A line that can go down."""

    def __init__(self, adapter: "Adapter", handle: int = 0) -> None:
        super().__init__(adapter)
        self.handle, self.up = handle, True

    def send(self, frame: Any) -> int:
        """A frame, or a packet that came back: its next life is another object."""
        packet = Packet(frame.frame if isinstance(frame, Packet) else frame, self.adapter)
        packet.link = self
        return self.submit(packet)


class Adapter(plain_ndis.Adapter):
    """What the zoo's drivers call as well."""

    def __init__(self, ndis: "Ndis", miniport: Miniport, protocol: Protocol) -> None:
        super().__init__(ndis, miniport, protocol)
        self.links: list[Link] = []
        self.owed_at_reset: list[plain_ndis.Packet] | None = None

    def dpc(self, callback: Callable[[], object]) -> Dpc:
        """A DPC."""
        return Dpc(self.ndis, callback)

    def device(self, callback: Callable[[], object]) -> plain_ndis.Timer:
        """What the hardware does later."""
        return plain_ndis.Timer(self.ndis, callback)

    def allocate_memory(self, length: int) -> bytearray | None:
        """Memory, or none if it is drawn."""
        return None if self.ndis.choose(2) else bytearray(length)

    def line_up(self, link: Link | None = None, *, handle: int = 0, **_: int) -> Link:
        """A line, or a change of one."""
        if link is None:
            link = Link(self, handle)
            self.links.append(link)
        return link

    def line_down(self, link: Link) -> None:
        """The line is gone."""
        link.up = False

    def at(self, level: int) -> contextlib.AbstractContextManager[None]:
        """Nothing changes."""
        return contextlib.nullcontext()

    def sleep(self, seconds: float) -> None:
        """Others may run at any time anyway."""

    def reset_begins(self) -> None:
        """Everything that is pending has to come back before it ends."""
        self.owed_at_reset = [p for p in self.ndis.sent if p.adapter is self and not p.answers]

    def reset_complete(self, status: int) -> None:
        """It ends once, when all of that is back."""
        owed, self.owed_at_reset = self.owed_at_reset, None
        if owed is None or not all(packet.answers for packet in owed):
            raise Broken("RESET")


class Ndis(plain_ndis.Ndis):
    """A world in which `run` waits until nothing is left to do.

    Its threads wait at semaphores only, since frontrun's exhaustive explorer takes a loop around a condition for one
    that may turn for ever. It is hidden from frontrun as a library is, so what is not a semaphore's is one step.
    """

    def __init__(self, servers: int, drawn: random.Random | None) -> None:
        super().__init__(servers)
        self.drawn = drawn
        self.quiet = threading.Semaphore(0)
        self.left, self.begun, self.waiting = 0, 0, 0

    def bind(self, protocol: Protocol, miniport: Miniport, name: str = "") -> Link:
        """An adapter and its first line."""
        miniport.adapter = adapter = Adapter(self, miniport, protocol)
        miniport.initialize()
        self.bound.append(miniport)
        return adapter.links[0] if adapter.links else adapter.line_up()

    def reset(self, link: Link) -> int:
        """MiniportReset, unless there is one already."""
        adapter = link.adapter
        if adapter.owed_at_reset is not None:
            return Status.RESET_IN_PROGRESS
        adapter.reset_begins()
        status = adapter.miniport.reset()
        if status != PENDING:
            adapter.reset_complete(status)
        return status

    def choose(self, n: int, *, what: str = "") -> int:
        """A value of the scenario's or the card's."""
        return self.drawn.randrange(n) if self.drawn else 0

    def point(self) -> None:
        """Every opcode is one here."""

    def post(self, job: Callable[[], object] | None) -> None:
        """Somebody has something to do; None is the end."""
        if job is not None:
            self.left += 1
            self.jobs.append(job)
        self.ready.release()

    def run(self, until: float | None = None) -> None:
        """Wait until nobody has anything to do."""
        while self.left:
            self.waiting += 1
            self.quiet.acquire()

    def serve(self) -> None:
        """Work until the end; what breaks a rule ends its job and no other."""
        while True:
            self.ready.acquire()
            if not self.jobs:
                return
            job = self.jobs.popleft()
            self.begun += 1
            try:
                if self.begun < MOST_JOBS:
                    job()
            except Exception as error:  # noqa: BLE001  (a driver's own, too, is what is looked for)
                told(error, self.found)
            self.left -= 1
            while self.waiting and not self.left:
                self.waiting -= 1
                self.quiet.release()

    def closed(self) -> bool:
        """Nothing is left to do: what is still owed is owed for ever, whatever a halt does about it."""
        if not self.found and not all(packet.answers for packet in self.sent):
            raise Broken("LOST or HANG")
        return super().closed()


def stand_in() -> ModuleType:
    """From now on `import ndiswan` is this world, and `ndiswan.zoo` the zoo's own source over it."""
    found = importlib.util.find_spec("ndiswan")
    if found is None or found.submodule_search_locations is None:
        raise ImportError("ndiswan is not installed")
    module = ModuleType("ndiswan")
    module.__path__ = list(found.submodule_search_locations)
    names = (WanInfo, Irql, Miniport, Protocol, Packet, Link, Adapter, Ndis, Status)
    module.__dict__.update({thing.__name__: thing for thing in names})
    module.__dict__.update(PENDING=PENDING, SUCCESS=SUCCESS, FAILURE=FAILURE)
    sys.modules["ndiswan"] = module
    return module
