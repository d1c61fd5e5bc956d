"""Memory of the card that a driver in C has mapped, and reaches by pointers as by functions."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

import ndiswan as nw
from ndiswan.drivers import DriverCrash, load
from ndiswan.zoo.drivers import Modem
from ndiswan.zoo.plays import Peer
from test_c_kernel import HARNESS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ndiswan.drivers.loading import CMiniport

MAP = """
    PUCHAR Window;
    NDIS_PHYSICAL_ADDRESS At = NDIS_PHYSICAL_ADDRESS_CONST(0xD0010, 0);
    NdisMMapIoSpace((PVOID *)&Window, Adapter, At, 0x4000);
"""


def written(folder: Path, body: str, globals_: str = "", halt: str = "") -> Path:
    """The file of a driver with that body of its MiniportInitialize, behind a mapping of 16 KiB at 0xD0010."""
    source = folder / "mapped.c"
    text = HARNESS.replace("@GLOBALS@", globals_).replace("@HALT@", halt)
    body = textwrap.indent(MAP + body, "    ")
    source.write_text(text.replace("@BODY@", body), "utf-8")
    return source


def run(driver: CMiniport) -> nw.Ndis:
    """Bound, run for a second and halted."""
    with nw.Ndis(on_violation="record") as ndis:
        ndis.bind(nw.Protocol(), driver)
        ndis.run(until=ndis.now + 1)
    return ndis


class Card:
    """A device model of memory that notes who asks for what; ``hooks`` are called in place of memory."""

    def __init__(self, hooks: dict[int, Callable[[int | None], int | None]] | None = None) -> None:
        self.memory: dict[int, int] = {}
        self.hooks = hooks or {}
        self.log: list[tuple[str, int, int, int | None]] = []

    def __call__(self, space: str, address: int, size: int, value: int | None) -> int | None:
        """A read if value is None."""
        self.log.append((space, address - 0xD0010, size, value))
        if address - 0xD0010 in self.hooks:
            return self.hooks[address - 0xD0010](value)
        if value is None:
            bytes_ = bytes(self.memory.get(address + at, 0xEE) for at in range(size))
            return int.from_bytes(bytes_, "little")
        for at, byte in enumerate(value.to_bytes(size, "little")):
            self.memory[address + at] = byte
        return None


def test_without_a_device_mapped_memory_is_memory(tmp_path: Path) -> None:
    """It begins as ones; pointers, functions and copies reach the same bytes, as many as were mapped."""
    body = """
        static UCHAR Buffer[16] = "across a page!!";
        ULONG Value, i, Wrong = 0;
        struct { USHORT Command, Length; ULONG Cells[4]; } *Shared = (PVOID)(Window + 0x100);
        for (i = 0; i < 0x4000; i++)
            Wrong += Window[i] != 0xFF;
        DbgPrint("%d %x\\n", Wrong, (ULONG)((ULONG_PTR)Window & 0xFFF));
        Shared->Command = 0x1234;
        Shared->Cells[2] |= 1;
        Shared->Cells[3] += 2;
        NdisReadRegisterUlong((PULONG)&Shared->Cells[3], &Value);
        DbgPrint("%x %x %d\\n", READ_REGISTER_USHORT(&Shared->Command), Shared->Cells[2], Value);
        NdisWriteRegisterUshort(&Shared->Length, 7);
        DbgPrint("%d\\n", Shared->Length);
        memcpy(Window + 0xFE8, Buffer, 16);
        NdisMoveFromMappedMemory(Buffer + 1, Window + 0xFE9, 8);
        NdisMoveToMappedMemory(Window + 0x1FE8, Buffer, 16);
        NdisMoveMemory(Buffer, Window + 0x1FE8, 16);
        DbgPrint("%s|%s\\n", Buffer, Window + 0xFE8);
        NdisZeroMappedMemory(Window + 0x2000, 0x1800);
        DbgPrint("%x %x %x\\n", Window[0x1FFF], Window[0x2000] | Window[0x37FF], Window[0x3800]);
    """
    driver = load(written(tmp_path, body))
    assert run(driver).violations == []
    assert driver.printed == [
        "0 10\n",
        "1234 ffffffff 1\n",
        "7\n",
        "across a page!!|across a page!!\n",
        "ff 0 ff\n",
    ]
    assert driver.crashed is None


def test_memory_of_the_card_is_its_own(tmp_path: Path) -> None:
    """Two mappings are two places, two cards have theirs, and the next card's is of ones again."""
    body = """
        PUCHAR Other;
        NDIS_PHYSICAL_ADDRESS There = NDIS_PHYSICAL_ADDRESS_CONST(0xE0000, 0);
        NdisMMapIoSpace((PVOID *)&Other, Adapter, There, 0x1000);
        DbgPrint("%x %x\\n", Window[8], Other[8]);
        Window[8] = 1, Other[8] = 2;
        DbgPrint("%x %x\\n", Window[8], Other[8]);
    """
    source = written(tmp_path, body)
    for _ in range(2):
        first = load(source)
        second = first.another()
        with nw.Ndis() as ndis:
            ndis.bind(nw.Protocol(), first)
            ndis.bind(nw.Protocol(), second)
        assert [*first.printed, *second.printed] == ["ff ff\n", "1 2\n"] * 2


