"""What the modules of the sister contracts have in common: how their drivers are called by the one engine."""

from __future__ import annotations

from array import array

from ndiswan._native import Packet, cancel, change_life, net_buffer_list, oob_status, send_chain
from ndiswan.miniport import Miniport as _Miniport
from ndiswan.status import Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from ndiswan._native import Batch, Link
    from ndiswan.exploring.workload import Peer


def send_all(link: Link, frames: Iterable[bytes | Packet]) -> Batch:
    """Send frames together, as far as they go down together; gives names, and how each was answered.

    If one is a packet a packet is made of each of the others, too.
    """
    given = list(frames)
    if any(isinstance(one, Packet) for one in given):
        return send_chain(
            link, [one if isinstance(one, Packet) else link.packet(one) for one in given]
        )
    plain = [one for one in given if not isinstance(one, Packet)]
    return link.send_many(array("I", [len(frame) for frame in plain]), b"".join(plain))


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
