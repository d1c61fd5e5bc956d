"""The hardware of a driver in C: registers by name, an interrupt, and what happens at the card by itself.

    driver ── NdisRawReadPort…, a pointer ──► CardModel ──► Register ── on_read, on_write ──► your methods
      ▲                                                                                        │ after(), DMA
      └── MiniportISR ◄── adapter.interrupt() ◄── interrupting() ◄── a register has changed ◄──┘

`Registers` is a block of them, of a channel say; a `CardModel` has some itself, and others in blocks.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from ndiswan._native import Adapter, Device


Read = TypeVar("Read", bound="Callable[[Any], int]")
Write = TypeVar("Write", bound="Callable[[Any, int], object]")
Hook = TypeVar("Hook", bound="Callable[..., object]")

# How many accesses the log of a card keeps.
LOGGED = 1000
# From a cause of an interrupt to MiniportISR: our choice, a card's answer over a bus of those days.
INTERRUPT_LATENCY_NS = 1000


class Register:
    """A register of a block: the driver reaches it by its offset, in whole or in parts, the model by its name.

    A read gives what the attribute holds, and a write sets it. A method of the block that `on_read` decorates answers
    instead; one that `on_write` decorates is told what was written: the register's value, with the bytes that the
    driver wrote in it.

    Parameters
    ----------
    offset:
        From the beginning of its block, bytes.
    size:
        Bytes: 1, 2, 4 or 8.
    reset:
        What it holds at first, and after `Registers.reset`.
    writable:
        The bits that a write of the driver's sets; all, if it is not given.
    clears:
        The bits that are cleared where ones are written, as causes of interrupts are.

    Raises
    ------
    ValueError
        There is no such size or offset, or bits that it has not.
    TypeError
        When the class is made: two registers overlap, or a method takes the name of its register.

    Examples
    --------
    >>> from ndiswan.drivers import CardModel, Register
    >>> class Uart(CardModel):
    ...     space, base = "port", 0x3F8
    ...     data = Register(0, 1)
    ...     status = Register(1, 1, reset=0x20, writable=0)
    ...
    ...     @data.on_write
    ...     def transmit(self, byte):
    ...         print("out:", chr(byte))
    >>> uart = Uart()
    >>> uart("port", 0x3F8, 1, ord("A"))
    out: A
    >>> uart("port", 0x3F9, 1, None)
    32
    >>> list(uart.log)
    ['write data at 0x0: 0x41', 'read status at 0x1: 0x20']
    """

    def __init__(
        self,
        offset: int,
        size: int = 4,
        *,
        reset: int = 0,
        writable: int | None = None,
        clears: int = 0,
    ) -> None:
        if size not in {1, 2, 4, 8}:
            raise ValueError(f"size: expected 1, 2, 4 or 8 bytes, got {size}")
        if offset < 0:
            raise ValueError(f"offset: expected 0 or more bytes, got {offset}")
        self.offset, self.size, self.all = offset, size, (1 << 8 * size) - 1
        self.name = ""
        writable = self.all if writable is None else writable
        for name, bits in (("reset", reset), ("writable", writable), ("clears", clears)):
            if not 0 <= bits <= self.all:
                raise ValueError(
                    f"{name}: expected 0 to {self.all:#x}, {size} bytes, got {bits:#x}"
                )
        self.reset, self.clears, self.writable = reset, clears, writable & ~clears
        self.hooks: dict[str, Callable[..., Any]] = {}

    def __set_name__(self, owner: type[Registers], name: str) -> None:
        self.name = name

    @overload
    def __get__(self, block: None, owner: type[Registers]) -> Self: ...
    @overload
    def __get__(self, block: Registers, owner: type[Registers]) -> int: ...
    def __get__(self, block: Registers | None, owner: type[Registers]) -> Self | int:
        return self if block is None else block._held.get(self.name, self.reset)  # noqa: SLF001

    def __set__(self, block: Registers, value: int) -> None:
        block._held[self.name] = value & self.all  # noqa: SLF001
        block.card.look()

    def on_read(self, method: Read) -> Read:
        """Decorate the method that says what a read gives."""
        return self._hooked("read", method)

    def on_write(self, method: Write) -> Write:
        """Decorate the method that is told what was written, once the register holds it."""
        return self._hooked("write", method)

    def _hooked(self, kind: str, method: Hook) -> Hook:
        self.hooks[kind] = method
        method.__dict__["register"] = self
        return method

    def read(self, block: Registers) -> int:
        """The driver reads all of it."""
        hook = self.hooks.get("read")
        return (
            getattr(block, hook.__name__)() if hook else self.__get__(block, type(block))
        ) & self.all

    def write(self, block: Registers, value: int, lanes: int) -> None:
        """The driver writes those bytes of it that the ones in ``lanes`` are in."""
        held = self.__get__(block, type(block))
        kept = held & ~(self.writable & lanes) & ~(self.clears & lanes & value)
        self.__set__(block, kept | value & self.writable & lanes)
        if hook := self.hooks.get("write"):
            getattr(block, hook.__name__)(held & ~lanes & self.all | value & lanes)


class Registers:
    """A block of registers, of one channel of a card say: `Register` attributes, and methods for what they do.

    Attributes
    ----------
    card:
        The card that it is in.
    base:
        The address of its first register, if it is a space of its own (`CardModel.spaces`).
    unused:
        What a byte of that space reads as where there is no register; ``None`` if the driver has no business there.

    Examples
    --------
    >>> from ndiswan.drivers import CardModel, Register, Registers
    >>> class Channel(Registers):
    ...     level = Register(0x0)
    >>> class Card(CardModel):
    ...     def __init__(self):
    ...         self.channels = [Channel(self), Channel(self)]
    ...         self.blocks = {0x40: self.channels[0], 0x80: self.channels[1]}
    >>> card = Card()
    >>> card("memory", 0x80, 4, 7)
    >>> [channel.level for channel in card.channels]
    [0, 7]
    """

    base = 0
    unused: int | None = None
    card: CardModel
    _held: dict[str, int]
    _at: ClassVar[dict[int, Register]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        names = dict.fromkeys(name for base in cls.__mro__ for name in vars(base))
        cls._at = {}
        for name, method in vars(cls).items():
            register = getattr(method, "register", None)
            if isinstance(register, Register) and not register.name:
                raise TypeError(
                    f"{cls.__name__}.{name}: this method has replaced its register; expected one with another name"
                )
        for register in (getattr(cls, name, None) for name in names):
            if not isinstance(register, Register):
                continue
            for offset in range(register.offset, register.offset + register.size):
                other = cls._at.setdefault(offset, register)
                if other is not register:
                    raise TypeError(
                        f"{cls.__name__}: {other.name} and {register.name} are both at {offset:#x}; "
                        "expected one register, which may have an on_read and an on_write"
                    )

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Self:
        """With every register as it is at first, whatever a subclass's ``__init__`` does."""
        self = super().__new__(cls)
        self._held = {}
        return self

    def __init__(self, card: CardModel) -> None:
        self.card = card

    def reset(self) -> None:
        """Every register holds what it holds at first."""
        self._held.clear()
        self.card.look()


