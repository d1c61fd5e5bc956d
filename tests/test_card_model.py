"""A card by its registers: what the driver reads and writes of them, its interrupt, its clocks, and its DMA."""

from __future__ import annotations

import abc
import ctypes
from typing import TYPE_CHECKING

import pytest

import ndiswan as nw
from ndiswan.drivers import (
    BusError,
    CardModel,
    DescriptorRing,
    PciConfiguration,
    Register,
    Registers,
    load,
    read_memory,
    write_memory,
)
from test_c_kernel import HARNESS
from test_c_mapped import run, written
from test_c_objects import RESOURCES

if TYPE_CHECKING:
    from pathlib import Path


class Channel(Registers):
    """Two registers, one of which doubles what is written to it."""

    level = Register(0x0, 2)
    twice = Register(0x4)

    @twice.on_write
    def double(self, value: int) -> None:
        self.twice = 2 * value


class Card(CardModel):
    """Registers of each kind, and two channels behind them."""

    base = 0xD0010
    plain = Register(0x0, reset=0x1234)
    fixed = Register(0x4, 2, reset=0xBEEF, writable=0)
    some = Register(0x6, 1, reset=0xFF, writable=0x0F)
    cause = Register(0x8, writable=0, clears=0xFF)
    mask = Register(0xC)
    fifo = Register(0x10, 1)

    def __init__(self) -> None:
        self.sent: list[int] = []
        self.coming = [7, 8, 9]
        self.blocks = {0x20: Channel(self), 0x40: Channel(self)}

    def interrupting(self) -> int:
        return self.cause & self.mask

    @fifo.on_read
    def receive(self) -> int:
        return self.coming.pop(0)

    @fifo.on_write
    def transmit(self, byte: int) -> None:
        self.sent.append(byte)


def read(card: CardModel, offset: int, size: int) -> int:
    """As the driver does."""
    answer = card("memory", 0xD0010 + offset, size, None)
    assert answer is not None
    return answer


def write(card: CardModel, offset: int, size: int, value: int) -> None:
    """As the driver does."""
    assert card("memory", 0xD0010 + offset, size, value) is None


def test_a_driver_reads_and_writes_registers_in_whole_and_in_parts() -> None:
    """Bytes lie as on the bus, the lowest first; an access may be of several registers."""
    card = Card()
    assert (read(card, 0, 4), read(card, 1, 1), read(card, 0, 2)) == (0x1234, 0x12, 0x1234)
    write(card, 1, 2, 0xABCD)
    assert card.plain == 0xABCD34
    assert read(card, 4, 4) == 0xFF_FF_BEEF
    write(card, 0, 8, 0x1111_2222_3333_4444)
    assert (card.plain, card.fixed, card.some) == (0x3333_4444, 0xBEEF, 0xF1)


def test_a_write_changes_what_may_be_written_and_clears_what_is_cleared_by_ones() -> None:
    """Of the bytes that it is about."""
    card = Card()
    write(card, 4, 2, 0)
    write(card, 6, 1, 0)
    card.cause = 0x1F3
    write(card, 8, 4, 0x1F1)
    assert (card.fixed, card.some, card.cause) == (0xBEEF, 0xF0, 0x102)
    write(card, 9, 1, 0xFF)
    assert card.cause == 0x102
    card.reset()
    assert (card.plain, card.some, card.cause) == (0x1234, 0xFF, 0)


def test_methods_answer_reads_and_are_told_of_writes() -> None:
    """One register may have both; blocks have their own; a subclass's method counts."""
    card = Card()
    assert [read(card, 0x10, 1) for _ in range(2)] == [7, 8]
    write(card, 0x10, 1, 0x55)
    write(card, 0x24, 4, 21)
    write(card, 0x40, 2, 3)
    one, other = card.blocks.values()
    assert isinstance(one, Channel)
    assert isinstance(other, Channel)
    assert (card.sent, one.twice, one.level, other.twice, other.level) == ([0x55], 42, 0, 0, 3)

    class Deaf(Card):
        def transmit(self, byte: int) -> None:
            self.sent.append(-byte)

    deaf = Deaf()
    write(deaf, 0x10, 1, 1)
    assert deaf.sent == [-1]


def test_an_access_where_no_register_is_reads_ones_and_is_noted() -> None:
    """Beside the registers, in another space, and in part."""
    card = Card()
    assert read(card, 0x100, 2) == 0xFFFF
    assert read(card, 0x10, 2) == 0xFF07
    write(card, 0x30, 4, 1)
    assert card("port", 0x3F8, 1, None) == 0xFF
    assert card.bus_errors == [
        "read at 0x100, 2 bytes: no register is there",
        "read at 0x10, 2 bytes: no register is there",
        "write at 0x30, 4 bytes: no register is there",
        "port: read at 0x3f8, 1 bytes: no register is there",
    ]
    assert list(card.log)[1:3] == ["read fifo at 0x10: 0x7", card.bus_errors[1]]


