"""Transfers by the system's DMA controller: one at a time on a channel, and each is completed as it was set up."""

from __future__ import annotations

import pytest

import ndiswan as nw
from leased import leased

TRANSFERS = """
static NDIS_HANDLE Channel, Pool;
static PNDIS_BUFFER Buffer;
static PVOID Memory;
static void Begin(PCARD card)
{
    NDIS_PHYSICAL_ADDRESS any = NDIS_PHYSICAL_ADDRESS_CONST(-1, -1);
    NDIS_DMA_DESCRIPTION description;
    NDIS_STATUS status;

    NdisZeroMemory(&description, sizeof(description));
    description.DmaChannelSpecified = TRUE;
    description.DmaChannel = 5;
    description.AutoInitialize = @AGAIN@;
    NdisMRegisterDmaChannel(&Channel, card->Adapter, 5, FALSE, &description, 1500);
    NdisAllocateMemory(&Memory, 4096, NDIS_MEMORY_CONTIGUOUS, any);
    NdisAllocateBufferPool(&status, &Pool, 1);
    NdisAllocateBuffer(&status, &Buffer, Pool, Memory, 4096);
    NdisMSetupDmaTransfer(&status, Channel, Buffer, 8, 1000, TRUE);
    DbgPrint("%x\\n", status);
    @BODY@
}
static void End(void)
{
    NdisMDeregisterDmaChannel(Channel);
    NdisFreeBuffer(Buffer);
    NdisFreeBufferPool(Pool);
    NdisFreeMemory(Memory, 4096, NDIS_MEMORY_CONTIGUOUS);
}
#define AT_START Begin(card);
#define AT_HALT End();
"""
COMPLETE = "NdisMCompleteDmaTransfer(&status, Channel, Buffer, 8, 1000, TRUE); "
SET_UP = "NdisMSetupDmaTransfer(&status, Channel, Buffer, 0, 1000, FALSE); "
TOLD = 'DbgPrint("%x\\n", status); '


def run(folder, body: str, again: str = "FALSE"):
    """What was printed, broken and left by a driver that has set up a transfer."""
    more = TRANSFERS.replace("@BODY@", body).replace("@AGAIN@", again)
    driver = leased(folder, more)
    with nw.Ndis(on_violation="record") as ndis:
        ndis.bind(nw.Protocol(), driver)
    return driver.printed, [str(one.detail) for one in ndis.violations], driver.leaks


def test_one_transfer_after_the_other(tmp_path) -> None:
    """Completed as it was set up, then the next one."""
    body = COMPLETE + TOLD + SET_UP + TOLD + COMPLETE.replace("8, 1000, TRUE", "0, 1000, FALSE")
    assert run(tmp_path, body) == (["0\n", "0\n", "0\n"], [], [])


@pytest.mark.parametrize("second", [SET_UP, COMPLETE + SET_UP.replace("1000", "1501")])
def test_a_channel_in_use_and_a_length_that_is_too_long(tmp_path, second: str) -> None:
    """NDIS_STATUS_RESOURCES, as the page says; a driver may ask."""
    printed, broken, _ = run(tmp_path, second + TOLD)
    assert (printed, broken) == (["0\n", "c000009a\n"], [])


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (COMPLETE + COMPLETE, "a channel with a transfer (NdisMSetupDmaTransfer)"),
        (COMPLETE.replace("TRUE", "FALSE"), "Length 1000, to the device"),
        (COMPLETE.replace("8,", "0,"), "expected what NdisMSetupDmaTransfer was given: Buffer"),
    ],
)
def test_what_is_completed_is_what_was_set_up(tmp_path, body: str, told: str) -> None:
    """Once, with the same buffer, offset, length and direction."""
    _, (broken,), leaks = run(tmp_path, body)
    assert told in broken
    assert leaks == []


@pytest.mark.parametrize(
    "freed",
    [
        "NdisFreeBuffer(Buffer); NdisAllocateBuffer(&status, &Buffer, Pool, Memory, 4096);",
        "NdisFreeMemory(Memory, 4096, 0); NdisAllocateMemory(&Memory, 4096, NDIS_MEMORY_CONTIGUOUS, any);",
    ],
)
def test_what_a_transfer_is_about_is_not_freed(tmp_path, freed: str) -> None:
    """The descriptor and the memory: the controller is at them until the transfer is completed."""
    _, (broken,), _ = run(tmp_path, freed)
    assert "is in a DMA transfer; expected NdisMCompleteDmaTransfer before: Buffer" in broken


