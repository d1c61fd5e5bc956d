"""What a world or a search is given: numbers, texts, functions. Errors name it, what was expected and what came."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ndiswan.exploring.execution import Scenario

SEEDS = (1 << 64) - 1
"""The largest seed."""
LONGEST = 1e9
"""Seconds."""


def whole(name: str, value: Any, least: int | None = None, most: int | None = None) -> int:
    """A whole number from ``least`` to ``most``; TypeError or ValueError if it is none."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name}: expected a whole number, got {value!r}")
    if (least is not None and value < least) or (most is not None and value > most):
        beyond = "or more" if most is None else f"to {'2**64 - 1' if most == SEEDS else most}"
        raise ValueError(f"{name}: expected {least} {beyond}, got {value!r}")
    return value


def seconds(name: str, value: Any) -> float:
    """Seconds of a clock, which ends after some 30 years; TypeError or ValueError if it is none."""
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        raise TypeError(f"{name}: expected seconds, got {value!r}")
    if not 0 <= value <= LONGEST:
        raise ValueError(f"{name}: expected 0 to 1e9, got {value!r}")
    return float(value)


def text(name: str, value: Any, what: str) -> None:
    """Raise TypeError for what is no text."""
    if not isinstance(value, str):
        raise TypeError(f"{name}: expected {what}, got {value!r}")


def flag(name: str, value: Any) -> None:
    """Raise TypeError for what is neither True nor False."""
    if not isinstance(value, bool):
        raise TypeError(f"{name}: expected True or False, got {value!r}")


def callable_(name: str, value: Any, what: str) -> Any:
    """What can be called; TypeError for anything else."""
    if not callable(value):
        raise TypeError(f"{name}: expected {what}, got {value!r}")
    return value


def several(name: str, value: Any, what: str, *, text: bool = False) -> None:
    """Raise TypeError for what is no list of something; a text is one of letters only if ``text``."""
    if (isinstance(value, str | bytes) and not text) or not hasattr(value, "__iter__"):
        raise TypeError(f"{name}: expected {what}, got {value!r}")


def listed(name: str, value: Any) -> list[tuple[int, int]]:
    """Choices, each of how many and which; TypeError if it is no list of such."""
    several(name, value, "a list of choices, each (of how many, which)")
    found = list(value)
    for one in found:
        pair = isinstance(one, tuple | list) and len(one) == 2
        if not pair or not all(isinstance(part, int) for part in one):
            raise TypeError(f"{name}: expected a list of (of how many, which), got {one!r} in it")
    return [(of, which) for of, which in found]


def function(scenario: Any) -> Scenario:
    """The scenario, if it can be called."""
    if not callable(scenario):
        raise TypeError(f"scenario: expected a function of an Ndis, got {scenario!r}")
    found: Scenario = scenario
    return found
