"""Memory that a device model and a driver in C have in common."""

from __future__ import annotations

import gc
import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest

import ndiswan as nw
from ndiswan.drivers import CardMemory, DriverCrash, isolated, load
from test_c_mapped import Card, run, written

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Buffer


class Shares(Card):
    """A device model whose card has memory at 0xD0000."""

    def __init__(self, memory: Buffer) -> None:
        super().__init__()
        self.shared_memory = {0xD0000: memory}


def test_a_driver_reads_and_writes_what_its_device_does(tmp_path: Path) -> None:
    """By pointers, by functions and in copies; the device is asked for nothing but what is no memory."""
    body = """
        NDIS_PHYSICAL_ADDRESS Doorbell = NDIS_PHYSICAL_ADDRESS_CONST(0xF0000, 0);
        PULONG Bell;
        ULONG Value;
        NdisMMapIoSpace((PVOID *)&Bell, Adapter, Doorbell, 4);
        NdisReadRegisterUlong((PULONG)Window, &Value);
        DbgPrint("%x %x\\n", *(PULONG)Window, Value);
        memset(Window + 8, 0x61, 4);
        NdisWriteRegisterUshort((PUSHORT)(Window + 12), 0x6262);
        NdisMoveToMappedMemory(Window + 14, "cc", 2);
        *Bell = 5;
        DbgPrint("%x\\n", Window[16]);
        NdisZeroMappedMemory(Window + 8, 1);
    """
    ram = CardMemory(0x5000)
    ram[0x10:0x14] = b"BOOT"

    class Device(Shares):
        def __call__(self, space: str, address: int, size: int, value: int | None) -> int | None:
            assert ram[0x18:0x20] == b"aaaabbcc"
            ram[0x20] = 0x77
            return super().__call__(space, address, size, value)

    device = Device(ram)
    driver = load(written(tmp_path, body), device=device)
    assert run(driver).violations == []
    boot = struct.unpack("<I", b"BOOT")[0]
    assert driver.printed == [f"{boot:x} {boot:x}\n", "77\n"]
    assert device.log == [("memory", 0xF0000 - 0xD0010, 4, 5)]
    assert ram[0x18] == 0


def test_it_is_below_two_gigabytes_and_zero(tmp_path: Path) -> None:
    """Drivers of 32-bit days keep pointers in ULONGs."""
    body = """
        ULONG Kept = (ULONG)(ULONG_PTR)Window;
        DbgPrint("%d %d\\n", (PUCHAR)(ULONG_PTR)Kept == Window, ((PUCHAR)(ULONG_PTR)Kept)[1]);
    """
    driver = load(written(tmp_path, body), device=Shares(CardMemory(0x5000)))
    run(driver)
    assert driver.printed == ["1 0\n"]


def test_what_is_mapped_beyond_it_is_asked_for(tmp_path: Path) -> None:
    """A range of which only a part is shared is the device's to answer, which shares that part."""
    body = 'Window[0] = 9; DbgPrint("%x %x\\n", Window[0], Window[0x3000]);'
    ram = CardMemory(0x1000)
    device = Shares(ram)
    driver = load(written(tmp_path, body), device=device)
    run(driver)
    assert (driver.printed, ram[0x10]) == (["9 ee\n"], 9)
    assert device.log == [("memory", 0x3000, 1, None)]


