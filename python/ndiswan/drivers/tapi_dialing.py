"""A call with nobody at the other end: the lines of a driver, their numbers, and calls answered where they ring.

A virtual card, or one whose lines are looped, rings on its own other line.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from ndiswan.drivers.tapi_call import TapiError
from ndiswan.drivers.tapi_layout import offset_of, packed, size_of, unpacked
from ndiswan.drivers.tapi_names import CallState, TapiOid
from ndiswan.status import Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndiswan import _native
    from ndiswan.drivers.tapi import Tapi
    from ndiswan.drivers.tapi_call import Call

ELSEWHERE = "5551234"
"""The number that is called where no line says that it has one."""
MOST_LINES = 16
#: Room behind a structure of capabilities for the texts that a driver puts there.
_TEXTS = 1024


def learn(tapi: Tapi, device: int, numbers: Iterator[int]) -> None:
    """GET_DEV_CAPS and GET_ADDRESS_CAPS of a line. A driver may lack them; what it does not answer is not there."""
    for oid, name, part in (
        (TapiOid.GET_DEV_CAPS, "NDIS_TAPI_GET_DEV_CAPS", "LineDevCaps"),
        (TapiOid.GET_ADDRESS_CAPS, "NDIS_TAPI_GET_ADDRESS_CAPS", "LineAddressCaps"),
    ):
        inner = size_of("LINE_DEV_CAPS" if part == "LineDevCaps" else "LINE_ADDRESS_CAPS")
        values: dict[str, int | dict[str, int]] = {
            "ulRequestID": next(numbers),
            "ulDeviceID": device,
            part: {"ulTotalSize": inner + _TEXTS},
        }
        status, data = tapi.ask(oid, packed(name, values, bytes(_TEXTS)))
        if status is not Status.SUCCESS:
            continue
        told = unpacked(name, data)[part]
        assert isinstance(told, dict)
        if part == "LineDevCaps":
            tapi.capabilities[device] = told
        elif 0 < told["ulAddressSize"] <= _TEXTS:
            begin = offset_of(name, part) + told["ulAddressOffset"]
            tapi.addresses[device] = _text(data[begin : begin + told["ulAddressSize"]])


def _text(data: bytes) -> str:
    wide = len(data) > 1 and not any(data[1::2])
    return data.decode("utf-16-le" if wide else "latin-1", "replace").rstrip("\0")


def number_for(tapi: Tapi, device: int) -> str:
    """Whom a line may call: another line of the card that has a number, else somebody outside."""
    others = [number for other, number in tapi.addresses.items() if other != device and number]
    return next((number for number in others if number.isascii()), ELSEWHERE)


def connect(tapi: Tapi, device: int = 0) -> _native.Link:
    """A call from a line, connected; calls that come in on any line meanwhile are answered. Its link, up.

    Lines that are not open are opened, and calls that are over closed, first.

    Raises
    ------
    TapiError
        A step of it, with what was expected and what came.
    """
    if tapi.devices is None:
        tapi.initialize()
    for old in list(tapi.calls):
        if old.over and not old.closed:
            old.close()
    opened = {line.device: line for line in tapi.lines}
    line = opened.get(device) or tapi.open(device)
    for other in range(min(tapi.devices or 0, MOST_LINES)):
        if other not in opened and other != device:
            with suppress(TapiError):  # the call needs the first one only
                tapi.open(other)
    call = tapi.make_call(line, number_for(tapi, device))
    _answer_until_connected(tapi, call)
    return call.link


def _answer_until_connected(tapi: Tapi, call: Call) -> None:
    end = tapi.ndis.now + tapi.timeout

    def over() -> bool:
        return call.over or CallState.CONNECTED in call.states

    def offered() -> list[Call]:
        return [one for one in tapi.incoming() if one.state is not CallState.NONE]

    while not over():
        if not offered():
            tapi.ndis.wait(lambda: over() or bool(offered()), max(0.0, end - tapi.ndis.now))
        ringing = offered()
        if not ringing:
            break
        for one in ringing:
            one.answer()
    call.wait("connected", 0.0)
