"""What a PCI card says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndiswan.drivers.card_model import Register, Registers

if TYPE_CHECKING:
    from ndiswan.drivers.card_model import CardModel


class PciConfiguration(Registers):
    """What a PCI card says of itself: its configuration, with one range of memory or ports in it.

    Put one into `CardModel.spaces`, and NdisMQueryAdapterResources knows the card's range and its interrupt; a card
    with more of them has a subclass with more base address registers.

    Parameters
    ----------
    card:
        Whose ``space`` and ``base`` are the range.
    vendor_id, device_id:
        16 bits each.
    length:
        Bytes of the range, a power of 2.
    interrupt_line:
        The number of the interrupt.

    Raises
    ------
    ValueError
        ``length`` is no power of 2, or ``base`` no multiple of it.

    Notes
    -----
    PCI Local Bus Specification 2.1, chapter 6.

    Examples
    --------
    >>> from ndiswan.drivers import CardModel, PciConfiguration
    >>> class Card(CardModel):
    ...     base = 0xFEB0_0000
    ...
    ...     def __init__(self):
    ...         self.spaces["pci"] = PciConfiguration(self, 0x1234, 0xABCD, length=0x1000, interrupt_line=11)
    >>> card = Card()
    >>> hex(card("pci", 0, 4, None)), hex(card("pci", 0x10, 4, None))
    ('0xabcd1234', '0xfeb00000')
    """

    unused = 0
    vendor = Register(0x00, 2, writable=0)
    device = Register(0x02, 2, writable=0)
    command = Register(0x04, 2)
    status = Register(0x06, 2, writable=0)
    revision_and_class = Register(0x08, 4, reset=0x0280_0000, writable=0)
    bar = Register(0x10, 4)
    line = Register(0x3C, 1)
    pin = Register(0x3D, 1, reset=1, writable=0)

    def __init__(
        self, card: CardModel, vendor_id: int, device_id: int, *, length: int, interrupt_line: int
    ) -> None:
        super().__init__(card)
        if length < 4 or length & (length - 1):
            raise ValueError(f"length: expected a power of 2, got {length}")
        if card.base % length:
            raise ValueError(
                f"base: expected a multiple of the length {length:#x}, got {card.base:#x}"
            )
        self.length = length
        self.vendor, self.device, self.line = vendor_id, device_id, interrupt_line
        self.placed(card.base)

    @bar.on_write
    def placed(self, value: int) -> None:
        """Where the range is, or ones, by which its length is asked for."""
        self.bar = value & -self.length | (self.card.space == "port")
