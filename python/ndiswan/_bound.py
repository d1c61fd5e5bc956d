"""What a driver says of itself when it is bound: its entry points and its attributes."""

from __future__ import annotations

from ndiswan.given import seconds
from ndiswan.miniport import Miniport
from ndiswan.protocol import Protocol

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# CO_COROUTINE and CO_ASYNC_GENERATOR.
_NEVER_RUNS = 0x80 | 0x200

# What a driver of each kind may write itself, with what there is if it does not.
_ENTRY_POINTS = {
    base: tuple(
        (name, value) for name, value in vars(base).items() if callable(value) and name[0] != "_"
    )
    for base in (Protocol, Miniport)
}


def parts_of(miniport: Miniport) -> dict[str, object]:
    """What a miniport says of itself when it is bound."""
    face = miniport._face  # noqa: SLF001
    entries = _entries(miniport, Miniport, "wan_send")
    for name, own in miniport._more.items():  # noqa: SLF001
        entries[name] = getattr(miniport, own)
    if face in {"condis", "ndis6"} and miniport.serialized:
        raise ValueError(
            f"{type(miniport).__name__}.serialized: a miniport of {face} is deserialized; set it to False"
        )
    if miniport.serialized not in (True, False):
        raise TypeError(
            f"{type(miniport).__name__}.serialized: expected True or False, got {miniport.serialized!r}"
        )
    if not hasattr(miniport.info, "max_frame_size"):
        raise TypeError(
            f"{type(miniport).__name__}.info: expected an ndiswan.WanInfo, got {miniport.info!r}"
        )
    return {
        "driver": miniport,
        "face": face,
        "entries": entries,
        "info": miniport.info,
        "serialized": bool(miniport.serialized),
        "check_for_hang_seconds": seconds(
            f"{type(miniport).__name__}.check_for_hang_seconds", miniport.check_for_hang_seconds
        ),
        "line_up_at_bind": bool(miniport.line_up_at_bind),
    }


def callbacks_of(protocol: Any) -> dict[str, Callable[..., Any]]:
    """What a protocol has written itself; of a sister contract also what only its interface has."""
    found = _entries(protocol, Protocol, "send_complete")
    for name, own in protocol._more.items():  # noqa: SLF001
        found[name] = getattr(protocol, own)
    return found


def _entries(
    driver: object, base: type[Protocol | Miniport], first: str
) -> dict[str, Callable[..., Any]]:
    """The entry points that a driver has written itself, and the one that every driver has."""
    found: dict[str, Callable[..., Any]] = {}
    for name, plain in _ENTRY_POINTS[base]:
        method = getattr(driver, name)
        # Not asked of `__dict__`: CPython 3.11 and 3.12 make a dict of an object's attributes when somebody
        # looks at it, and from then on each use of one takes twice as long.
        if getattr(method, "__func__", None) is plain and name != first:
            continue
        if not callable(method):
            raise TypeError(f"{type(driver).__name__}.{name}: expected a method, got {method!r}")
        if getattr(getattr(method, "__code__", None), "co_flags", 0) & _NEVER_RUNS:
            raise TypeError(
                f"{type(driver).__name__}.{name}: expected a method that has done its work when it returns, got an"
                " `async def`: NDIS waits for nothing; write it with def"
            )
        found[name] = method
    many = found.get(f"{first}_many")
    if many and getattr(found[first], "__func__", None) is vars(base)[first]:
        found[first] = many  # it only takes many
    return found