@pytest.mark.parametrize(
    ("make", "error", "told"),
    [
        (lambda: Register(0, 3), ValueError, "size: expected 1, 2, 4 or 8 bytes, got 3"),
        (lambda: Register(-1), ValueError, "offset: expected 0 or more bytes, got -1"),
        (
            lambda: Register(0, 1, reset=0x1FF),
            ValueError,
            "reset: expected 0 to 0xff, 1 bytes, got 0x1ff",
        ),
        (lambda: Register(0, 2, clears=-1), ValueError, "clears: expected 0 to 0xffff"),
        (
            lambda: type("Two", (Registers,), {"one": Register(0), "other": Register(2, 1)}),
            TypeError,
            "Two: one and other are both at 0x2",
        ),
        (lambda: DescriptorRing("<I", 0), ValueError, "count: expected a positive number"),
        (lambda: Card().after(1, print), RuntimeError, "no driver is bound to yet"),
        (
            lambda: PciConfiguration(Card(), 1, 2, length=24, interrupt_line=5),
            ValueError,
            "length: expected a power of 2, got 24",
        ),
        (
            lambda: PciConfiguration(Card(), 1, 2, length=4096, interrupt_line=5),
            ValueError,
            "base: expected a multiple of the length 0x1000, got 0xd0010",
        ),
    ],
)
def test_what_no_card_is_made_of_is_refused(make, error, told) -> None:
    """With what was expected."""
    with pytest.raises(error, match=told):
        make()


def test_a_card_may_have_an_abstract_base() -> None:
    """For those that differ in some methods; a register of a subclass takes the place of its base's."""

    class Kind(CardModel, abc.ABC):
        plain, other = Register(0), Register(4, reset=1)

        @plain.on_write
        @abc.abstractmethod
        def go(self, value: int) -> None:
            """What a card of that kind does."""

    class One(Kind):
        base = 0xD0010
        other = Register(4, reset=2)

        def go(self, value: int) -> None:
            self.other = value

    card = One()
    assert read(card, 4, 4) == 2
    write(card, 0, 4, 7)
    assert read(card, 4, 4) == 7


def test_a_method_may_not_have_the_name_of_its_register() -> None:
    """It would have taken its place, and the register were gone."""
    with pytest.raises(TypeError, match=r"Uart\.data: this method has replaced its register"):

        class Uart(CardModel):
            data = Register(0)

            @data.on_write
            def data(self, value: int) -> None:
                """As a setter of a property is written."""


def test_a_pci_card_is_found_with_its_range_and_its_interrupt(tmp_path: Path) -> None:
    """NDIS asks the base address register how long it is, and leaves it as it was."""
    for space, base, told in (
        ("memory", 0xFEB0_0000, "3 feb00000 2000\n"),
        ("port", 0xE000, "1 e000 2000\n"),
    ):
        card = Card()
        card.space, card.base = space, base
        card.spaces["pci"] = PciConfiguration(card, 0x1234, 0xABCD, length=8192, interrupt_line=11)
        source = tmp_path / "resources.c"
        source.write_text(
            HARNESS.replace("@GLOBALS@", "").replace("@HALT@", "").replace("@BODY@", RESOURCES),
            "utf-8",
        )
        driver = load(source, device=card)
        run(driver)
        assert driver.printed == [told, "2 b 3\n", "1\n"]
        assert card("pci", 0, 4, None) == 0xABCD_1234
        assert card("pci", 0x10, 4, None) == base | (space == "port")
        assert card.bus_errors == []


class Ticking(Card):
    """A card whose cause comes some time after it was asked for."""

    def transmit(self, byte: int) -> None:
        self.after(byte / 1000, self.done)

    def done(self) -> None:
        self.cause |= 1


class Counting(nw.Miniport):
    """A driver in Python on such a card, which acknowledges each interrupt but the first."""

    def __init__(self, card: CardModel) -> None:
        self.card, self.served = card, []

    def initialize(self) -> None:
        self.card.plug(self.adapter)
        write(self.card, 0xC, 4, 1)

    def handle_interrupt(self) -> None:
        self.served.append(self.adapter.now_ns)
        if len(self.served) > 1:
            write(self.card, 0x8, 4, 1)
        write(self.card, 0xC, 4, 1)

    def wan_send(self, link: nw.Link, packet: nw.Packet) -> nw.Status:
        return nw.SUCCESS


