"""What the modules of the sister contracts have in common: how their drivers are called by the one engine."""

from __future__ import annotations

from array import array

from ndiswan._native import cancel, change_life, oob_status
from ndiswan.miniport import Miniport as _Miniport
from ndiswan.status import Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from ndiswan._native import Batch, Link, Packet
    from ndiswan.exploring.workload import Peer


def send_all(link: Link, frames: Iterable[bytes]) -> Batch:
    """Send frames together, as far as they go down together; gives names, and how each was answered."""
    frames = list(frames)
    return link.send_many(array("I", [len(frame) for frame in frames]), b"".join(frames))


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


def operations(miniport: Any, link: Link, peer: Peer) -> list[Callable[[], object]]:
    """What a workload does to a miniport of a sister contract besides what it does to one of WAN."""
    more: dict[str, str] = getattr(miniport, "_more", {})
    choose = peer.ndis.choose

    def together() -> None:
        frames = [b"\xff" * (64 << at) for at in range(2 + choose(2, "together"))]
        peer.send_by(link, len(frames), lambda link: send_all(link, frames).statuses)

    found: list[Callable[[], object]] = [together]
    if "cancel_send" in more:

        def one(link: Link) -> list[Status]:
            packet = link.packet(b"\xff" * 64)
            packet.cancel_id = 1
            return [link.send(packet)]

        def cancelled() -> None:
            peer.send_by(link, 1, one)
            cancel(link.adapter, 1)

        found.append(cancelled)
    if hasattr(miniport.adapter, "activate_vc"):

        def connected() -> None:
            if not peer.others and miniport.adapter.life == "running":
                peer.others.append(miniport.adapter.activate_vc(send_window=2))
            peer.send()

        found.append(connected)
    if "pause" in more:
        found += [
            lambda: change_life(link.adapter, "pause"),
            lambda: change_life(link.adapter, "restart"),
        ]
    return found
