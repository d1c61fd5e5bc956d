"""What a stranger reads of `ndiswan check` when a callback of theirs raises."""

import pytest

from commands import HEAD, QUICK, USAGE, VIOLATIONS, driver, ndiswan
from ndiswan.checking.raised import detail_of, text_of

KEEPS = """self.owed.append(packet)
self.timer.set(0.01)
{more}
return nw.PENDING"""
PAYS = """
    def initialize(self):
        self.owed = []
        self.timer = self.adapter.timer(self.sent)

    def sent(self):
        owed, self.owed = self.owed, []
        for packet in owed:
            self.adapter.wan_send_complete(packet, nw.SUCCESS)

    def halt(self):
        self.timer.cancel()
"""


def said(path, *more):
    """What the check of a driver with exceptions says."""
    done = ndiswan("check", path.name, *(more or QUICK), cwd=path.parent)
    assert done.returncode == VIOLATIONS, done.stdout + done.stderr
    assert "File " not in done.stdout or 'File "target.py"' in done.stdout
    return done.stdout


def test_an_exception_is_told_before_the_rules_that_it_brings_along(tmp_path):
    """A timer raised before it completed what it had taken: that those are lost is told after the exception."""
    raises = PAYS.replace("        for packet", "        owed[0].data[9999]\n        for packet")
    text = said(driver(tmp_path, KEEPS.format(more=""), more=raises))
    assert "1 mode with exception" in text
    first, also = text.split("Also:")
    assert "EXCEPTION in mode send/inline" in first
    assert "IndexError: index 9999 is out of range" in first
    assert "  first     mend this" in first
    assert "LOST" in also
    assert "can never be completed" not in first


def test_what_a_driver_does_with_a_packet_that_went_back_is_not_told(tmp_path):
    """It went back when wan_send raised; that the driver completes it later comes of that."""
    text = said(driver(tmp_path, KEEPS.format(more="packet.data[9999]"), more=PAYS))
    assert "IndexError: index 9999 is out of range" in text
    assert "Also:" not in text


def test_an_exception_alone_is_not_called_the_first(tmp_path):
    """Without a broken rule in its mode nothing follows from it, and nothing is said to."""
    text = said(driver(tmp_path, "return nw.SUCESS"))
    assert "AttributeError: module 'ndiswan' has no attribute 'SUCESS'" in text
    assert "mend this" not in text
    assert "Also:" not in text


def test_modes_with_an_exception_are_counted_and_not_exceptions(tmp_path):
    """Two errors of different words in a mode are one mode with exceptions."""
    path = driver(tmp_path, "packet.data[len(packet)]")
    text = said(path, "--mode", "send/inline", "--mode", "window-1/inline")
    assert "2 modes with exception" in text


def test_an_entry_point_with_other_arguments_is_told_its_own(tmp_path):
    """No line of the driver's was reached; the definition that was expected is told instead of ours that called it."""
    path = tmp_path / "target.py"
    path.write_text(
        HEAD + "class Driver(nw.Miniport):\n    def wan_send(self, packet):\n        pass\n"
    )
    text = said(path)
    assert "takes 2 positional arguments but 3 were given" in text
    assert "expected def wan_send(self, link, packet)" in " ".join(text.split())
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("info = {'max_transmit': 4}", "Driver.info: expected an ndiswan.WanInfo, got {'max_"),
        ("info = nw.WanInfo(max_transmit=0)", "WanInfo.max_transmit: expected 1 to 65535, got 0"),
    ],
)
def test_a_driver_that_cannot_be_bound_says_what_was_expected(tmp_path, head, words):
    """What is wrong with its `info` is told by the name of the class, without calls of ours."""
    path = tmp_path / "target.py"
    path.write_text(
        f"{HEAD}class Driver(nw.Miniport):\n    {head}\n    def wan_send(self, link, packet):\n        pass\n"
    )
    text = said(path)
    assert words in text
    assert "Traceback" not in text


def test_a_driver_that_wants_its_adapter_too_early_is_told_when(tmp_path):
    """`self.adapter` in `__init__` says from when on it is there; the last line shown is the driver's."""
    path = driver(tmp_path, more="    def __init__(self):\n        self.adapter\n")
    done = ndiswan("check", path.name, cwd=tmp_path)
    assert done.returncode == USAGE
    assert "has no attribute 'adapter' before it is bound" in done.stderr
    assert "__get" not in done.stderr


FIRST = """#include <ndis.h>
#include <ndiswan.h>
{more}
NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{{
    {entry}
    return NDIS_STATUS_SUCCESS;
}}
"""


def in_c(tmp_path, entry="", more=""):
    """A file with a DriverEntry that does this."""
    path = tmp_path / "target.c"
    path.write_text(FIRST.format(entry=entry, more=more))
    return path


def test_a_driver_in_c_that_crashes_is_told_by_the_name_of_the_crash(tmp_path):
    """`DriverCrash` and its line in C come first, with no module of ours before it."""
    text = said(in_c(tmp_path, "*(int *)8 = 1;"))
    assert "\nDriverCrash: the driver crashed: it wrote to address 0x8" in text
    assert "in DriverEntry (target.c:6)" in " ".join(text.split())
    assert "ndiswan.drivers" not in text


def test_a_file_in_c_without_a_driverentry_is_told_what_one_is(tmp_path):
    """It names the user's file, not the library that was made of it, and how the function is declared."""
    path = in_c(tmp_path)
    path.write_text(path.read_text().replace("DriverEntry", "DriverEntri"))
    done = ndiswan("check", path.name, *QUICK, cwd=tmp_path)
    assert done.returncode == USAGE
    assert "target.c: expected a driver, but it has no function DriverEntry" in done.stderr
    assert "NTSTATUS DriverEntry(PDRIVER_OBJECT" in done.stderr
    assert ".so" not in done.stderr


def test_the_line_of_an_exception_is_its_own_and_not_its_note():
    """What is noted of an exception, where it was or anything else, comes behind it."""
    error = ValueError("mine")
    error.add_note("in MiniportWanSend")
    assert detail_of(error) == "ValueError: mine"
    assert text_of(error).splitlines() == ["ValueError: mine", "in MiniportWanSend"]
