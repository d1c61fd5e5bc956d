"""What a driver in C is asked besides what brings a line up: by NDIS, by a telephone program and a control panel.

Each query is sent with room for the answer, and with a buffer that is too short for it, as callers do that ask how
much they need. A driver need not know a request; what it writes has to fit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ndiswan.drivers.requesting import finished
from ndiswan.drivers.tapi_names import (
    LINEBEARERMODE_DATA,
    LINECALLSELECT_CALL,
    LINEMEDIAMODE_DIGITALDATA,
    TapiOid,
)
from ndiswan.oid import Oid
from ndiswan.status import Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndiswan.checking.world import World
    from ndiswan.drivers import CMiniport
    from ndiswan.drivers.tapi_call import Call

SUPPORTED_LIST = 0x0001_0101
#: OID_GEN_SUPPORTED_LIST to OID_GEN_VENDOR_DRIVER_VERSION, then OID_GEN_XMIT_OK to OID_GEN_RCV_NO_BUFFER.
GENERAL = (*range(SUPPORTED_LIST, 0x0001_0117), *range(0x0002_0101, 0x0002_0106))
#: OID_PNP_CAPABILITIES, OID_PNP_SET_POWER, OID_PNP_QUERY_POWER, and of NDIS_DEVICE_POWER_STATE D0 and D3.
CAPABILITIES, SET_POWER, QUERY_POWER, D0, D3 = 0xFD01_0100, 0xFD01_0101, 0xFD01_0102, 1, 4
PPP_FRAMING = 0x100
#: A vendor's OID that no vendor has.
UNKNOWN = 0xFFEE_DDCC
#: How long the structure is that answers a WAN OID, which need not count what it wrote.
STRUCTURES_OF_WAN = {
    Oid.WAN_GET_INFO: 40,
    Oid.WAN_GET_LINK_INFO: 48,
    Oid.WAN_GET_STATS_INFO: 128,
    Oid.WAN_PERMANENT_ADDRESS: 6,
    Oid.WAN_CURRENT_ADDRESS: 6,
    Oid.WAN_MEDIUM_SUBTYPE: 4,
}
#: Those whose NdisLinkHandle goes down with the query.
OF_A_LINK = {Oid.WAN_GET_LINK_INFO, Oid.WAN_GET_STATS_INFO}
#: A driver that completes a request later has a timer or an interrupt for it.
PATIENCE = 10.0
ROOM = 1024
#: Of ulRequestID, which those of a telephone program do not come to.
FIRST_NUMBER = 0x4000_0000
_NDIS, _LINE = b"ndis\0", b"tapi/line\0"
_LINE_SELECT, _ADDRESS_SELECT = 1, 2

#: Requests of a line and a call that are there: the values, the structure that is answered, and what comes behind.
#: Those that end the call or make it are elsewhere.
TELEPHONY: tuple[tuple[TapiOid, dict[str, int], str, bytes], ...] = (
    (TapiOid.GET_EXTENSION_ID, {}, "", b""),
    (TapiOid.NEGOTIATE_EXT_VERSION, {"ulHighVersion": 0x0001_0000}, "", b""),
    (TapiOid.SELECT_EXT_VERSION, {}, "", b""),
    (TapiOid.GET_DEV_CAPS, {}, "LineDevCaps", b""),
    (TapiOid.GET_ADDRESS_CAPS, {}, "LineAddressCaps", b""),
    (TapiOid.GET_LINE_DEV_STATUS, {}, "LineDevStatus", b""),
    (TapiOid.GET_ADDRESS_STATUS, {}, "LineAddressStatus", b""),
    (TapiOid.GET_CALL_INFO, {}, "LineCallInfo", b""),
    (TapiOid.GET_CALL_STATUS, {}, "LineCallStatus", b""),
    (TapiOid.GET_CALL_ADDRESS_ID, {}, "", b""),
    (TapiOid.GET_ID, {"ulSelect": _LINE_SELECT}, "DeviceID", _LINE),
    (TapiOid.GET_ID, {"ulSelect": _ADDRESS_SELECT}, "DeviceID", _NDIS),
    (TapiOid.GET_ID, {"ulSelect": LINECALLSELECT_CALL}, "DeviceID", _NDIS),
    (TapiOid.GET_DEV_CONFIG, {}, "DeviceConfig", _NDIS),
    (TapiOid.SET_APP_SPECIFIC, {"ulAppSpecific": 1}, "", b""),
    (TapiOid.SET_CALL_PARAMS, {"ulBearerMode": LINEBEARERMODE_DATA}, "", b""),
    (TapiOid.SET_MEDIA_MODE, {"ulMediaMode": LINEMEDIAMODE_DIGITALDATA}, "", b""),
    (TapiOid.SECURE_CALL, {}, "", b""),
    (TapiOid.SEND_USER_USER_INFO, {}, "", b""),
)


def ask_all(world: World) -> None:
    """Send all of them to the driver of a world.

    Raises TapiError for a request that stays pending.
    """
    driver: Any = world.miniport
    for oid in _general_of(world, driver):
        _general(world, driver, oid)
    for oid, room in STRUCTURES_OF_WAN.items():
        _short(world, driver, oid, room)
    _sets(world, driver)
    call = next(
        (call for call in (driver.tapi.calls if driver.tapi else []) if not call.over), None
    )
    if call is not None:
        for number, asked in enumerate(TELEPHONY, FIRST_NUMBER):
            _telephony(world, call, number, *asked)


def _general_of(world: World, driver: CMiniport) -> Iterator[int]:
    status, data = _query(world, driver, SUPPORTED_LIST, ROOM)
    known = []
    if status is Status.SUCCESS:
        known = [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data) - 3, 4)]
    wan = {int(oid) for oid in Oid}  # the scenario asks for those
    yield from dict.fromkeys((*GENERAL, *(oid for oid in known if oid >> 16 in {1, 2})))
    yield from (oid for oid in known if oid >> 16 == Oid.WAN_GET_INFO >> 16 and oid not in wan)


def _query(
    world: World, driver: CMiniport, oid: int, room: int, given: bytes = b"", *, sets: bool = False
) -> tuple[Status, bytes]:
    def ask() -> tuple[Status, bytes]:
        name = f"OID {oid:#010x}"
        return finished(
            driver, world.ndis, oid, given, set=sets, timeout=PATIENCE, name=name, room=room
        )

    return world.call(ask) or (Status.FAILURE, b"")


def _general(world: World, driver: CMiniport, oid: int) -> None:
    status, data = _query(world, driver, oid, ROOM)
    if status is Status.SUCCESS:
        for room in dict.fromkeys((0, max(0, len(data) - 1))):
            _query(world, driver, oid, room)


def _short(world: World, driver: CMiniport, oid: Oid, room: int) -> None:
    """A query that the driver answers, and then with less room than its structure wants."""
    handle = world.link.handle.to_bytes(8, "little") if oid in OF_A_LINK else b""
    if _query(world, driver, oid, room, handle)[0] is Status.SUCCESS:
        for less in (len(handle), room - 1):
            _query(world, driver, oid, less, handle)


def _sets(world: World, driver: CMiniport) -> None:
    """The settings of a link in other words, in too few of them, and an OID that nobody has."""
    link = world.link.handle.to_bytes(8, "little")
    for size, framing in ((256, 0), (world.miniport.info.max_frame_size, PPP_FRAMING)):
        words = (size, size, 0, 0, framing, framing, 0, 0, 0, 0)
        settings = b"".join(word.to_bytes(4, "little") for word in words)
        _query(world, driver, Oid.WAN_SET_LINK_INFO, 0, link + settings, sets=True)
    for oid, given in ((Oid.WAN_SET_LINK_INFO, link), (UNKNOWN, link), (UNKNOWN, b"")):
        _query(world, driver, oid, 0, given, sets=True)


def sleep_and_wake(world: World) -> bool:
    """Put the card to sleep (D3) and wake it, if it can; whether it can. Its lines may go down."""
    driver: Any = world.miniport
    if _query(world, driver, CAPABILITIES, ROOM)[0] is not Status.SUCCESS:
        return False
    sleeps = D3.to_bytes(4, "little")
    if _query(world, driver, QUERY_POWER, 4, sleeps)[0] is Status.SUCCESS:
        for state in (sleeps, D0.to_bytes(4, "little")):
            _query(world, driver, SET_POWER, 4, state, sets=True)
            world.step(2)
    return True


def _telephony(
    world: World,
    call: Call,
    number: int,
    oid: TapiOid,
    given: dict[str, int],
    answer: str,
    behind: bytes,
) -> None:
    structure = f"NDIS_TAPI_{oid.name}"
    layout = call.line.tapi.layout
    fields: Any = layout.structures[structure]._fields_
    there = {name: kind for name, kind, *_ in fields}
    known = {
        "ulRequestID": number,
        "hdLine": call.line.driver_handle,
        "hdCall": call.driver_handle,
        "ulDeviceID": call.line.device,
        "ulDeviceClassSize": len(behind),
    }
    for room in (ROOM, 0) if answer else (0,):
        values: dict[str, int | dict[str, int]] = {
            **{name: value for name, value in known.items() if name in there},
            **given,
        }
        if answer:
            values[answer] = {"ulTotalSize": layout.size_of(there[answer].__name__) + room}
        if behind:
            values["ulDeviceClassOffset"] = layout.size_of(structure) + room
        data = layout.packed(structure, values, bytes(room) + behind)
        world.call(call.line.tapi.ask, oid, data)
