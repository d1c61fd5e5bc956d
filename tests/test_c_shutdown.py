"""The mode `shutdown`: the machine goes down with sends in flight, and what a handler must not do then is told."""

from __future__ import annotations

import pytest

import ndiswan as nw
from commands import HEAD, ndiswan
from leased import checked, found
from ndiswan.checking import Options, check

HANDLER = """
static VOID Down(PVOID context) {{ PCARD card = context; {body} }}
#define AT_START NdisMRegisterAdapterShutdownHandler(adapter, card, Down);
#define AT_HALT NdisMDeregisterAdapterShutdownHandler(card->Adapter);
"""


def down(folder, body: str):
    """The check of a driver whose shutdown handler has that body."""
    return checked(folder, HANDLER.format(body=body), "shutdown/inline")


def test_a_handler_that_only_stops_the_card_is_clean(tmp_path) -> None:
    """Sends are in flight, nothing is owed, and what a halt would have freed is no leak."""
    result = down(tmp_path, 'DbgPrint("down at %u\\n", KeGetCurrentIrql()); card->Ticks++;')
    assert found(result) == []
    (mode,) = result.modes
    assert (mode.ran, mode.note) == (True, "")
    assert {"down at 0", "down at 31"} <= set(mode.output.splitlines())


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ("GiveBack(card, NDIS_STATUS_FAILURE);", "IRQL_COMPLETE"),
        ("NdisMIndicateStatus(card->Adapter, NDIS_STATUS_HARD_ERRORS, NULL, 0);", "INDICATE"),
        ("NdisFreeMemory(card, sizeof(CARD), 0);", "IRQL_CALL"),
        ("*(volatile int *)NULL = card->Ticks;", "EXCEPTION"),
    ],
)
def test_what_a_handler_must_not_do_is_told(tmp_path, body: str, rule: str) -> None:
    """After a crash of the machine it runs at any level: it completes, indicates and frees nothing."""
    result = down(tmp_path, body)
    assert rule in found(result)
    assert "LOST" not in found(result)


def test_a_driver_in_c_without_a_handler_says_so(tmp_path) -> None:
    """The mode runs, and what it could not call is in its note."""
    (mode,) = checked(tmp_path, "", "shutdown/inline").modes
    assert (mode.findings, mode.note) == ([], "the driver registers no shutdown handler")


def test_a_driver_in_python_has_the_mode_if_it_has_a_shutdown(tmp_path) -> None:
    """Without one there is nothing to call."""
    source = HEAD + (
        "class Owing(nw.Miniport):\n"
        "    serialized = False\n"
        "    def wan_send(self, link, packet):\n"
        "        return nw.SUCCESS\n"
    )
    path = tmp_path / "owing.py"
    path.write_text(source, "utf-8")
    listed = ndiswan("check", path, "--list-modes").stdout
    assert "shutdown" not in listed
    path.write_text(
        f"{source}    def shutdown(self):\n        self.adapter.line_down(0)\n", "utf-8"
    )
    result = check(str(path), Options(patterns=["shutdown/inline"]))
    assert result.exit_code == 1
    assert nw.__name__ in HEAD
