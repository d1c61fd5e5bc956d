"""Lines and calls of `Tapi`: their states, and what can be asked of each."""

from __future__ import annotations

from ndiswan.drivers.tapi_layout import NARROW, WIDE
from ndiswan.drivers.tapi_names import (
    ENDED,
    LINEBEARERMODE_DATA,
    LINECALLSELECT_CALL,
    LINEMEDIAMODE_DIGITALDATA,
    CallState,
    DisconnectMode,
    TapiMessage,
    TapiOid,
)
from ndiswan.status import Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ndiswan import _native
    from ndiswan.drivers.tapi import Tapi, TapiEvent

_DEVICE_CLASS = b"ndis\0"
_ROOM_FOR_ID = 64


class TapiError(RuntimeError):
    """A telephone call did not go as it has to: what was expected, what came, what to do.

    ``status`` is the driver's, where one was the reason.

    >>> nw.TapiError("the line is busy", nw.FAILURE).status.name
    'FAILURE'
    """

    def __init__(self, text: str, status: Status | None = None) -> None:
        super().__init__(text)
        self.status = status


class Line:
    """A line that was opened. ``handle`` is htLine, ``driver_handle`` hdLine; ``events`` those of the line itself."""

    def __init__(self, tapi: Tapi, device: int, handle: int) -> None:
        self.tapi = tapi
        self.device = device
        self.handle = handle
        self.driver_handle = 0
        self.closed = False
        self.events: list[TapiEvent] = []

    def must_be_open(self, what: str) -> None:
        """Raises `TapiError` if it is closed."""
        if self.closed:
            raise TapiError(
                f"{what}: line {self.device} is closed; tapi.open({self.device}) gives a new one"
            )

    def begin(self) -> None:
        """OPEN, and what follows it; `Tapi.open` calls this."""
        tapi = self.tapi
        values: dict[str, int | dict[str, int]] = {"ulDeviceID": self.device, "htLine": self.handle}
        answer = tapi.request(TapiOid.OPEN, "NDIS_TAPI_OPEN", values)
        self.driver_handle = int(str(answer["hdLine"]))
        beside = int(str(answer["htLine"])) >> 32
        if tapi.layout is WIDE and beside and not self.driver_handle:
            # Where hdLine is if htLine before it has 32 bits.
            tapi.layout, self.driver_handle = NARROW, beside
        modes = (
            tapi.capabilities.get(self.device, {}).get("ulMediaModes") or LINEMEDIAMODE_DIGITALDATA
        )
        wishes: list[tuple[TapiOid, str, dict[str, int | dict[str, int]]]] = [
            (
                TapiOid.SET_DEFAULT_MEDIA_DETECTION,
                "NDIS_TAPI_SET_DEFAULT_MEDIA_DETECTION",
                {"ulMediaModes": int(str(modes))},
            ),
            (
                TapiOid.SET_STATUS_MESSAGES,
                "NDIS_TAPI_SET_STATUS_MESSAGES",
                {"ulLineStates": 0xFFFFFF, "ulAddressStates": 0xFF},
            ),
        ]
        for oid, structure, wish in wishes:
            try:
                tapi.request(oid, structure, {"hdLine": self.driver_handle, **wish})
            except TapiError as error:
                if error.status in (None, Status.PENDING):
                    raise  # it owes the completion, and the next request may not come before that

    @property
    def calls(self) -> list[Call]:
        """Its calls that are not closed."""
        self.tapi.take()
        return [call for call in self.tapi.calls if call.line is self and not call.closed]

    def close(self) -> None:
        """Drops and closes its calls, then CLOSE.

        Raises
        ------
        TapiError
            The driver failed a step.
        """
        if self.closed:
            return
        for call in self.calls:
            call.close()
        self.tapi.request(TapiOid.CLOSE, "NDIS_TAPI_CLOSE", {"hdLine": self.driver_handle})
        self.closed = True
        self.tapi.lines.remove(self)

    def __repr__(self) -> str:
        return f"<Line {self.device} {'closed' if self.closed else 'open'}>"


