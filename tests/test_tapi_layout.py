"""TAPI's structures by name: those that are there, and what is said of others."""

from __future__ import annotations

import re

import pytest

import ndiswan as nw
from ndiswan.drivers import tapi_names
from ndiswan.drivers.building import INCLUDE
from ndiswan.drivers.tapi_layout import NARROW, STRUCTURES, WIDE, packed, unpacked
from ndiswan.drivers.tapi_names import TAPI_INDICATION, TapiMessage, TapiOid
from telephones import Answering


def test_each_request_of_the_header_has_its_structure() -> None:
    """ndistapi.h names them."""
    header = (INCLUDE / "ndistapi.h").read_text("utf-8")
    assert set(re.findall(r"struct _(NDIS_TAPI_\w+)", header)) <= set(STRUCTURES)


def test_a_structure_that_is_not_there_is_answered_with_those_that_are() -> None:
    """Its name may be a misprint."""
    told = r"expected one of ndistapi\.h, got 'NDIS_TAPI_CONFIG'; there are .*NDIS_TAPI_CONFIG_DIALOG, "
    with pytest.raises(ValueError, match=told):
        packed("NDIS_TAPI_CONFIG", {})
    with pytest.raises(ValueError, match=told):
        unpacked("NDIS_TAPI_CONFIG", b"")


def test_a_member_that_is_not_there_is_answered_with_those_that_are() -> None:
    """In a structure inside of one, too."""
    with pytest.raises(
        ValueError, match=r"NDIS_TAPI_OPEN: expected one of ulRequestID, .*got 'ulDeviceId'"
    ):
        packed("NDIS_TAPI_OPEN", {"ulDeviceId": 1})
    with pytest.raises(ValueError, match=r"VAR_STRING: expected one of .*, got 'ulTotal'"):
        packed("NDIS_TAPI_GET_ID", {"DeviceID": {"ulTotal": 1}})


class OfThoseDays(Answering):
    """A driver whose own ndistapi.h has handles of 32 bits; it answers OPEN, and what asks for hdLine 7 or hdCall 9."""

    def request(self, oid, data=b"", *, set=False, room=0):  # noqa: A002  (as `CMiniport.request`)
        name = f"NDIS_TAPI_{TapiOid(oid).name}"
        if TapiOid(oid) is TapiOid.PROVIDER_INITIALIZE:
            return super().request(oid, data, set=set, room=room)
        members = NARROW.unpacked(name, data)
        self.asked.append((oid, set))
        if TapiOid(oid) is TapiOid.OPEN:
            members["hdLine"] = 7
        elif TapiOid(oid) is TapiOid.MAKE_CALL:
            at = members["ulDestAddressOffset"]
            assert data[at : at + members["ulDestAddressSize"]] == b"123\0"
            members["hdCall"], self.call = 9, members["htCall"]
        own = {"hdLine": 7, "hdCall": 9}
        right = all(members.get(handle, value) == value for handle, value in own.items())
        size = NARROW.size_of(name)
        return (nw.SUCCESS if right else nw.FAILURE), NARROW.packed(name, members, data[size:])


def test_a_driver_with_handles_of_32_bits_is_asked_as_its_own_header_has_it() -> None:
    """Its answer to OPEN shows them; its events are shorter, too."""
    driver = OfThoseDays()
    with nw.Ndis() as ndis:
        tapi = nw.Tapi(driver, ndis)
        tapi.initialize()
        line = tapi.open()
        assert (tapi.layout, line.driver_handle) == (NARROW, 7)
        call = tapi.make_call(line, "123")
        assert call.driver_handle == 9
        connected = {"htLine": line.handle, "htCall": call.handle, "ulMsg": TapiMessage.CALLSTATE}
        values = {**connected, "ulParam1": tapi_names.CallState.CONNECTED}
        driver.events.append((TAPI_INDICATION, NARROW.packed("NDIS_TAPI_EVENT", values)))
        assert call.state.name == "CONNECTED"


def test_one_with_those_of_today_is_asked_as_ever() -> None:
    """A line that answers a handle."""
    with nw.Ndis() as ndis:
        tapi = nw.Tapi(Answering(OPEN=lambda members: members.update(hdLine=7)), ndis)
        tapi.initialize()
        assert (tapi.open().driver_handle, tapi.layout) == (7, WIDE)