def test_what_is_too_long_is_not_mapped(tmp_path: Path) -> None:
    """The driver is told so, and the card's own addresses may end where numbers do."""
    body = """
        PVOID Long = NULL;
        PUCHAR Last;
        NDIS_PHYSICAL_ADDRESS End = NDIS_PHYSICAL_ADDRESS_CONST(0xFFFFFFFF, 0xFFFFFFFF);
        DbgPrint("%x\\n", NdisMMapIoSpace(&Long, Adapter, At, 0xFFFFFFFF));
        DbgPrint("%d %d\\n", MmMapIoSpace(At, ~(SIZE_T)0, MmNonCached) == NULL, Long == NULL);
        DbgPrint("%x\\n", NdisMMapIoSpace((PVOID *)&Last, Adapter, End, 8));
        Last[7] = 1;
        DbgPrint("%x\\n", Last[7]);
    """
    for device in (None, Card()):
        driver = load(written(tmp_path, body), device=device)
        assert run(driver).violations == []
        assert driver.printed == ["c0000001\n", "1 1\n", "0\n", "1\n"]


def test_functions_take_addresses_of_mapped_memory(tmp_path: Path) -> None:
    """What a function is to read or to fill in may be memory of the card, with a device model and without."""
    body = """
        ULONG i;
        for (i = 0; i < 8; i++)
            Window[0x40 + i] = (UCHAR)i;
        NdisRawReadPortBufferUchar((ULONG_PTR)0x300, Window + 0x42, 3);
        DbgPrint("%x %x %x %x\\n", Window[0x41], Window[0x42], Window[0x44], Window[0x45]);
        NdisMWanIndicateReceive(&Status, Adapter, NULL, Window + 0x40, 8);
    """
    for device in (None, Card()):
        driver = load(written(tmp_path, body, "static NDIS_STATUS Status;"), device=device)
        ndis = run(driver)
        port = "ff" if device is None else "ee"
        assert driver.printed == [f"1 {port} {port} 5\n"]
        assert not [told for told in ndis.violations if "Packet is" in str(told)]


def test_a_pointer_asks_the_device_model_as_a_function_does(tmp_path: Path) -> None:
    """Each access is one question, of the instruction's size, and reads what the model says."""
    body = """
        volatile UCHAR *Byte = Window + 4;
        volatile USHORT *Short = (PUSHORT)(Window + 8);
        volatile ULONG *Long = (PULONG)(Window + 12);
        volatile ULONGLONG *Quad = (PVOID)(Window + 16);
        UCHAR b = *Byte;
        USHORT s = *Short;
        ULONG l = *Long;
        ULONGLONG q = *Quad;
        DbgPrint("%x %x %x %x%x\\n", b, s, l, (ULONG)(q >> 32), (ULONG)q);
        *Byte = 0x11;
        *Short = 0x2222;
        *Long = 0x33333333;
        *Quad = 0x5555555544444444ULL;
        DbgPrint("%x %x %x %x\\n", *Byte, *Short, *Long, *Long == READ_REGISTER_ULONG((PULONG)Long));
    """
    card = Card()
    driver = load(written(tmp_path, body), device=card)
    assert run(driver).violations == []
    assert driver.printed == ["ee eeee eeeeeeee eeeeeeeeeeeeeeee\n", "11 2222 33333333 1\n"]
    reads = [(4, 1), (8, 2), (12, 4), (16, 4), (20, 4)]
    values = [0x11, 0x2222, 0x33333333, 0x44444444, 0x55555555]
    first = [("memory", at, size, None) for at, size in reads]
    second = [("memory", at, size, value) for (at, size), value in zip(reads, values, strict=True)]
    assert card.log[:10] == first + second
    assert sorted(card.log[10:]) == sorted(
        [("memory", 4, 1, None), ("memory", 8, 2, None)] + [("memory", 12, 4, None)] * 3
    )


