"""Cards in slots of EISA, Micro Channel and PCMCIA: their device answers what the slot says of them."""

from __future__ import annotations

import struct

import pytest

import ndiswan as nw
from leased import leased

READS = """
static void Look(PCARD card, NDIS_HANDLE context)
{
    static NDIS_EISA_FUNCTION_INFORMATION eisa;
    PNDIS_EISA_FUNCTION_INFORMATION list;
    NDIS_MCA_POS_DATA mca;
    UCHAR bytes[4], written = 0x41;
    NDIS_STATUS status;
    UINT slot = 77, count = 0;

    NdisReadEisaSlotInformation(&status, context, &slot, &eisa);
    if (status == NDIS_STATUS_SUCCESS)
        DbgPrint("eisa slot %u id %08x irq %u\\n",
                 slot, eisa.CompressedId, eisa.EisaIrq[0].ConfigurationByte.Interrupt);
    NdisReadEisaSlotInformationEx(&status, context, &slot, &list, &count);
    if (status == NDIS_STATUS_SUCCESS)
        DbgPrint("%u functions, the second id %08x\\n", count, list[1].CompressedId);
    NdisReadMcaPosInformation(&status, context, &slot, &mca);
    if (status == NDIS_STATUS_SUCCESS)
        DbgPrint("mca slot %u id %04x pos %02x %02x\\n", slot, mca.AdapterId, mca.PosData1, mca.PosData4);
    if (NdisReadPcmciaAttributeMemory(card->Adapter, 0, bytes, sizeof(bytes)) == sizeof(bytes))
        DbgPrint("pcmcia %02x %02x, %u\\n", bytes[0], bytes[1],
                 NdisWritePcmciaAttributeMemory(card->Adapter, 0x100, &written, 1));
    DbgPrint("looked\\n");
}
#define AT_START Look(card, configuration);
"""
#: Of a CM_EISA_FUNCTION_INFORMATION, where EisaIrq begins.
SIZE, IRQ = 320, 4 + 5 + 26 + 80 + 9 * 7


class Slot:
    """A card that has one of the three."""

    def __init__(self, space: str, memory: bytes, begin: int = 0) -> None:
        self.space, self.memory, self.begin = space, memory, begin
        self.written: dict[int, int] = {}

    def __call__(self, space: str, at: int, size: int, value: int | None) -> int:
        at -= self.begin
        if space != self.space:
            return 0xFF
        if value is not None:
            self.written[at] = value
        return self.memory[at] if at < len(self.memory) else 0


def seen(folder, device, **config: int) -> list[str]:
    """What a driver with that card printed."""
    driver = leased(folder, READS, device=device, config=config)
    with nw.Ndis(on_violation="record") as ndis:
        ndis.bind(nw.Protocol(), driver)
    assert (ndis.violations, driver.leaks) == ([], [])
    return driver.printed


def test_the_functions_of_an_eisa_slot(tmp_path) -> None:
    """320 bytes each: CompressedId, and what follows; those that have an id are there."""
    first = bytearray(SIZE)
    first[:4] = struct.pack("<I", 0x1234_5678)
    first[IRQ] = 11
    second = struct.pack("<I", 0x1234_5679) + bytes(SIZE - 4)
    printed = seen(tmp_path, Slot("eisa", bytes(first) + second), SlotNumber=3)
    assert printed == [
        "eisa slot 3 id 12345678 irq 11\n",
        "2 functions, the second id 12345679\n",
        "looked\n",
    ]


def test_the_registers_of_a_micro_channel_card(tmp_path) -> None:
    """0x100 and 0x101 are its AdapterId, 0x102 to 0x105 its own; the slot is 1 if nobody says."""
    pos = Slot("mca", bytes([0xCD, 0xAB, 1, 2, 3, 4]), 0x100)
    assert seen(tmp_path, pos) == ["mca slot 1 id abcd pos 01 04\n", "looked\n"]


def test_the_attribute_memory_of_a_pcmcia_card(tmp_path) -> None:
    """Read and written by the byte."""
    card = Slot("pcmcia", bytes([1, 3, 0, 0]))
    assert seen(tmp_path, card) == ["pcmcia 01 03, 1\n", "looked\n"]
    assert card.written == {0x100: 0x41}


@pytest.mark.parametrize("answer", [None, 0, 0xFFFF_FFFF])
def test_without_a_card_there_is_nothing(tmp_path, answer) -> None:
    """Nobody answers, or a device that knows of ports only: all bits are alike."""
    device = None if answer is None else lambda *_: answer
    assert seen(tmp_path, device) == ["looked\n"]
