"""What is found where the driver itself looks whether it may touch a page is what is found where the kernel does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ndiswan._native import Explorer
from ndiswan.drivers import build, load
from ndiswan.drivers.second_form import MARK
from ndiswan.exploring import Settings
from ndiswan.exploring.workload import workload
from test_workload import FAULTS, QUEUED, cache, rust

__all__ = ["cache"]

if TYPE_CHECKING:
    from pathlib import Path

    Found = tuple[list[tuple[int, str]], list[object]]

COMPLETES = """    if (Packet != NULL) {
        NdisMWanSendComplete(Card->AdapterHandle, Packet, NDIS_STATUS_SUCCESS);
    }
"""
FREES = "    NdisFreeMemory(Card, sizeof(CARD), 0);\n"
DECLARED = "\nNDIS_WAN_PACKET Copy; static UCHAR Bytes[4096]; static volatile ULONG Sum;\n"

# What is done to a packet that is the driver's no more.
AFTERWARDS = {
    "a byte is read": "Sum += ((PUCHAR)&Packet->CurrentLength)[1];",
    "a word is written": "Packet->MacReserved1 = NULL;",
    "a structure is read": "Copy = *Packet;",
    "a structure is written": "*Packet = Copy;",
    "a number is added to": "InterlockedIncrement((PLONG)&Packet->MacReserved2);",
    "memory is moved from": "NdisMoveMemory(Bytes, &Packet->MacReserved1, Sum + 8); Sum += Bytes[0];",
    "memory is moved to": "NdisMoveMemory(&Packet->MacReserved1, Bytes, Sum + 8);",
    "memory is zeroed": "NdisZeroMemory(Packet, sizeof *Packet);",
    "memory is compared": "Sum += RtlCompareMemory(&Packet->MacReserved1, Bytes, 8);",
    "a text is measured": "Sum += (ULONG)strlen((char *)Packet);",
    "a text is compared": "Sum += strcmp((char *)Bytes, (char *)Packet);",
    "a list is linked by it": "InsertTailList(&Card->Queue, &Packet->WanPacketQueue); "
    "RemoveEntryList(&Packet->WanPacketQueue);",
    "a loop runs over it": "{ ULONG i; for (i = 0; i < 112; i++) Sum += ((PUCHAR)Packet)[i]; }",
    "a string lies in it": "{ UNICODE_STRING s; RtlInitUnicodeString(&s, (PWSTR)Packet); Sum += s.Length; }",
    "a text is printed": 'DbgPrint("%s", (char *)Packet);',
    "the engine is given it": "{ BOOLEAN Was; NdisMCancelTimer((PNDIS_MINIPORT_TIMER)Packet, &Was); }",
    "it is completed again": "NdisMWanSendComplete(Card->AdapterHandle, Packet, NDIS_STATUS_SUCCESS);",
}
# What is done to one that is.
BEFORE = {
    "behind its descriptor": "((PUCHAR)(Packet + 1))[0] = 1;",
    "behind its buffer": "Packet->EndBuffer[0] = 1;",
    "far behind its buffer": "Sum += Packet->EndBuffer[5000];",
    "before its buffer": "Packet->StartBuffer[-1] = 1;",
    "before its descriptor": "Sum += ((PUCHAR)Packet)[-4096];",
    "across its end": "Sum += *(ULONG *)(Packet->EndBuffer - 2);",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the sources of these drivers are."""
    return tmp_path_factory.mktemp("forms")


def what_is_found(driver: Path) -> Found:
    """Of stretches of executions, one after another: how each ended, and what else is known of it."""
    quick = rust(workload(lambda: load(driver)), Settings())
    explorer = Explorer("random", 3)
    symptoms: list[tuple[int, str]] = []
    ends: list[object] = []
    for _ in range(25):
        stretch = quick.explore(explorer, 40, 60.0, [])
        symptoms.append((stretch.executions, repr(stretch.symptom)))
        ends.append((stretch.points, stretch.failing, stretch.choices, stretch.interesting))
    return symptoms, ends