def test_a_cause_interrupts_until_it_is_cleared_and_while_it_is_not_masked() -> None:
    """A microsecond after it came, and again after an access that leaves it; methods are called in their time."""
    card = Ticking()
    with nw.Ndis() as ndis:
        driver = Counting(card)
        ndis.bind(nw.Protocol(), driver)
        start = ndis.now_ns
        write(card, 0x10, 1, 5)
        write(card, 0x10, 1, 2)
        ndis.run(until=ndis.now + 0.1)
        assert [at - start for at in driver.served] == [2_001_000, 2_002_000]
        assert card.interrupts == 2
        write(card, 0xC, 4, 0)
        card.done()
        ndis.run(until=ndis.now + 0.1)
        assert card.interrupts == 2
        write(card, 0xC, 4, 1)
        ndis.run(until=ndis.now + 0.1)
        assert card.interrupts == 3
        write(card, 0x10, 1, 5)
        assert card.cancel(card.done)
        assert not card.cancel(card.done)
        assert not card.cancel(card.transmit)
        card.reset()
        ndis.run(until=ndis.now + 0.1)
        assert card.interrupts == 3


def test_what_the_hardware_does_is_asked_of_the_explorer() -> None:
    """As by `Ndis.choose`; 0, the faultless answer, where there is no explorer, or no driver yet."""

    class Failing(Counting):
        def wan_send(self, link: nw.Link, packet: nw.Packet) -> nw.Status:
            return nw.FAILURE if self.card.choose(2, "the card fails") else nw.SUCCESS

    def statuses(ndis: nw.Ndis) -> list[nw.Status]:
        card = Card()
        assert card.choose(2, "the card fails") == 0
        link = ndis.bind(nw.Protocol(), Failing(card))
        return [link.send(b"frame") for _ in range(20)]

    with nw.Ndis() as ndis:
        assert set(statuses(ndis)) == {nw.SUCCESS}
        with pytest.raises(ValueError, match="n: expected 1 to 4294967295, got 0"):
            ndis.bind(nw.Protocol(), Counting(Card())).adapter.device(print).choose(0)
    with nw.Ndis(time=nw.AdversarialTime(seed=1)) as ndis:
        assert set(statuses(ndis)) == {nw.SUCCESS, nw.FAILURE}


def test_a_card_reads_and_writes_the_driver_s_memory_while_the_driver_has_it(
    tmp_path: Path,
) -> None:
    """By DMA, descriptors by a ring; memory that was freed is a bus error, and no crash."""
    body = """
        PULONG Memory;
        NDIS_PHYSICAL_ADDRESS Any = NDIS_PHYSICAL_ADDRESS_CONST(-1, -1);
        NdisAllocateMemory((PVOID *)&Memory, 64, 0, Any);
        Memory[4] = 0x77;
        NdisWriteRegisterUlong((PULONG)Window, (ULONG)(ULONG_PTR)Memory);
        DbgPrint("%x\\n", Memory[4]);
        NdisFreeMemory(Memory, 64, 0);
        NdisWriteRegisterUlong((PULONG)(Window + 4), 1);
    """

    class Dma(CardModel):
        base = 0xD0010
        ring_at, go = Register(0), Register(4)

        def __init__(self) -> None:
            self.ring = DescriptorRing("<IIII", 4)
            self.failed = ""
            assert self.ring.read() is None

        @ring_at.on_write
        def placed(self, value: int) -> None:
            self.ring.place(value)
            self.ring.advance()
            fields = self.ring.read()
            assert fields is not None
            self.ring.write(fields[0] + 1, *fields[1:])

        @go.on_write
        def again(self, _: int) -> None:
            with pytest.raises(BusError) as caught:
                self.ring.read()
            self.failed = str(caught.value)
            with pytest.raises(BusError, match="a write of 1 bytes at 0x10, where"):
                write_memory(0x10, b"x")

    card = Dma()
    driver = load(written(tmp_path, body), device=card)
    assert run(driver).violations == []
    assert driver.printed == ["78\n"]
    assert card.failed.startswith("DMA: a read of 16 bytes at 0x")


def test_memory_is_read_and_written_in_any_length() -> None:
    """None of it, too, wherever that is."""
    memory = ctypes.create_string_buffer(b"0123456789")
    address = ctypes.addressof(memory)
    write_memory(address + 2, memoryview(b"ab"))
    write_memory(0, b"")
    assert (read_memory(address, 5), read_memory(0, 0)) == (b"01ab4", b"")
