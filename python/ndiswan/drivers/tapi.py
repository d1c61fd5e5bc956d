"""The TAPI side above a driver: what NDISTAPI and a telephone program do before the line is up, as calls of Python."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Protocol as Typed

from ndiswan.drivers.requesting import Answers, finished
from ndiswan.drivers.tapi_call import Call, Line, TapiError
from ndiswan.drivers.tapi_dialing import learn
from ndiswan.drivers.tapi_layout import NARROW, WIDE, size_of, unpacked
from ndiswan.drivers.tapi_names import (
    QUERIES,
    TAPI_INDICATION,
    WAN_LINE_UP,
    CallState,
    TapiMessage,
    TapiOid,
)
from ndiswan.status import Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndiswan._native import Adapter, Link
    from ndiswan.ndis import Ndis

__all__ = ["Call", "CallState", "Line", "Tapi", "TapiError", "TapiEvent", "TapiMessage", "TapiOid"]

_LONG_EVENT = size_of("NDIS_TAPI_EVENT")
_SHORT_EVENT = size_of("NDIS_TAPI_EVENT_SHORT")
_NARROW_EVENT = NARROW.size_of("NDIS_TAPI_EVENT")


class _Driver(Answers, Typed):
    """What is needed of a driver: `CMiniport` has it, and a test's own stand-in may."""

    events: list[tuple[int, bytes]]
    adapter: Adapter


@dataclass(frozen=True)
class TapiEvent:
    """An NDIS_TAPI_EVENT as the driver indicated it.

    >>> from ndiswan.drivers.tapi import TapiEvent, TapiMessage
    >>> event = TapiEvent(TapiMessage.CALLSTATE, 1, 2, (1, 0, 0))
    >>> event.line, event.call
    (1, 2)
    """

    message: int
    line: int
    call: int
    parameters: tuple[int, int, int]


