"""Functions that a driver in C calls above the level of their published page: IRQL_CALL, with name and line."""

from __future__ import annotations

import textwrap

import pytest

import ndiswan as nw
from ndiswan.drivers import load
from test_c_kernel import HARNESS

NAMES = """
static WCHAR W[4] = { 'a' }, X[4] = { 'b' };
static NDIS_STATUS S;
static NDIS_HANDLE Handle;
static PVOID P;
static UINT N;
static ULONG L;
static KEVENT Event;
static UNICODE_STRING A = { 2, 4, W }, B = { 2, 4, X };
static ANSI_STRING C = { 1, 2, "c" };
static NDIS_PHYSICAL_ADDRESS Highest;
static PVOID Port;
static NDIS_MINIPORT_TIMER Timer;
static BOOLEAN Was;
static NDIS_EVENT Done;
static VOID Fired(PVOID a, PVOID b, PVOID c, PVOID d) { }
"""

# What is called, the name that is told, and the highest level that the page allows.
CALLS = [
    ("NdisOpenConfiguration(&S, &Handle, Context);", "NdisOpenConfiguration", "PASSIVE"),
    ("NdisOpenFile(&S, &Handle, &N, &A, Highest);", "NdisOpenFile", "PASSIVE"),
    ("NdisMRegisterIoPortRange(&Port, Adapter, 0x300, 8);", "NdisMRegisterIoPortRange", "PASSIVE"),
    ("NdisMMapIoSpace(&P, Adapter, Highest, 4096);", "NdisMMapIoSpace", "PASSIVE"),
    ("RtlAnsiStringToUnicodeString(&A, &C, FALSE);", "RtlAnsiStringToUnicodeString", "PASSIVE"),
    ("NdisAnsiStringToUnicodeString(&A, &C);", "NdisAnsiStringToUnicodeString", "PASSIVE"),
    ("RtlEqualUnicodeString(&A, &B, TRUE);", "RtlEqualUnicodeString", "PASSIVE"),
    ("RtlPrefixUnicodeString(&A, &B, TRUE);", "RtlPrefixUnicodeString", "PASSIVE"),
    ("RtlIntegerToUnicodeString(1, 10, &B);", "RtlIntegerToUnicodeString", "PASSIVE"),
    ("NdisMSleep(1000);", "NdisMSleep", "APC"),
    ("RtlUpcaseUnicodeString(&A, &B, FALSE);", "RtlUpcaseUnicodeString", "APC"),
    (
        "NdisAllocateMemoryWithTag(&P, 64, 'tset'); NdisFreeMemory(P, 64, 0);",
        "NdisFreeMemory",
        "DISPATCH",
    ),
    (
        "ExFreePool(ExAllocatePoolWithTag(PagedPool, 64, 'tset'));",
        "ExAllocatePoolWithTag of paged memory",
        "APC",
    ),
    ("NdisMCancelTimer(&Timer, &Was);", "NdisMCancelTimer", "DISPATCH"),
    ("NdisMSetTimer(&Timer, 1);", "NdisMSetTimer", "DISPATCH"),
    ("NdisSetEvent(&Done);", "NdisSetEvent", "DISPATCH"),
    ("KeSetEvent(&Event, 0, FALSE);", "KeSetEvent", "DISPATCH"),
    ('NdisStallExecution(10); DbgPrint("x");', None, "DIRQL"),
    ("NdisGetCurrentSystemTime(&Highest);", None, "DIRQL"),
    ('RtlInitUnicodeString(&A, L"abc"); RtlCopyUnicodeString(&B, &A);', None, "DIRQL"),
]
LEVELS = {"PASSIVE": 0, "APC": 1, "DISPATCH": 2, "DIRQL": 5}


@pytest.fixture(scope="module")
def at(tmp_path_factory):
    """A driver that makes the call of a number at a level, both of its configuration; what was told."""
    folder = tmp_path_factory.mktemp("levels")
    cases = "".join(f"case {number}: {call} break;\n" for number, (call, *_) in enumerate(CALLS))
    body = f"""
        NDIS_HANDLE key;
        PNDIS_CONFIGURATION_PARAMETER value;
        NDIS_STRING which = NDIS_STRING_CONST("Which"), level = NDIS_STRING_CONST("Level");
        ULONG number;
        KIRQL old, to;
        NdisOpenConfiguration(&S, &key, Context);
        NdisReadConfiguration(&S, &value, key, &which, NdisParameterInteger);
        number = value->ParameterData.IntegerData;
        NdisReadConfiguration(&S, &value, key, &level, NdisParameterInteger);
        to = (KIRQL)value->ParameterData.IntegerData;
        NdisCloseConfiguration(key);
        KeInitializeEvent(&Event, NotificationEvent, FALSE);
        NdisInitializeEvent(&Done);
        NdisMInitializeTimer(&Timer, Adapter, Fired, NULL);
        KeRaiseIrql(to, &old);
        switch (number) {{ {cases} }}
        KeLowerIrql(old);
    """
    source = folder / "levels.c"
    text = HARNESS.replace("@GLOBALS@", textwrap.dedent(NAMES))
    source.write_text(text.replace("@BODY@", body).replace("@HALT@", ""), encoding="utf-8")

    def run(which: int, level: int) -> list[nw.ContractViolation]:
        card = load(source, config={"Which": which, "Level": level})
        with nw.Ndis(time=nw.VirtualTime(), on_violation="record") as ndis:
            ndis.bind(nw.Protocol(), card)
            ndis.run()
        return [found for found in ndis.violations if found.rule == "IRQL_CALL"]

    return run


@pytest.mark.parametrize("which", range(len(CALLS)), ids=[name or call for call, name, _ in CALLS])
def test_a_call_is_for_the_level_of_its_page_and_below(at, which) -> None:
    """At the highest level that the page allows nothing is told; one above it the function, once, with the line."""
    _, name, most = CALLS[which]
    level = LEVELS[most]
    assert at(which, level) == []
    if name is None:
        return
    found = at(which, level + 1)
    assert found, name
    assert name in found[-1].detail
    assert f"expected {most}_LEVEL" in found[-1].detail
    assert "levels.c:" in f"{found[-1].detail} {found[-1].site}"
    assert len({one.detail for one in found}) == len(found)
