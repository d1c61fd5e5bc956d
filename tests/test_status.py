"""`Status`: NDIS's names and numbers, and any other number that a driver gave."""

import pickle
import threading

import pytest

import ndiswan as nw
from ndiswan import Severity, Status
from ndiswan._native import STATUS_TABLE


def test_the_members_are_those_of_the_core():
    """Every status of the Rust table is a member with its value, in its order, and no other is."""
    assert [(member.name, int(member)) for member in Status] == STATUS_TABLE
    assert len(Status) == len(STATUS_TABLE) > 200
    assert len({int(member) for member in Status}) == len(Status)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SUCCESS", 0x00000000),
        ("PENDING", 0x00000103),
        ("NOT_ACCEPTED", 0x00010003),
        ("WAN_LINE_UP", 0x40010008),
        ("NOT_RESETTABLE", 0x80010001),
        ("FAILURE", 0xC0000001),
        ("RESOURCES", 0xC000009A),
        ("NOT_SUPPORTED", 0xC00000BB),
        ("REQUEST_ABORTED", 0xC001000C),
        ("RESET_IN_PROGRESS", 0xC001000D),
        ("INVALID_LENGTH", 0xC0010014),
        ("NO_CABLE", 0xC001001F),
    ],
)
def test_a_published_status_has_its_published_value(name, value):
    """Name, attribute and number are one object."""
    member = getattr(Status, name)
    assert Status(value) is Status[name] is member
    assert member == value
    assert member.known
    assert str(member) == f"NDIS_STATUS_{name} (0x{value:08X})"
    assert repr(member) == f"<Status.{name}: 0x{value:08X}>"


def test_the_two_everyday_ones_have_short_names():
    """`nw.PENDING`, `nw.SUCCESS` and `nw.FAILURE` are members."""
    assert nw.PENDING is Status.PENDING
    assert nw.SUCCESS is Status.SUCCESS
    assert nw.FAILURE is Status.FAILURE


def test_an_unpublished_number_is_a_status_too():
    """It survives, is the same object each time, from several threads too, and is not iterated over."""
    made = []
    threads = [
        threading.Thread(target=lambda: made.extend(Status(0x12340000 + n) for n in range(200)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(status) for status in made}) == 200
    odd = Status(0xDEADBEEF)
    assert odd is Status(0xDEADBEEF) is Status(0xDEADBEEF - 2**32)
    assert (int(odd), odd.known, odd.name) == (0xDEADBEEF, False, "UNKNOWN_0xDEADBEEF")
    assert str(odd) == "0xDEADBEEF (not a published NDIS_STATUS)"
    assert odd not in list(Status)


def test_a_c_number_is_signed():
    """C's NDIS_STATUS is a signed 32-bit number."""
    assert Status(-1073741823) is Status.FAILURE
    assert Status(-(2**31)) == 0x80000000


@pytest.mark.parametrize("wrong", [2**32, -(2**31) - 1, "PENDING", 1.5, None, b"x"])
def test_what_is_no_32_bit_number_is_no_status(wrong):
    """ValueError, as for any enum."""
    with pytest.raises(ValueError, match="Status"):
        Status(wrong)


@pytest.mark.parametrize(
    ("status", "severity"),
    [
        (Status.SUCCESS, Severity.SUCCESS),
        (Status.PENDING, Severity.SUCCESS),
        (Status.WAN_LINE_UP, Severity.INFORMATIONAL),
        (Status.NOT_RESETTABLE, Severity.WARNING),
        (Status.FAILURE, Severity.ERROR),
        (Status(0xDEADBEEF), Severity.ERROR),
    ],
)
def test_the_two_top_bits_are_the_severity(status, severity):
    """PENDING has the severity of a success: a test of the sign alone takes it for one."""
    assert status.severity is severity


def test_a_status_is_an_int_everywhere():
    """It formats, hashes, compares and pickles as its number."""
    assert f"{Status.PENDING:#x}" == "0x103"
    assert f"{Status.PENDING}" == "NDIS_STATUS_PENDING (0x00000103)"
    assert {0x103: "here"}[Status.PENDING] == "here"
    assert pickle.loads(pickle.dumps(Status.FAILURE)) is Status.FAILURE
    assert pickle.loads(pickle.dumps(Status(0xDEADBEEF))) is Status(0xDEADBEEF)
    assert Status.FAILURE > Status.PENDING
