"""What an entry of the catalogue is, the bench on which its drivers run, and the driver most of them are made from."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import ndiswan as nw

if TYPE_CHECKING:
    from collections.abc import Callable

FRAME = b"\xff\x03\xc0\x21 a frame"


class Modem(nw.Miniport):
    """A good driver: finishes each frame a millisecond later, in order."""

    def initialize(self):
        self.owed = deque()
        self.lock = self.adapter.spin_lock("queue")
        self.timer = self.adapter.timer(self.sent)

    def wan_send(self, link, packet):
        with self.lock:
            self.owed.append(packet)
        self.timer.set(0.001)
        return nw.PENDING

    def take(self):
        with self.lock:
            return self.owed.popleft() if self.owed else None

    def sent(self):
        while packet := self.take():
            self.adapter.wan_send_complete(packet, nw.SUCCESS)

    def give_up(self):
        self.timer.cancel()
        with self.adapter.at(nw.Irql.DISPATCH):
            while packet := self.take():
                self.adapter.wan_send_complete(packet, nw.Status.REQUEST_ABORTED)

    def reset(self):
        self.give_up()
        return nw.SUCCESS

    def halt(self):
        self.give_up()


class Instant(nw.Miniport):
    """A good driver that is done with a frame as soon as it has it."""

    def wan_send(self, link, packet):
        return nw.SUCCESS


class Peer(nw.Protocol):
    """A good protocol that counts."""

    def __init__(self):
        self.answers = []

    def send_complete(self, packet, status):
        self.answers.append(status)

    def receive(self, link, data):
        return nw.SUCCESS

    def talk(self, bench, link):
        bench.send()


def send_and_run(bench: Bench) -> None:
    """One frame is sent, everything that follows happens, and the adapter is halted."""
    bench.protocol.talk(bench, bench.link)
    bench.run()


@dataclass(frozen=True)
class Case:
    """A driver, how it is driven, and where a broken rule arrives at its user (``call``)."""

    rule: str
    driver: type[nw.Miniport | nw.Protocol]
    drive: Callable[[Bench], None] = send_and_run
    call: str | None = None
    both: bool = True
    packets: int = 16
    policy: dict[str, str] = field(default_factory=dict)

    @property
    def serializations(self) -> tuple[bool, ...]:
        """Whether the miniport runs serialized: both ways, unless the driver is written for one."""
        if not self.both or issubclass(self.driver, nw.Protocol):
            return (self.driver.serialized,) if issubclass(self.driver, nw.Miniport) else (False,)
        return (False, True)


@dataclass
class Entry:
    """One rule's pair."""

    breaks: Case | None = None
    keeps: Case | None = None


CATALOGUE: dict[str, Entry] = {}


def breaks(rule: str, call: str, **settings):
    """Registers a driver that breaks ``rule``; what is found is raised by ``call``."""

    def register(driver):
        entry = CATALOGUE.setdefault(rule, Entry())
        assert entry.breaks is None, f"{rule} is broken twice"
        entry.breaks = Case(rule, driver, call=call, **settings)
        return driver

    return register


def keeps(rule: str, **settings):
    """Registers the twin that keeps ``rule``."""

    def register(driver):
        entry = CATALOGUE.setdefault(rule, Entry())
        assert entry.keeps is None, f"{rule} is kept twice"
        entry.keeps = Case(rule, driver, **settings)
        return driver

    return register


class Bench:
    """One run of a case: an Ndis with the driver bound in it, which knows the call it is in."""

    def __init__(self, case: Case, *, serialized: bool = False, **settings) -> None:
        self.case, self.serialized, self.call = case, serialized, "ndis.bind"
        self.ndis = nw.Ndis(policy=nw.Policy(**case.policy), **settings)
        self.links: list[nw.Link] = []
        self.miniports: list[nw.Miniport] = []
        self.statuses: list[nw.Status] = []
        protocol = case.driver if issubclass(case.driver, nw.Protocol) else Peer
        self.protocol = protocol()

    def play(self) -> None:
        """Binds, drives and closes."""
        try:
            self.bind()
            self.case.drive(self)
            self.close()
        finally:
            with suppress(nw.ContractViolation):
                self.ndis.close()  # what came first is what is looked at

    @property
    def link(self) -> nw.Link:
        """The first adapter's link."""
        return self.links[0]

    @property
    def miniport(self) -> nw.Miniport:
        """The first miniport."""
        return self.miniports[0]

    def bind(self) -> nw.Link:
        """Binds a miniport of the case's class; another one each time."""
        driver = self.case.driver if issubclass(self.case.driver, nw.Miniport) else Modem
        miniport = driver()
        miniport.serialized = self.serialized
        self.call = "ndis.bind"
        self.miniports.append(miniport)
        self.links.append(self.ndis.bind(self.protocol, miniport, packets=self.case.packets))
        return self.links[-1]

    def send(self, data: bytes | nw.Packet = FRAME, link: nw.Link | None = None) -> nw.Status:
        """Sends, by default a frame on the first link."""
        self.call = "link.send"
        status = (link or self.link).send(data)
        self.statuses.append(status)
        return status

    def run(self, until: float | None = None) -> None:
        """Runs the clock."""
        self.call = "ndis.run"
        self.ndis.run(until)

    def reset(self) -> None:
        """Resets the first adapter."""
        self.call = "ndis.reset"
        self.ndis.reset(self.link)

    def close(self) -> None:
        """Halts everything."""
        self.call = "ndis.close"
        self.ndis.close()
