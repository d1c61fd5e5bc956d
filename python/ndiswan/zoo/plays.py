"""What happens around a driver: protocols, and the scenarios that most bugs of the zoo share.

A play is a function of an Ndis and of a driver class. It binds, sends, and lets things happen until nothing is left to
do; the world is closed by whoever made it.
"""

from __future__ import annotations

from typing import Any

import ndiswan as nw

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ndiswan import Link, Ndis, Packet, Status
    from ndiswan.zoo.catalogue import Play

# An LCP echo request's beginning: 25 octets are 3 ms at 64 kbit/s.
FRAME = b"\xff\x03\xc0\x21\x09\x01\x00\x0a are you there?"


class Peer(nw.Protocol):
    """Sends from inside of its callback, so often, the packet that it has just got back."""

    def __init__(self, again: int = 0) -> None:
        self.again = again

    def send_complete(self, packet: Packet, status: Status) -> None:
        link = packet.link
        if self.again and link is not None and link.up and status != nw.Status.REQUEST_ABORTED:
            self.again -= 1
            link.send(packet)

    def receive(self, link: Link, data: bytes) -> Status:
        return nw.SUCCESS


def talk(
    frames: int, *, again: int = 0, until: float | None = None, resets: int = 0, **settings: Any
) -> Play:
    """So many frames on one adapter, so many of them sent again, and resets when they are on their way."""

    def play(ndis: Ndis, driver: Callable[..., nw.Miniport]) -> None:
        link = ndis.bind(Peer(again), driver(ndis, **settings))
        for _ in range(frames):
            link.send(FRAME)
        for _ in range(resets):
            ndis.reset(link)
            ndis.run()
        ndis.run(until)

    return play


def one_by_one(frames: int, *, until: float | None = None, **settings: Any) -> Play:
    """So many frames on one adapter, each when all is quiet."""

    def play(ndis: Ndis, driver: Callable[..., nw.Miniport]) -> None:
        link = ndis.bind(Peer(), driver(ndis, **settings))
        for _ in range(frames):
            link.send(FRAME)
            ndis.run()
        ndis.run(until)

    return play


def two_lines(frames: int, *, hang_up: bool = False, **settings: Any) -> Play:
    """Frames in turn on both lines of one adapter; then perhaps the remote side of the first hangs up."""

    def play(ndis: Ndis, driver: Callable[..., nw.Miniport]) -> None:
        miniport: Any = driver(ndis, **settings)
        ndis.bind(Peer(), miniport)
        links = miniport.adapter.links
        for number in range(frames):
            links[number % 2].send(FRAME)
        if hang_up:
            miniport.d_channel.hang_up(0)
        ndis.run()

    return play


def pair(frames: int, *, until: float | None = None, **settings: Any) -> Play:
    """Two adapters that stand in for each other, frames in turn on both."""

    def play(ndis: Ndis, driver: Callable[..., nw.Miniport]) -> None:
        first: Any = driver(ndis, **settings)
        second: Any = driver(ndis, **settings)
        first.partner, second.partner = second, first
        links = [ndis.bind(Peer(), first, name="first"), ndis.bind(Peer(), second, name="second")]
        for number in range(frames):
            links[number % 2].send(FRAME)
        ndis.run(until)

    return play
