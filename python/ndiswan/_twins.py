"""What the modules of the sister contracts have in common: how their drivers are called by the one engine."""

from __future__ import annotations

from array import array

from ndiswan._native import (
    Link,
    Packet,
    cancel,
    change_life,
    net_buffer_list,
    oob_status,
    send_chain,
)
from ndiswan.given import SEEDS, several, whole
from ndiswan.miniport import Miniport as _Miniport
from ndiswan.status import Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from ndiswan._native import Adapter, Batch
    from ndiswan.exploring.workload import Peer


def send_all(link: Link, frames: Iterable[bytes | Packet]) -> Batch:
    """Send frames together, as far as they go down together; gives names, and how each was answered.

    If one is a packet a packet is made of each of the others, too.
    """
    adapter_of(link)
    several("frames", frames, "a list of bytes and packets")
    given = list(frames)
    for at, one in enumerate(given):
        if not isinstance(one, Packet | bytes):
            _buffer(f"frames[{at}]", one)
    if any(isinstance(one, Packet) for one in given):
        return send_chain(
            link, [one if isinstance(one, Packet) else link.packet(one) for one in given]
        )
    plain = [one for one in given if not isinstance(one, Packet)]
    # An array of nothing has no place of its own in memory, a piece of another array has one.
    lengths = memoryview(array("I", [*map(len, plain), 0]))[: len(plain)]
    return link.send_many(lengths, b"".join(plain))


def _buffer(name: str, frame: object) -> None:
    try:
        memoryview(frame)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{name}: expected bytes or a packet, got {frame!r}") from None


def adapter_of(link: Link) -> Adapter:
    """The adapter of a link; TypeError for anything else."""
    if not isinstance(link, Link):
        raise TypeError(f"link: expected a Link, as `bind` gives one, got {link!r}")
    return link.adapter


def cancel_sends(link: Link, cancel_id: int) -> None:
    """Cancel the sends with this id."""
    cancel(adapter_of(link), whole("cancel_id", cancel_id, 0, SEEDS))


COMPLETIONS = {
    "send_complete": "send_complete(packet, status), of a LAN miniport",
    "co_send_complete": "co_send_complete(status, vc, packet), of a CoNDIS miniport",
    "send_net_buffer_lists_complete": "send_net_buffer_lists_complete(nbls, flags), of an NDIS 6 miniport",
}


class _Elsewhere:
    """A completion that another interface has, told; not by a ``__getattr__``, which makes all attributes slow."""

    def __init__(self, name: str, own: str) -> None:
        self._text = f"{COMPLETIONS[name]}; this one completes by {COMPLETIONS[own]}"

    def __get__(self, adapter: object, _: object = None) -> Any:
        if adapter is None:
            return self
        raise AttributeError(self._text)


class Faced:
    """An adapter that says which completion is its own when that of another interface is looked up."""

    _completes: str

    def __init_subclass__(cls) -> None:
        for name in COMPLETIONS:
            if name != cls._completes:
                setattr(cls, name, _Elsewhere(name, cls._completes))


class TwinMiniport(_Miniport):
    """A miniport of another interface than WAN's; the engine calls it by the hooks of that one."""

    _adapter_class: type[Any]


def void(
    call: Callable[[list[Packet]], Any], packets: list[Packet], before: Status
) -> Status | list[Status] | Any:
    """Call a send function that returns nothing, with ``before`` as the status of each packet.

    What it returns all the same is passed on: an answer that there is not, which the engine reports.
    """
    for packet in packets:
        oob_status(packet, before)
    answer = call(packets)
    return Status.PENDING if answer is None else answer


def packets_of(batch: Batch) -> list[Packet]:
    """The packets of a batch as objects."""
    return [batch.packet(at) for at in range(len(batch))]


def _two(link: Link, *, lists: bool) -> Iterable[int]:
    """Send two packets together, whose ids are 1 and 2; the second is a list of two net buffers if there are such."""
    packets = [link.packet(b"\xff" * 64)]
    packets.append(
        net_buffer_list(link, [b"\xff" * 48, b"\xff" * 16]) if lists else link.packet(b"\xff" * 48)
    )
    for cancel_id, packet in enumerate(packets, 1):
        packet.cancel_id = cancel_id
    statuses: Iterable[int] = send_all(link, packets).statuses
    return statuses


def operations(miniport: Any, link: Link, peer: Peer) -> dict[str, Callable[[], object]]:
    """What a workload does to a miniport of a sister contract besides what it does to one of WAN."""
    more: dict[str, str] = getattr(miniport, "_more", {})
    choose = peer.ndis.choose

    def together() -> None:
        frames = [b"\xff" * (64 << at) for at in range(2 + choose(2, "together"))]
        peer.send_by(link, len(frames), lambda link: send_all(link, frames).statuses)

    found: dict[str, Callable[[], object]] = {"send several by one call": together}
    if "cancel_send" in more:

        def cancelled() -> None:
            peer.send_by(link, 2, lambda link: _two(link, lists="pause" in more))
            cancel(link.adapter, 1 + choose(2, "cancel"))

        found["send two and cancel one"] = cancelled
    if hasattr(miniport.adapter, "activate_vc"):

        def connected() -> None:
            if not peer.others and miniport.adapter.life == "running":
                peer.others.append(miniport.adapter.activate_vc(send_window=2))
            peer.send()

        found["send on a second connection"] = connected
    if "pause" in more:
        found["pause"] = lambda: change_life(link.adapter, "pause")
        found["restart"] = lambda: change_life(link.adapter, "restart")
    return found
