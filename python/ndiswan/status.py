"""`NDIS_STATUS`: what a send, a completion or a request answers with.

`Status` is an `IntEnum` with NDIS's values. It is filled from the table of the Rust core, where
each value is written down; `status.pyi` lists the members for type checkers and editors, and
stubtest holds the two together.

The members are put in by hand instead of by the functional API (`IntEnum("Status", table)`): that
takes 3.8 ms of CPU time for these 219 on Python 3.11, by hand it is 0.6 ms. What is set is what
`EnumType` sets.
"""

from enum import IntEnum

from ndiswan._native import STATUS_TABLE

__all__ = ["Severity", "Status"]

_U32 = 0xFFFF_FFFF
_I32_MIN = -0x8000_0000


class Severity(IntEnum):
    """What the two top bits of a status say. By them `Status.PENDING` is a success.

    >>> nw.FAILURE.severity.name
    'ERROR'
    """

    SUCCESS = 0
    INFORMATIONAL = 1
    WARNING = 2
    ERROR = 3


class Status(IntEnum):
    """A published `NDIS_STATUS`, or any other 32-bit number that a driver gave.

    A number that no header publishes survives: `Status(0xDEADBEEF)` is a `Status` named
    `UNKNOWN_0xDEADBEEF`, the same object each time. A negative number is taken as C's signed
    `NDIS_STATUS`. Iteration and `len` see the published ones only.

    Raises `ValueError` for what is not a number of 32 bits.

    >>> nw.Status(0x103) is nw.PENDING
    True
    >>> print(nw.SUCCESS)
    NDIS_STATUS_SUCCESS (0x00000000)
    >>> nw.Status(0xDEADBEEF).name
    'UNKNOWN_0xDEADBEEF'
    """

    @property
    def severity(self) -> Severity:
        """What the two top bits say."""
        return Severity(self._value_ >> 30)

    @property
    def known(self) -> bool:
        """Whether a published header names this number."""
        return self._name_ in type(self)._member_map_

    @classmethod
    def _missing_(cls, value: object) -> "Status | None":
        if not isinstance(value, int) or not _I32_MIN <= value <= _U32:
            return None
        number = int(value) & _U32
        if number != value:
            return cls(number)
        # setdefault: of two threads that meet the same number, both get the first one's object.
        return _unknown.get(number) or _unknown.setdefault(
            number, _member(cls, f"UNKNOWN_0x{number:08X}", number, len(cls))
        )

    def __repr__(self) -> str:
        return f"<Status.{self._name_}: 0x{self._value_:08X}>"

    def __str__(self) -> str:
        if self.known:
            return f"NDIS_STATUS_{self._name_} (0x{self._value_:08X})"
        return f"0x{self._value_:08X} (not a published NDIS_STATUS)"

    def __format__(self, spec: str) -> str:
        """The text of `str` without a format, the number with one: `f"{status:#x}"`."""
        return int.__format__(self, spec) if spec else str(self)


def _member(cls: type[Status], name: str, number: int, order: int) -> Status:
    """A member that `cls` does not know of yet."""
    member = int.__new__(cls, number)
    vars(member).update(_name_=name, _value_=number, __objclass__=cls, _sort_order_=order)
    return member


def _fill(cls: type[Status], table: list[tuple[str, int]]) -> None:
    """Makes the members of `table` members of the enum `cls`, which has none."""
    for order, (name, number) in enumerate(table):
        member = _member(cls, name, number, order)
        type.__setattr__(cls, name, member)
        cls._member_names_.append(name)
        cls._member_map_[name] = member
        cls._value2member_map_[number] = member


_unknown: dict[int, Status] = {}
_fill(Status, STATUS_TABLE)
