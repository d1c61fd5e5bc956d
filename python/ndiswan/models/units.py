"""Quantities as people write them in a scenario file: "5 ms", "1.544 Mbit/s", "300 /s"."""

import re
from fractions import Fraction

_TIMES = {
    "ns": Fraction(1),
    "us": Fraction(10**3),
    "µs": Fraction(10**3),
    "ms": Fraction(10**6),
    "s": Fraction(10**9),
    "min": Fraction(60 * 10**9),
    "h": Fraction(3600 * 10**9),
    "d": Fraction(86400 * 10**9),
}
_THOUSANDS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_RATES = {
    name: Fraction(factor)
    for prefix, factor in _THOUSANDS.items()
    for name in (f"{prefix}bit/s", f"{prefix}bps")
}
_PACKETS = {
    name: Fraction(factor)
    for prefix, factor in (("", 1), ("k", 10**3), ("M", 10**6))
    for name in (f"{prefix}/s", f"{prefix}pps")
} | {"/min": Fraction(1, 60), "/h": Fraction(1, 3600)}
_BYTES = {
    "B": Fraction(1),
    "kB": Fraction(1000),
    "KiB": Fraction(1024),
    "MB": Fraction(10**6),
    "MiB": Fraction(1 << 20),
}
_SECONDS = {name: factor / 10**9 for name, factor in _TIMES.items()}

# By the end of a field's name: what is meant, an example, and the units.
KINDS = {
    "_ns": ("a time", "5 ms", _TIMES),
    "_bps": ("a rate", "1.544 Mbit/s", _RATES),
    "_pps": ("packets a second", "300 /s", _PACKETS),
}
# By the name itself.
NAMES = {
    "until": ("a time", "60 s", _SECONDS),
    "warmup": ("a time", "5 s", _SECONDS),
    "ns": KINDS["_ns"],
    "size": ("a size", "1500 B", _BYTES),
    "bytes": ("a size", "1500 B", _BYTES),
    "mtu": ("a size", "1500 B", _BYTES),
    "quantum": ("a size", "1500 B", _BYTES),
}
_QUANTITY = re.compile(r"\s*([-+]?[\d_]*\.?[\d_]+(?:[eE][-+]?\d+)?)\s*(\S*)\s*")


def kind_of(name: str) -> tuple[str, str, dict[str, Fraction]] | None:
    """What the quantity of a field with this name is: words, an example, units; ``None`` if it has no unit."""
    for end, kind in KINDS.items():
        if name.endswith(end):
            return kind
    return NAMES.get(name)


def quantity(name: str, text: str) -> int | float:
    """The number that a text means for a field of this name, exact where it is whole.

    Raises ``ValueError`` that says what was expected.
    """
    kind = kind_of(name)
    if kind is None:
        raise ValueError(f"expected a number, got {text!r}")
    words, example, units = kind
    found = _QUANTITY.fullmatch(text)
    if not found or found[2] not in units:
        raise ValueError(
            f"expected {words} such as {example!r} (units: {', '.join(units)}), got {text!r}"
        )
    value = Fraction(found[1].replace("_", "")) * units[found[2]]
    return int(value) if value.denominator == 1 else float(value)
