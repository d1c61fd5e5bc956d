"""What each kind of event says, and on which lane it stands: one row a kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ndiswan._native import STATUS_TABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Kind(NamedTuple):
    """A kind of event."""

    lane: str
    words: str
    fields: tuple[str, ...] = ()
    """The fields that are filled into the words here; the same values give one text."""
    number: str = ""
    """The field that is the event's number."""


class Names(NamedTuple):
    """What an interface calls its entry points and calls."""

    down: str
    send: str
    ended: str
    back: str
    cancel: str


FACES = {
    "wan": Names(
        "NdisSend",
        "MiniportWanSend",
        "NdisMWanSendComplete",
        "ProtocolSendComplete",
        "MiniportCancelSend",
    ),
    "lan": Names(
        "NdisSend",
        "MiniportSend",
        "NdisMSendComplete",
        "ProtocolSendComplete",
        "MiniportCancelSendPackets",
    ),
    "condis": Names(
        "NdisCoSendPackets",
        "MiniportCoSendPackets",
        "NdisMCoSendComplete",
        "ProtocolCoSendComplete",
        "MiniportCancelSendPackets",
    ),
    "ndis6": Names(
        "NdisSendNetBufferLists",
        "MiniportSendNetBufferLists",
        "NdisMSendNetBufferListsComplete",
        "ProtocolSendNetBufferListsComplete",
        "MiniportCancelSend",
    ),
}
# Adapters of several interfaces have their texts in common.
_SEVERAL = Names("a send", "the miniport's send", "a completion", "the callback", "a cancel")


def names_of(faces: Iterable[str]) -> Names:
    """The names of the one interface that these adapters have, or words for several."""
    known = set(faces) or {"wan"}
    return FACES.get(known.pop(), _SEVERAL) if len(known) == 1 else _SEVERAL


KINDS: dict[str, Kind] = {
    "allocate": Kind("protocol", "takes it out of the pool"),
    "send": Kind("ndis", "{down} on link %l, %n bytes", number="length"),
    "submit": Kind("miniport", "{send} on link %l (life %g)"),
    "return": Kind("miniport", "{send} returned {status}", ("status",)),
    "complete": Kind("ring", "{ended}({status}) of life %g", ("status",)),
    "deliver": Kind("protocol", "has it back, {status}", ("status",)),
    "unsend": Kind("protocol", "has it back unsent, {status}", ("status",)),
    "free": Kind("protocol", "frees it"),
    "take_back": Kind("ring", "NDIS takes it back: {why}", ("why",)),
    "requeue": Kind("ndis", "NDIS keeps it, to send it again on link %l"),
    "cancel": Kind("ndis", "NDIS asks for it back unsent"),
    "touch": Kind("", "the {side} uses {part}", ("side", "part")),
    "line_up": Kind("ndis", "line up: link %l, window %n", number="window"),
    "line_down": Kind("ndis", "line down: link %l"),
    "close_call": Kind("ndis", "the call of link %l is closed"),
    "indicate": Kind("ndis", "NdisMWanIndicateReceive on link %l, %n bytes", number="length"),
    "acquire": Kind(
        "miniport", "Ndis{form}AcquireSpinLock({lock})", ("form", "lock"), number="lock"
    ),
    "release": Kind(
        "miniport", "Ndis{form}ReleaseSpinLock({lock})", ("form", "lock"), number="lock"
    ),
    "raise": Kind("miniport", "KeRaiseIrql({to})", ("to",)),
    "lower": Kind("miniport", "KeLowerIrql({to})", ("to",)),
    "enter": Kind("", "{entry} begins", ("entry",), number="entry"),
    "leave": Kind("", "{entry} returned", ("entry",), number="entry"),
    "register": Kind("ndis", "a{serialized} adapter", ("serialized",)),
    "start": Kind("ndis", "the adapter runs"),
    "reset_start": Kind("ndis", "a reset begins"),
    "reset_complete": Kind("ndis", "NdisMResetComplete({status})", ("status",)),
    "reset_end": Kind("ndis", "the reset is over"),
    "pause": Kind("ndis", "the adapter is to be paused"),
    "paused": Kind("ndis", "the adapter is paused"),
    "resources_available": Kind("miniport", "NdisMSendResourcesAvailable"),
    "halt": Kind("ndis", "the adapter is to be halted"),
    "halted": Kind("ndis", "the adapter is halted"),
    "stop": Kind("ndis", "a bug check stops the adapter"),
    "timer_set": Kind("ndis", "NdisMSetTimer(timer {timer}), due at %t", ("timer",), number="at"),
    "timer_cancel": Kind("ndis", "NdisMCancelTimer(timer {timer})", ("timer",)),
    "timer_fire": Kind("ndis", "timer {timer} is due", ("timer",)),
    "violation": Kind("miniport", "breaks {rule}", ("rule",)),
}

LEVELS = {0: "PASSIVE", 1: "APC", 2: "DISPATCH"}
PROTOCOLS = {"send_complete", "receive", "receive_complete", "status", "reset_complete"}
_TAKEN = {
    "reset": "the reset is over",
    "halt": "the adapter is halted",
    "dropped": "its driver let go of it",
    "given_up": "it is given up",
    "raised": "its driver raised an exception",
    "paused": "the adapter is paused",
}
_STATUS = {value: name.removeprefix("NDIS_STATUS_") for name, value in STATUS_TABLE}


def level(irql: int) -> str:
    """A level's name."""
    return LEVELS.get(irql, f"DIRQL {irql}")


def status(value: int) -> str:
    """A status's name, or its number if it has none."""
    return _STATUS.get(value, f"0x{value & 0xFFFFFFFF:08X}")


def entry(name: str, names: Names = FACES["wan"]) -> str:
    """NDIS's name of an entry point."""
    own = {"wan_send": names.send, "send_complete": names.back, "cancel_send": names.cancel}
    if name in own:
        return own[name]
    side = "Protocol" if name in PROTOCOLS else "Miniport"
    return side + ("ISR" if name == "isr" else "".join(map(str.capitalize, name.split("_"))))


_FILLED: dict[str, Callable[[Any], str]] = {
    "status": status,
    "to": level,
    "why": lambda why: _TAKEN.get(why, str(why)),
    "form": lambda form: "Dpr" if form == "dpr" else "",
    "part": lambda part: str(part).replace("_", " "),
    "serialized": lambda serialized: " serialized" if serialized else " deserialized",
}


def words(kind: Kind, values: tuple[Any, ...], locks: list[str], names: Names) -> str:
    """The words of a kind with these values of its fields."""
    filled = names._asdict()
    for name, value in zip(kind.fields, values, strict=True):
        if name == "entry":
            filled[name] = entry(value, names)
        elif name == "lock":
            filled[name] = f'"{locks[value]}"' if value < len(locks) else f"lock {value}"
        else:
            filled[name] = _FILLED.get(name, str)(value)
    return kind.words.format(**filled)


def lane(what: str, values: tuple[Any, ...]) -> str:
    """The lane of an event whose kind has none: it depends on whose side it is on."""
    if what == "touch":
        return "protocol" if values[0] == "protocol" else "miniport"
    return "protocol" if values[0] in PROTOCOLS else "miniport"