def test_a_copy_asks_for_what_is_not_shared_only(tmp_path: Path) -> None:
    """Of a long copy the device is asked for each byte of its own; a range that is part of the other smears."""
    body = """
        static UCHAR Frame[3000];
        ULONG i;
        for (i = 0; i < sizeof(Frame); i++)
            Frame[i] = (UCHAR)(i * 7);
        NdisMoveToMappedMemory(Window + 0x10, Frame, sizeof(Frame));
        NdisZeroMappedMemory(Window + 0x400, 1500);
        NdisMoveFromMappedMemory(Frame, Window + 0x11, 2999);
        DbgPrint("%x %x %x %x\\n", Frame[0], Frame[0x3EE], Frame[0x3EF], Frame[2998]);
        NdisMoveToMappedMemory(Window + 0xFEE, Frame, 4);
        NdisMoveToMappedMemory(Window + 1, Window, 3);
    """
    ram = CardMemory(0x1000)
    ram[0x10:0x14] = b"abcd"
    device = Shares(ram)
    driver = load(written(tmp_path, body), device=device)
    assert run(driver).violations == []
    sent = bytes(i * 7 % 256 for i in range(3000))
    zeros = range(0x400 - 0x10, 0x400 - 0x10 + 1500)
    shared = bytes(0 if at in zeros else byte for at, byte in enumerate(sent))
    assert ram[0x20 : 0x20 + 3000] == shared
    assert driver.printed == [f"7 {shared[0x3EF]:x} 0 {shared[2999]:x}\n"]
    assert ram[0xFFE:] == shared[1:3]
    assert device.log == [("memory", 0xFF0, 1, shared[3]), ("memory", 0xFF1, 1, shared[4])]
    assert ram[0x10:0x14] == b"aaaa"


def test_any_writable_buffer_will_do(tmp_path: Path) -> None:
    """An array, for example, which lives as long as the driver."""
    array = np.full(0x5000, 3, np.uint8)
    source = written(tmp_path, 'DbgPrint("%x\\n", Window[7]); Window[7] = 4;')
    driver = load(source, device=Shares(array))
    run(driver)
    assert (driver.printed, array[0x17]) == (["3\n"], 4)
    driver = load(source, device=Shares(np.full(0x5000, 5, np.uint8)))
    gc.collect()
    run(driver)
    assert driver.printed == ["5\n"]
    ram = CardMemory(0x5000)
    driver = load(source, device=Shares(ram))
    with pytest.raises(BufferError):
        ram.close()
    run(driver)


@pytest.mark.parametrize("buffer", [b"read only", np.zeros((9, 9), np.uint8)[::2]])
def test_what_cannot_be_shared_is_told(tmp_path: Path, buffer: Buffer) -> None:
    """With its address, and what would do."""
    told = r"device.shared_memory\[0xd0000\]: expected a writable buffer of bytes in one piece"
    with pytest.raises((TypeError, BufferError), match=told):
        load(written(tmp_path, ""), device=Shares(buffer))


def test_what_is_no_dict_is_told(tmp_path: Path) -> None:
    """A buffer alone has no address."""
    device = Shares(CardMemory(16))
    device.shared_memory = CardMemory(16)  # type: ignore[assignment]
    with pytest.raises(TypeError, match=r"device\.shared_memory: expected a dict of buffers"):
        load(written(tmp_path, ""), device=device)
    with pytest.raises(ValueError, match="expected a positive number of bytes, got 0"):
        CardMemory(0)


def test_a_wild_write_into_it_is_the_childs_alone(tmp_path: Path) -> None:
    """What a driver does in a process of its own is not seen in this one."""
    ram = CardMemory(0x5000)
    source = written(tmp_path, "Window[0] = 1; *(PULONG)8 = 1;")

    def crashes() -> None:
        run(load(source, device=Shares(ram)))

    with pytest.raises(DriverCrash, match="wrote to address 0x8"):
        isolated(crashes)
    assert ram[0x10] == 0


def test_executions_share_it_with_a_model_of_their_own(tmp_path: Path) -> None:
    """An explorer's executions are made by a function that makes a card for each."""
    source = written(tmp_path, 'DbgPrint("%x\\n", Window[0]); Window[0] = 1;')

    def scenario(ndis: nw.Ndis) -> None:
        driver = load(source, device=Shares(CardMemory(0x5000)))
        ndis.bind(nw.Protocol(), driver)
        ndis.run()
        assert driver.printed == ["0\n"]

    assert nw.explore(scenario, executions=20).failures == []