def test_a_transfer_that_is_never_completed_is_left_behind(tmp_path) -> None:
    """Its bytes may still move; a controller that begins again by itself has no end."""
    _, broken, (leak,) = run(tmp_path, "")
    assert broken == []
    assert "a DMA transfer was never completed (NdisMCompleteDmaTransfer): Buffer" in leak
    assert run(tmp_path, "", "TRUE")[1:] == ([], [])


class Controller:
    """What a device model sees of the channels; a read says that 100 bytes are left."""

    def __init__(self, left: int = 100) -> None:
        self.left = left
        self.written: list[tuple[int, int, int]] = []

    def __call__(self, space: str, address: int, size: int, value: int | None) -> int | None:
        assert space == "dma"
        if value is None:
            assert (address, size) == (5 * 16 + 8, 4)
            return self.left
        self.written.append((address - 5 * 16, size, value))
        return None


@pytest.mark.parametrize(("left", "read"), [(100, "64"), (0xFFFF_FFFF, "0")])
def test_a_device_model_sees_the_channel_and_says_what_is_left(tmp_path, left, read) -> None:
    """Where, which way and how many bytes, the count last; 0 when it is over. More than there was is no answer."""
    where = 'DbgPrint("%x\\n", Memory);'
    counter = 'DbgPrint("%x\\n", NdisMReadDmaCounter(Channel));'
    card = Controller(left)
    driver = leased(
        tmp_path,
        TRANSFERS.replace("@BODY@", where + counter + COMPLETE).replace("@AGAIN@", "FALSE"),
        device=card,
    )
    with nw.Ndis() as ndis:
        ndis.bind(nw.Protocol(), driver)
    assert driver.printed[2] == read + "\n"
    begins = int(driver.printed[1], 16) + 8
    assert card.written == [(0, 8, begins), (12, 1, 1), (8, 4, 1000), (8, 4, 0)]


MAPPING = """
static NDIS_HANDLE Pool;
static PNDIS_BUFFER First, Second;
static UCHAR Data[64];
#define START(buffer, register) NdisMStartBufferPhysicalMapping(card->Adapter, buffer, register, TRUE, &unit, &count);
#define COMPLETE(buffer, register) NdisMCompleteBufferPhysicalMapping(card->Adapter, buffer, register);
static void Begin(PCARD card)
{
    NDIS_PHYSICAL_ADDRESS_UNIT unit;
    NDIS_STATUS status;
    UINT count = 1;

    NdisAllocateBufferPool(&status, &Pool, 2);
    NdisAllocateBuffer(&status, &First, Pool, Data, 64);
    NdisAllocateBuffer(&status, &Second, Pool, Data, 64);
    NdisMAllocateMapRegisters(card->Adapter, 0, NDIS_DMA_32BITS, 2, 1600);
    @BODY@
}
#define AT_START Begin(card);
#define FREE NdisFreeBuffer(First); NdisFreeBuffer(Second); NdisFreeBufferPool(Pool);
#define AT_HALT NdisMFreeMapRegisters(card->Adapter); FREE
"""


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("START(First, 0) START(Second, 1) COMPLETE(Second, 1) COMPLETE(First, 0)", None),
        ("START(First, 1) COMPLETE(First, 1) START(Second, 1) COMPLETE(Second, 1)", None),
        ("START(First, 2)", "PhysicalMapRegister is 0x2; expected a number below 2"),
        (
            "START(First, 0) START(Second, 0) COMPLETE(Second, 0)",
            "PhysicalMapRegister is 0x0; expected a map register that is free",
        ),
        ("COMPLETE(First, 1)", "PhysicalMapRegister is 0x1; expected one that maps a buffer"),
        ("START(First, 0) COMPLETE(Second, 0)", "which map register 0 maps"),
        ("START(First, 1)", "map register 1 maps the buffer"),
    ],
)
def test_a_map_register_maps_one_buffer_at_a_time(tmp_path, body, words) -> None:
    """One of those that the card has, until the mapping of that buffer is complete, and before they are given back."""
    driver = leased(tmp_path, MAPPING.replace("@BODY@", body))
    with nw.Ndis(on_violation="record") as ndis:
        ndis.bind(nw.Protocol(), driver)
    told = [str(one.detail) for one in ndis.violations]
    assert len(told) == (words is not None)
    assert words is None or words in told[0]
    assert driver.leaks == []