class CardModel(Registers):
    """The hardware of one card, for ``device=`` of `load`: subclass it, and name its registers.

    Attributes
    ----------
    space, base:
        Where its registers are: "memory" or "port", from that address on.
    blocks:
        Other blocks of registers by their offset from ``base``, those of its channels for example.
    spaces:
        Blocks of registers in other spaces: "pci", "eisa", "mca", "pcmcia", "dma", and "port" besides "memory".
    shared_memory:
        Memory that it has in common with the driver, by address: see `CardMemory`.
    adapter:
        The adapter that the card is in, once a driver is bound.
    interrupts:
        How many it has raised.
    log:
        The last 1,000 accesses of the driver's, as text.
    bus_errors:
        Those to registers that are not there: reads of ones, writes that are lost.

    Examples
    --------
    A card that needs a while for each byte, and interrupts then; `after` calls a method when the time has come.

    >>> from ndiswan.drivers import CardModel, Register
    >>> class Slow(CardModel):
    ...     base = 0xD0000
    ...     data = Register(0x0)
    ...     cause = Register(0x4, writable=0, clears=1)
    ...
    ...     def interrupting(self):
    ...         return self.cause
    ...
    ...     @data.on_write
    ...     def go(self, value):
    ...         self.after(0.001, self.done)
    ...
    ...     def done(self):
    ...         self.cause |= 1
    >>> card = Slow()
    >>> card("memory", 0xD0010, 4, None) == 0xFFFF_FFFF
    True
    >>> card.bus_errors
    ['read at 0x10, 4 bytes: no register is there']
    """

    space = "memory"
    interrupts = 0
    adapter: Adapter | None
    blocks: dict[int, Registers]
    spaces: dict[str, Registers]
    shared_memory: dict[int, Any]
    log: deque[str]
    bus_errors: list[str]
    _clocks: dict[Callable[[], object], Device]
    _wire: Device | None

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Self:
        """Not in a machine yet."""
        self = super().__new__(cls)
        self.card, self.adapter, self._wire = self, None, None
        self.blocks, self.spaces, self.shared_memory, self._clocks = {}, {}, {}, {}
        self.log, self.bus_errors = deque(maxlen=LOGGED), []
        return self

    def __init__(self) -> None:
        super().__init__(self)

    def interrupting(self) -> object:
        """Whether the card asks for an interrupt, by its registers; it does not until you say when."""
        return False

    def plug(self, adapter: Adapter) -> None:
        """The driver is bound: the card has an interrupt and a clock."""
        self.adapter, self._clocks = adapter, {}
        self._wire = adapter.device(self._raise)

    def after(self, seconds: float, method: Callable[[], object]) -> None:
        """Call a method of the card's or a block's that much later, once; what it was set to before is forgotten.

        Raises
        ------
        RuntimeError
            No driver is bound to the card.
        """
        if self.adapter is None:
            raise RuntimeError(
                "after: expected a card with a driver, got one that no driver is bound to yet"
            )
        clock = self._clocks.get(method)
        if clock is None:

            def due() -> None:
                method()
                self.look()

            clock = self._clocks[method] = self.adapter.device(due)
        clock.set(seconds)

    def cancel(self, method: Callable[[], object]) -> bool:
        """It does not happen; whether it would have."""
        clock = self._clocks.get(method)
        return clock is not None and clock.cancel()

    def choose(self, n: int, what: str) -> int:
        """What the card does, of ``n`` possibilities: 0, that of a card that works, unless an explorer says else."""
        return 0 if self._wire is None else self._wire.choose(n, what)

    def reset(self) -> None:
        """Every register of its own holds what it holds at first, and nothing happens that was to happen later."""
        for clock in self._clocks.values():
            clock.cancel()
        super().reset()

    def look(self) -> None:
        """Raise the interrupt if the card asks for it; called whenever a register has changed."""
        if self._wire is not None and not self._wire.armed and self.interrupting():
            self._wire.set_ns(INTERRUPT_LATENCY_NS)

    def _raise(self) -> None:
        if self.adapter is not None and self.interrupting():
            self.interrupts += 1
            self.adapter.interrupt()

    def _found(self, space: str, address: int) -> tuple[Registers, Register, int] | None:
        """The block that has a register at an address, the register, and the byte in it."""
        if space == self.space:
            offset = address - self.base
            own = self._at.get(offset)
            if own is not None:
                return self, own, offset - own.offset
            for at, block in self.blocks.items():
                register = block._at.get(offset - at)  # noqa: SLF001  (a block of this module)
                if register is not None:
                    return block, register, offset - at - register.offset
        other = self.spaces.get(space)
        if other is not None:
            offset = address - other.base
            register = other._at.get(offset)  # noqa: SLF001  (a block of this module)
            if register is not None:
                return other, register, offset - register.offset
        return None

    def __call__(self, space: str, address: int, size: int, value: int | None) -> int | None:
        """An access of the driver's: a read if ``value`` is ``None``."""
        answer = at = 0
        missing = False
        while at < size:
            found = self._found(space, address + at)
            if found is None:
                unused = getattr(self.spaces.get(space), "unused", None)
                missing = missing or unused is None
                answer |= (0xFF if unused is None else unused) << 8 * at
                at += 1
                continue
            block, register, first = found
            many = min(register.size - first, size - at)
            part = (1 << 8 * many) - 1
            if value is None:
                got = register.read(block) >> 8 * first & part
                answer |= got << 8 * at
                self._note(space, f"read {register.name}", address, f": {got:#x}")
            else:
                given = value >> 8 * at & part
                self._note(space, f"write {register.name}", address, f": {given:#x}")
                register.write(block, given << 8 * first, part << 8 * first)
            at += many
        if missing:
            verb = "read" if value is None else "write"
            more = f", {size} bytes: no register is there"
            self.bus_errors.append(self._note(space, verb, address, more))
        self.look()
        return answer if value is None else None

    def _note(self, space: str, what: str, address: int, more: str) -> str:
        other = "" if space == self.space else f"{space}: "
        base = self.base if space == self.space else 0
        said = f"{other}{what} at {address - base:#x}{more}"
        self.log.append(said)
        return said