def both(driver: Path) -> Found:
    """The same of both forms, which they find both."""
    whole = driver.read_bytes()
    assert whole.endswith(MARK)
    first = driver.parent / "first" / driver.name
    first.parent.mkdir(exist_ok=True)
    first.write_bytes(whole + b"no form behind it")
    here, there = what_is_found(driver), what_is_found(first)
    assert here == there
    return here


def changed(folder: Path, name: str, before: str, after: str) -> Path:
    """The driver that queues, with other lines in a place."""
    text = QUEUED.read_text().replace("#include <ndiswan.h>\n", "#include <ndiswan.h>\n" + DECLARED)
    assert before in text
    source = folder / f"{name.replace(' ', '-')}.c"
    source.write_text(text.replace(before, after))
    return build(source)


@pytest.mark.parametrize("what", AFTERWARDS)
def test_what_is_done_to_a_packet_that_is_not_the_drivers(folder: Path, what: str) -> None:
    """By whatever instruction or function: it is found at the same line."""
    lines = COMPLETES.replace("    }\n", f"        {AFTERWARDS[what]}\n    }}\n")
    symptoms, _ = both(changed(folder, what, COMPLETES, lines))
    found = " ".join(symptom for _, symptom in symptoms)
    assert ("TOUCH" in found) or what in {"the engine is given it", "it is completed again"}, found


@pytest.mark.parametrize("what", BEFORE)
def test_what_is_done_beside_a_packet(folder: Path, what: str) -> None:
    """Pages that are nobody's are looked at as those are that were closed."""
    lines = COMPLETES.replace("        NdisM", f"        {BEFORE[what]}\n        NdisM")
    symptoms, _ = both(changed(folder, what, COMPLETES, lines))
    assert any(symptom != "None" for _, symptom in symptoms)


@pytest.mark.parametrize("what", ["Card->FramesSent++;", "NdisFreeSpinLock(&Card->Lock);"])
def test_memory_that_was_freed(folder: Path, what: str) -> None:
    """By the driver, or by a function that it gives it to."""
    symptoms, _ = both(changed(folder, f"freed{len(what)}", FREES, f"{FREES}    {what}\n"))
    assert any(symptom != "None" for _, symptom in symptoms)


@pytest.mark.parametrize("bug", range(5))
def test_examples(bug: int) -> None:
    """With each of its bugs, and without."""
    symptoms, _ = both(build(QUEUED, define={"BUG": bug}))
    assert any(symptom != "None" for _, symptom in symptoms) == (bug > 0)


@pytest.mark.parametrize("fault", [1, 2, 3, 5, 6, 8, 9, 10, 12])
def test_faults(folder: Path, fault: int) -> None:
    """What ends a call of the driver does so in both, without a loop that has no end."""
    text = FAULTS.read_text()
    assert "switch (Packet->CurrentLength)" in text
    source = folder / f"fault{fault}.c"
    source.write_text(text.replace("switch (Packet->CurrentLength)", f"switch ({fault})"))
    symptoms, _ = both(build(source))
    assert any(symptom != "None" for _, symptom in symptoms)


def test_who_calls_what_does_not_look_has_no_second_form(folder: Path) -> None:
    """A sort by the C library touches what it is given without a word."""
    sorts = "static int Less(const void *a, const void *b) { return *(char *)a - *(char *)b; }\n"
    text = QUEUED.read_text().replace("typedef struct _CARD", f"{sorts}typedef struct _CARD", 1)
    lines = COMPLETES.replace("    }\n", "    qsort(Packet, 112, 1, Less);\n    }\n")
    source = folder / "sorts.c"
    source.write_text(text.replace(COMPLETES, lines))
    driver = build(source)
    assert not driver.read_bytes().endswith(MARK)
    symptoms, _ = what_is_found(driver)
    assert "TOUCH" in repr(symptoms)