class Call:
    """A telephone call, out or in.

    Attributes
    ----------
    handle, driver_handle:
        htCall and hdCall.
    """

    def __init__(self, tapi: Tapi, line: Line, handle: int, *, outgoing: bool) -> None:
        self.tapi = tapi
        self.line = line
        self.handle = handle
        self.driver_handle = 0
        self.outgoing = outgoing
        self.answered = False
        self.dropped = False
        self.closed = False
        self._states: list[CallState] = []
        self._why: DisconnectMode | None = None
        self._link: _native.Link | None = None

    @property
    def state(self) -> CallState:
        """The state that the driver indicated last; ``NONE`` if none yet."""
        return (self.states or [CallState.NONE])[-1]

    @property
    def states(self) -> list[CallState]:
        """Every state that the driver indicated, in order."""
        self.tapi.take()
        return self._states

    @property
    def why(self) -> DisconnectMode | None:
        """The reason of LINECALLSTATE_DISCONNECTED, once it came."""
        self.tapi.take()
        return self._why

    def happened(self, event: TapiEvent) -> None:
        """An event of the call; `Tapi.take` calls this."""
        if event.message != TapiMessage.CALLSTATE:
            return
        known = event.parameters[0] in CallState.__members__.values()
        state = CallState(event.parameters[0]) if known else CallState.UNKNOWN
        self._states.append(state)
        if (
            state is CallState.DISCONNECTED
            and event.parameters[1] in DisconnectMode.__members__.values()
        ):
            self._why = DisconnectMode(event.parameters[1])

    def begin(self, number: str) -> None:
        """MAKE_CALL; `Tapi.make_call` calls this."""
        # Old miniports expect ASCII and a zero behind it, after the whole structure.
        dialed = number.encode("ascii") + b"\0"
        values: dict[str, int | dict[str, int]] = {
            "hdLine": self.line.driver_handle,
            "htCall": self.handle,
            "ulDestAddressSize": len(dialed),
            "ulDestAddressOffset": self.tapi.layout.size_of("NDIS_TAPI_MAKE_CALL"),
            "bUseDefaultLineCallParams": 0,
            "LineCallParams": {
                "ulTotalSize": self.tapi.layout.size_of("LINE_CALL_PARAMS"),
                "ulBearerMode": LINEBEARERMODE_DATA,
                "ulMinRate": 0,
                "ulMaxRate": 0,
                "ulMediaMode": LINEMEDIAMODE_DIGITALDATA,
                "ulAddressMode": 1,
            },
        }
        answer = self.tapi.request(TapiOid.MAKE_CALL, "NDIS_TAPI_MAKE_CALL", values, behind=dialed)
        self.driver_handle = int(str(answer["hdCall"]))

    def wait(self, state: str | CallState, timeout: float | None = None) -> None:
        """Waits until the call has been in ``state``, a member of `CallState` or its name.

        Raises
        ------
        TapiError
            It did not come in ``timeout`` seconds of the world, or the call ended before.
        ValueError
            There is no such state.
        """
        wanted = self._state(state)
        if wanted in self.states:
            return
        self.tapi.ndis.wait(lambda: wanted in self.states or self.over, self._seconds(timeout))
        if wanted not in self.states:
            raise TapiError(
                f"expected the call to be {wanted.name}; {self._story()}; "
                + (
                    "the other side or the card ended it"
                    if self.over
                    else f"waited {self._seconds(timeout):g} s"
                )
            )

    @staticmethod
    def _state(given: str | CallState) -> CallState:
        if isinstance(given, CallState):
            return given
        found = CallState.__members__.get(given.upper())
        if found is None:
            names = ", ".join(state.name.lower() for state in CallState)
            raise ValueError(f"state: expected one of {names}; got {given!r}")
        return found

    def _seconds(self, timeout: float | None) -> float:
        return self.tapi.timeout if timeout is None else timeout

    def _story(self) -> str:
        states = ", ".join(state.name for state in self.states) or "no state yet"
        reason = f" ({self.why.name})" if self.why is not None else ""
        return f"the driver indicated {states}{reason}"

    @property
    def over(self) -> bool:
        """Whether the call is disconnected or idle, or was closed."""
        return self.closed or self.state in ENDED

    def answer(self, timeout: float | None = None) -> None:
        """ANSWER a call that came in; `wait` for ``connected`` after it.

        Raises
        ------
        TapiError
            It is no call that came in, it is answered or over, or the driver failed it.
        """
        if self.outgoing or self.answered or self.over:
            what = (
                "we made it"
                if self.outgoing
                else "it is answered"
                if self.answered
                else "it is over"
            )
            raise TapiError(
                f"answer(): expected a call of tapi.incoming(); {what}: {self._story()}"
            )
        self.tapi.request(
            TapiOid.ANSWER, "NDIS_TAPI_ANSWER", {"hdCall": self.driver_handle}, timeout=timeout
        )
        self.answered = True

    def get_id(self) -> int:
        """GET_ID of the call: what the driver says NDISWAN calls its link, the NdisLinkContext of the line-up.

        Raises
        ------
        TapiError
            The driver failed it or answered no device.
        """
        name = "NDIS_TAPI_GET_ID"
        layout = self.tapi.layout
        size = layout.size_of(name)
        values: dict[str, int | dict[str, int]] = {
            "hdLine": self.line.driver_handle,
            "hdCall": self.driver_handle,
            "ulSelect": LINECALLSELECT_CALL,
            "ulDeviceClassSize": len(_DEVICE_CLASS),
            "ulDeviceClassOffset": size + _ROOM_FOR_ID,
            "DeviceID": {"ulTotalSize": layout.size_of("VAR_STRING") + _ROOM_FOR_ID},
        }
        behind = bytes(_ROOM_FOR_ID) + _DEVICE_CLASS
        data = layout.packed(name, {"ulRequestID": 0, **values}, behind)
        status, answer = self.tapi.ask(TapiOid.GET_ID, data)
        if status is not Status.SUCCESS:
            raise TapiError(
                f"{self.tapi.miniport.name}: OID_TAPI_GET_ID was answered {status.name}; expected SUCCESS",
                status,
            )
        told = layout.unpacked(name, answer)["DeviceID"]
        assert isinstance(told, dict)
        begin = layout.offset_of(name, "DeviceID") + told["ulStringOffset"]
        identity = answer[begin : begin + told["ulStringSize"]]
        if not 4 <= len(identity) <= 8:
            raise TapiError(
                f"OID_TAPI_GET_ID: expected a DeviceID of 8 bytes (NdisLinkContext), got {len(identity)} bytes"
            )
        return int.from_bytes(identity, "little")

    def find_link(self) -> _native.Link | None:
        """Its link, up or down, or ``None`` if no line-up named the call (ConnectionWrapperID)."""
        self.tapi.take()
        if self._link is not None:
            return self._link
        return self._of(lambda up: up["ConnectionWrapperID"] == self.handle)

    def _of(self, fits: Callable[[dict[str, object]], bool]) -> _native.Link | None:
        for up in reversed(self.tapi.line_ups):
            if not fits(up):
                continue
            for link in reversed(self.tapi.miniport.adapter.links):
                if link.handle == up["NdisLinkHandle"] and not link.closed:
                    self._link = link
                    return link
        return None

    @property
    def link(self) -> _native.Link:
        """The link of the call: the line-up that named its htCall, else the one that GET_ID answers.

        Raises
        ------
        TapiError
            No line is up for it.
        """
        found = self.find_link()
        if found is None and not self.over and CallState.CONNECTED in self.states:
            context = self.get_id()
            found = self._of(lambda up: up["NdisLinkContext"] == context)
        if found is None or not found.up:
            raise TapiError(
                "expected a line-up (NDIS_STATUS_WAN_LINE_UP) with ConnectionWrapperID htCall "
                f"{self.handle:#x} before LINECALLSTATE_CONNECTED; {self._story()}"
            )
        return found

    def drop(self, timeout: float | None = None) -> None:
        """DROP, and waits until the driver says that the call is disconnected or idle.

        Raises
        ------
        TapiError
            The call is closed, the driver failed it, or it never said so.
        """
        if self.closed:
            raise TapiError("drop(): the call is closed; expected drop() before close()")
        self.tapi.request(
            TapiOid.DROP, "NDIS_TAPI_DROP", {"hdCall": self.driver_handle}, timeout=timeout
        )
        self.dropped = True
        if (
            not self.over
            and not self.tapi.ndis.wait(lambda: self.over, self._seconds(timeout))
            and not self.over
        ):
            raise TapiError(
                f"drop(): expected LINECALLSTATE_IDLE or DISCONNECTED after OID_TAPI_DROP; {self._story()}"
            )

    def close(self) -> None:
        """CLOSE_CALL, after a DROP if there was none: htCall, hdCall and the link are nothing any more.

        Raises
        ------
        TapiError
            The driver failed it, which it may not.
        """
        if self.closed:
            return
        self.tapi.take()
        link = self.find_link()
        if not self.over and not self.dropped:
            self.drop()
        self.tapi.request(
            TapiOid.CLOSE_CALL, "NDIS_TAPI_CLOSE_CALL", {"hdCall": self.driver_handle}
        )
        self.tapi.take()
        self.closed = True
        if link is not None and not link.closed:
            link.close()

    def __repr__(self) -> str:
        return f"<Call {'to' if self.outgoing else 'from'} the outside, {self.state.name}>"