class Tapi:
    """A telephone program and NDISTAPI above one adapter: lines are opened, calls made, answered, dropped and closed.

    The order is that of the driver kit's pages on the OID_TAPI requests; a request that is answered PENDING is
    waited for while the world goes on. The miniport has to be bound before.

    Parameters
    ----------
    miniport:
        The driver, as `load` gives it.
    ndis:
        The world it is bound in.
    timeout:
        Seconds of the world for what is not told otherwise.

    Attributes
    ----------
    devices:
        How many lines the driver said it has, once it was initialized.
    capabilities:
        LINE_DEV_CAPS by device, of those that answered.
    addresses:
        The number of each line that has one, of LINE_ADDRESS_CAPS.
    log:
        Each request and the status that came of it, in their order.
    line_ups:
        Each line-up's NDIS_MAC_LINE_UP.
    stray:
        Events of lines or calls that nobody knows (any more).
    layout:
        The structures as the driver has them; of handles of 32 bits if its answer to the first OPEN shows that.
    """

    def __init__(self, miniport: _Driver, ndis: Ndis, *, timeout: float = 10.0) -> None:
        self.miniport = miniport
        self.ndis = ndis
        self.timeout = timeout
        self.devices: int | None = None
        self.capabilities: dict[int, dict[str, object]] = {}
        self.addresses: dict[int, str] = {}
        self.log: list[tuple[TapiOid, Status]] = []
        self.stray: list[TapiEvent] = []
        self.lines: list[Line] = []
        self.calls: list[Call] = []
        self._taken = 0
        self._handles = itertools.count(0x0100_0001)
        self._requests = itertools.count(1)
        self.line_ups: list[dict[str, object]] = []
        self.layout = WIDE

    # Requests.

    def request(
        self,
        oid: TapiOid,
        structure: str,
        values: dict[str, int | dict[str, int]],
        *,
        behind: bytes = b"",
        timeout: float | None = None,
    ) -> dict[str, object]:
        """Sends one request, waits until it is completed, and gives its structure after it.

        Raises
        ------
        TapiError
            It failed, or the driver owes its completion after ``timeout`` seconds.
        ValueError
            There is no such structure, or it has no such member.
        """
        status, data = self.ask(
            oid,
            self.layout.packed(structure, {"ulRequestID": next(self._requests), **values}, behind),
            timeout=timeout,
        )
        if status is not Status.SUCCESS:
            raise TapiError(
                f"{self._named(oid)} was answered {status.name}; expected SUCCESS, or PENDING and then SUCCESS",
                status,
            )
        return self.layout.unpacked(structure, data)

    def ask(
        self, oid: TapiOid, data: bytes, *, timeout: float | None = None
    ) -> tuple[Status, bytes]:
        """Sends one request as bytes: the status in the end, whatever it is, and the buffer after it.

        Raises
        ------
        TapiError
            The driver answered PENDING and owes the completion after ``timeout`` seconds.
        """
        oid = TapiOid(oid)
        given = self.timeout if timeout is None else timeout
        status, answer = finished(
            self.miniport,
            self.ndis,
            oid,
            data,
            set=oid not in QUERIES,
            timeout=given,
            name=f"OID_TAPI_{oid.name}",
        )
        self.log.append((oid, status))
        return status, answer

    def _named(self, oid: TapiOid) -> str:
        return f"{self.miniport.name}: OID_TAPI_{oid.name}"

    # The provider.

    def initialize(self) -> int:
        """PROVIDER_INITIALIZE, then GET_DEV_CAPS and GET_ADDRESS_CAPS of each line; how many lines there are.

        Raises
        ------
        TapiError
            It is initialized already, the driver failed it, or it has no line.
        """
        if self.devices is not None:
            raise TapiError(
                "initialize(): the provider is initialized already; expected one initialize() before each shutdown()"
            )
        answer = self.request(
            TapiOid.PROVIDER_INITIALIZE, "NDIS_TAPI_PROVIDER_INITIALIZE", {"ulDeviceIDBase": 0}
        )
        count = answer["ulNumLineDevs"]
        assert isinstance(count, int)
        if count == 0:
            raise TapiError(
                f"{self._named(TapiOid.PROVIDER_INITIALIZE)} answered ulNumLineDevs 0; expected one line at least"
            )
        self.devices = count
        for device in range(min(count, 256)):
            learn(self, device, self._requests)
        return count

    def open(self, device: int = 0) -> Line:
        """OPEN of a line, then SET_DEFAULT_MEDIA_DETECTION and SET_STATUS_MESSAGES, which a driver may do without.

        Raises
        ------
        TapiError
            The provider is not initialized, there is no such line, it is open already, or the driver failed it.
        """
        if self.devices is None:
            raise TapiError(
                f"open({device}): the provider is not initialized; call initialize() first"
            )
        if not 0 <= device < self.devices:
            raise TapiError(
                f"open({device}): expected a device of 0 to {self.devices - 1}, as PROVIDER_INITIALIZE said"
            )
        if any(line.device == device for line in self.lines):
            raise TapiError(
                f"open({device}): the line is open; close() it first, or use the line of tapi.lines"
            )
        line = Line(self, device, next(self._handles))
        self.lines.append(line)
        try:
            line.begin()
        except BaseException:
            self.lines.remove(line)
            raise
        return line

    def make_call(self, line: Line, number: str) -> Call:
        """MAKE_CALL to ``number``; the call as it is when the driver has taken the request, which is seldom connected.

        Raises
        ------
        TapiError
            The line is not open, or the driver failed the request.
        """
        line.must_be_open("make_call")
        call = Call(self, line, next(self._handles), outgoing=True)
        self.calls.append(call)
        try:
            call.begin(number)
        except BaseException:
            self.calls.remove(call)
            raise
        return call

    def incoming(self) -> list[Call]:
        """Calls that came in (LINE_NEWCALL) and are neither answered nor over."""
        self.take()
        waiting = {CallState.NONE, CallState.OFFERING, CallState.ACCEPTED}
        return [
            call
            for call in self.calls
            if not call.outgoing and not call.answered and call.state in waiting
        ]

    def next_call(self, timeout: float | None = None) -> Call:
        """Waits for a call to come in.

        Raises
        ------
        TapiError
            None came.
        """
        seconds = self.timeout if timeout is None else timeout
        if not self.incoming():
            self.ndis.wait(lambda: bool(self.incoming()), seconds)
        calls = self.incoming()
        if not calls:
            raise TapiError(
                f"{self.miniport.name}: expected LINE_NEWCALL, got none in {seconds:g} s; got {self.stray or 'none'}"
            )
        return calls[0]

    def dial(
        self, number: str = "5551234", *, device: int | None = None, timeout: float | None = None
    ) -> Link:
        """All of it: initialize, open a line that is not, make the call, wait until it is connected; its link, up.

        Raises
        ------
        TapiError
            A step of it, with what was expected and what came.
        """
        if self.devices is None:
            self.initialize()
        if device is None:
            used = {line.device for line in self.lines}
            device = next((one for one in range(self.devices or 0) if one not in used), None)
            if device is None:
                raise TapiError(
                    f"dial({number!r}): all {self.devices} lines are open; close() a line, or say device="
                )
        line = next((line for line in self.lines if line.device == device), None) or self.open(
            device
        )
        call = self.make_call(line, number)
        call.wait("connected", timeout)
        return call.link

    def call_of(self, link: Link) -> Call:
        """The call that brought a link up.

        Raises
        ------
        TapiError
            None did.
        """
        for call in self.calls:
            if call.find_link() == link:
                return call
        raise TapiError(f"call_of({link!r}): expected a link that a call of this Tapi brought up")

    def shutdown(self) -> None:
        """Drops and closes what there is, then PROVIDER_SHUTDOWN.

        Raises
        ------
        TapiError
            The provider is not initialized, or the driver failed a step.
        """
        if self.devices is None:
            raise TapiError("shutdown(): the provider is not initialized; call initialize() first")
        for line in list(self.lines):
            line.close()
        self.request(TapiOid.PROVIDER_SHUTDOWN, "NDIS_TAPI_PROVIDER_SHUTDOWN", {})
        self.devices = None

    # Events.

    def take(self) -> None:
        """Looks at what the driver indicated since the last time; all who ask for a state do."""
        events = self.miniport.events
        while self._taken < len(events):
            status, data = events[self._taken]
            self._taken += 1
            if status == WAN_LINE_UP and len(data) >= size_of("NDIS_MAC_LINE_UP"):
                self.line_ups.append(unpacked("NDIS_MAC_LINE_UP", data))
            elif status == TAPI_INDICATION:
                self._happened(data)

    def _happened(self, data: bytes) -> None:
        if len(data) < _NARROW_EVENT:
            raise TapiError(
                f"{self.miniport.name}: NDIS_TAPI_EVENT of {len(data)} bytes; expected {_SHORT_EVENT} or {_LONG_EVENT}"
            )
        if len(data) < _SHORT_EVENT:
            members = NARROW.unpacked("NDIS_TAPI_EVENT", data)
        else:
            long = len(data) >= _LONG_EVENT
            members = unpacked("NDIS_TAPI_EVENT" if long else "NDIS_TAPI_EVENT_SHORT", data)
        message, at_line, at_call, first, second, third = (
            int(str(members[name]))
            for name in ("ulMsg", "htLine", "htCall", "ulParam1", "ulParam2", "ulParam3")
        )
        event = TapiEvent(message, at_line, at_call, (first, second, third))
        line = next((line for line in self.lines if line.handle == at_line), None)
        if message == TapiMessage.NEWCALL and line is not None:
            call = Call(self, line, second, outgoing=False)
            call.driver_handle = first
            self.calls.append(call)
            return
        known = next(
            (call for call in self.calls if call.handle == at_call and not call.closed), None
        )
        if known is not None:
            known.happened(event)
        elif line is not None and at_call == 0:
            line.events.append(event)
        else:
            self.stray.append(event)
