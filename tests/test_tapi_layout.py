"""TAPI's structures by name: those that are there, and what is said of others."""

from __future__ import annotations

import re

import pytest

from ndiswan.drivers.building import INCLUDE
from ndiswan.drivers.tapi_layout import STRUCTURES, packed, unpacked


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