def test_what_reads_and_writes_at_once_asks_twice(tmp_path: Path) -> None:
    """``|=``, ``++`` and an interlocked operation read once and write once, whatever the model answers."""
    body = """
        volatile ULONG *Register = (PULONG)Window;
        *Register |= 0x10;
        Register[1]++;
        DbgPrint("%d\\n", InterlockedExchange((PLONG)(Register + 2), 9));
        DbgPrint("%d\\n", InterlockedCompareExchange((PLONG)(Register + 3), 9, 5));
    """
    card = Card({at: (lambda value, at=at: at if value is None else None) for at in (0, 4, 8, 12)})
    driver = load(written(tmp_path, body), device=card)
    assert run(driver).violations == []
    assert driver.printed == ["8\n", "12\n"]
    told = [(at, value) for _, at, _, value in card.log]
    assert told[:6] == [(0, None), (0, 0x10), (4, None), (4, 5), (8, None), (8, 9)]
    assert told[6] == (12, None)
    assert set(told[7:]) <= {(12, 12)}  # the processor writes what was there if it is another


def test_copies_and_comparisons_of_the_c_library_reach_the_model(tmp_path: Path) -> None:
    """memcpy, memset, memmove, memcmp, strlen and repeated string instructions, of any length and across pages."""
    body = """
        static UCHAR Buffer[512], Back[512];
        ULONG i, Length, Wrong = 0;
        for (i = 0; i < 512; i++)
            Buffer[i] = (UCHAR)(i * 7 + 1);
        for (Length = 1; Length < 400; Length += 13) {
            PUCHAR To = Window + 0xFF0 - Length / 2;
            memset(Back, 0, sizeof(Back));
            memcpy(To, Buffer, Length);
            Wrong += memcmp(To, Buffer, Length) != 0;
            memmove(Back, To, Length);
            Wrong += memcmp(Back, Buffer, Length) != 0 || Back[Length] != 0;
            memset(To, 0x61, Length);
            To[Length] = 0;
            Wrong += strlen((char *)To) != Length;
            for (i = 0; i < Length; i++)
                Wrong += To[i] != 0x61;
        }
        {
            PUCHAR To = Window + 0x1FC0, From = Buffer;
            ULONG_PTR Count = 100;
            __asm__ volatile("rep movsb" : "+S"(From), "+D"(To), "+c"(Count) : : "memory");
            Wrong += Count != 0 || memcmp(Window + 0x1FC0, Buffer, 100) != 0;
            From = Window + 0x1FC0, To = Back, Count = 25;
            __asm__ volatile("rep movsl" : "+S"(From), "+D"(To), "+c"(Count) : : "memory");
            Wrong += memcmp(Back, Buffer, 100) != 0;
            To = Window + 0x1FC0, Count = 100;
            __asm__ volatile("rep stosb" : "+D"(To), "+c"(Count) : "a"(0x5A) : "memory");
            Wrong += Window[0x1FC0] != 0x5A || Window[0x2023] != 0x5A || Window[0x2024] == 0x5A;
        }
        DbgPrint("%d\\n", Wrong);
    """
    driver = load(written(tmp_path, body), device=Card())
    assert run(driver).violations == []
    assert driver.printed == ["0\n"]


def test_vector_registers_and_flags_are_as_they_were(tmp_path: Path) -> None:
    """A driver counts in floating point and compares flags across an access, which Python answers in between."""
    body = """
        double Sum = 1.5;
        ULONG i, Carry = 0;
        for (i = 0; i < 50; i++) {
            Sum = Sum * 1.01 + Window[i];
            __asm__ volatile("stc; movb (%1), %%al; adcl $0, %0" : "+r"(Carry) : "r"(Window + i) : "al");
        }
        DbgPrint("%d %d\\n", (ULONG)Sum, Carry);
    """
    expected = 1.5
    for _ in range(50):
        expected = expected * 1.01 + 0xEE
    driver = load(written(tmp_path, body), device=Card())
    assert run(driver).violations == []
    assert driver.printed == [f"{int(expected)} 50\n"]


def test_a_register_polled_by_a_pointer_changes(tmp_path: Path) -> None:
    """A loop that waits for a bit ends when the model says so."""
    body = """
        volatile ULONG *StatusRegister = (PULONG)Window;
        ULONG Looks = 0;
        while (*StatusRegister & 1)
            Looks++;
        DbgPrint("%d\\n", Looks);
    """
    answers = iter([1] * 20 + [0])
    driver = load(written(tmp_path, body), device=Card({0: lambda _: next(answers)}))
    run(driver)
    assert driver.printed == ["20\n"]


def test_an_exception_of_the_model_is_raised(tmp_path: Path) -> None:
    """What the model raises is told where the driver was bound, and the driver has read ones."""

    def broken(_: int | None) -> int:
        raise ZeroDivisionError("of the model")

    body = 'DbgPrint("%x\\n", *(PULONG)Window);'
    driver = load(written(tmp_path, body), device=Card({0: broken}))
    with pytest.raises(ZeroDivisionError, match="of the model"):
        run(driver)
    assert driver.printed == ["ffffffff\n"]


def test_a_range_that_was_given_back_is_told(tmp_path: Path) -> None:
    """After NdisMUnmapIoSpace a pointer into it is TOUCH, with the line, and the driver goes on."""
    body = """
        NdisMUnmapIoSpace(Adapter, Window, 0x4000);
        Window[4] = 1;
        DbgPrint("went on\\n");
    """
    for device in (None, Card()):
        driver = load(written(tmp_path, body), device=device)
        (told,) = run(driver).violations
        assert told.rule == "TOUCH"
        assert "a range of the card's that it has given back, in" in str(told)
        assert driver.printed == ["went on\n"]


def test_a_pointer_to_ports_is_told_for_what_it_is(tmp_path: Path) -> None:
    """Ports answer to no pointer: the report says what reaches them. Nor does what lies behind a range."""
    body = """
        PUCHAR Ports;
        NdisMRegisterIoPortRange((PVOID *)&Ports, Adapter, 0x300, 16);
        Ports[2] = 1;
    """
    told = "which is a range of ports that was registered: NdisRawReadPortUchar"
    for device in (None, Card()):
        with pytest.raises(DriverCrash, match=told):
            run(load(written(tmp_path, body), device=device))
    with pytest.raises(DriverCrash, match="the driver crashed: it wrote to address"):
        run(load(written(tmp_path, "Window[0x4000] = 1;"), device=Card()))


def test_an_explorer_goes_through_a_driver_with_pointers(tmp_path: Path) -> None:
    """A model that asks, from inside of a pointer's access, who else could run: the driver is suspended there."""
    body = 'DbgPrint("%x\\n", *(volatile UCHAR *)Window);'
    source = written(tmp_path, body)

    def scenario(ndis: nw.Ndis) -> None:
        def read(_: int | None) -> int:
            ndis.point()
            return 7

        driver = load(source, device=Card({0: read}))
        ndis.bind(Peer(), Modem(ndis)).send(b"frame")  # its interrupt may come at any time
        ndis.bind(nw.Protocol(), driver)
        ndis.run()
        assert driver.printed == ["7\n"]
        choices.add(len(ndis.choices()))

    choices: set[int] = set()
    found = nw.explore(scenario, executions=200)
    assert found.failures == []
    assert len(choices) > 5  # who else could run was a choice
