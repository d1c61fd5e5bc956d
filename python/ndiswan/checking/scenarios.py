"""What is done to a driver in each mode. A scenario makes its worlds one after the other, each with a fresh driver."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import ndiswan as nw
from ndiswan._native import cancel as cancel_sends
from ndiswan._native import change_life
from ndiswan.checking import frames as frames_of
from ndiswan.checking.asked import ask_all, sleep_and_wake
from ndiswan.checking.modes import SCENARIOS
from ndiswan.checking.world import EnoughError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ndiswan.checking.bench import Bench
    from ndiswan.checking.world import World

# After how many events something happens to a driver that is at work.
MOMENTS = (0, 1, 2, 3, 5, 8, 13)
# More than the windows of most drivers, so that some are queued in NDIS.
BURST = 12
# Of windows that are wider no more are sent at once.
MOST_OWED = 32
RESET_SECONDS = 30.0
# Times that the protocol sends one packet again.
AGAIN = 40


def send(bench: Bench) -> None:
    """Frames one at a time, then at once."""
    with bench.world() as world:
        for frame in world.frames:
            world.send(frame)
            world.settle()
        world.burst(world.some(max(BURST, len(world.frames))))
        world.settle()
        world.linger()


def resend(bench: Bench) -> None:
    """The packet that comes back goes down again at once, on the stack of the completion."""
    with bench.world() as world:
        left = AGAIN

        def again(packet: nw.Packet) -> None:
            nonlocal left
            if left and world.link.up:
                left -= 1
                world.sends += 1
                # The driver may have changed it: put a frame in anew, as a protocol does.
                packet.fill(world.frames[left % len(world.frames)])
                world.link.send(packet if left % 4 else world.frames[0])

        world.peer.again = again
        world.burst(world.some(BURST))
        world.settle()
        world.linger()


def together(bench: Bench) -> None:
    """Arrays or chains of one, two, three and more than the window, some at once; then with a reset and a halt."""
    with bench.world() as world:
        for count in (1, 2, 3, BURST):
            world.together(world.some(count))
            world.settle()
        for count in (2, 3, BURST):  # with the one before still under way
            world.together(world.some(count))
            world.step(1)
        world.settle()
        world.linger()
    for moment in MOMENTS[:4]:
        with bench.world() as world:
            for _ in range(3):
                world.together(world.some(3))
            world.step(moment)
            world.call(world.ndis.reset, world.link)
            world.settle()
            if world.adapter.life != "running":
                continue  # mode `reset` tells why
            world.together(world.some(3))
            world.step(moment)


def padding(bench: Bench) -> None:
    """Short frames leave much room behind the data, long ones just what was asked for; some are moved to the end."""
    with bench.world() as world:
        info = world.miniport.info
        for length in frames_of.lengths(info.max_frame_size):
            world.send(frames_of.of_length(length))
            if length % 16 == 0:
                world.settle()
                world.room()
                packet = world.link.packet(frames_of.of_length(length))
                packet.current_buffer = packet.end_buffer - info.tail_padding - length
                world.send(packet)
        world.settle()
        world.linger()


def _window(bench: Bench, window: int) -> None:
    with bench.world() as world:
        world.window(window)
        world.burst(world.some(BURST * 2))
        world.settle()
        world.linger()


def window_1(bench: Bench) -> None:
    """One send at a time."""
    _window(bench, 1)


def window_2(bench: Bench) -> None:
    """Two sends at a time."""
    _window(bench, 2)


def window_change(bench: Bench) -> None:
    """Down to one with more than that outstanding, up to sixteen, and back to what the driver asked for."""
    with bench.world() as world:
        for window in (1, 16, 2, 0):
            world.burst(world.some(BURST))
            world.window(window)
            world.step(2)
        world.settle()
        world.linger()


def requests(bench: Bench) -> None:
    """Every WAN OID is queried, the link's settings are set; a driver in C is asked for the rest, too."""
    with bench.world() as world:
        for in_flight in (0, BURST):
            world.burst(world.some(in_flight))
            for oid in nw.Oid:
                _asked(world, world.link.query, oid)
            info = _asked(world, world.link.query, nw.Oid.WAN_GET_LINK_INFO)
            if not isinstance(info, nw.LinkInfo):  # NDISWAN sets it all the same
                info = nw.LinkInfo(world.link.handle, world.miniport.info.max_frame_size)
            _asked(world, world.link.set, nw.Oid.WAN_SET_LINK_INFO, info)
            if hasattr(world.miniport, "_c_driver"):
                ask_all(world)
            world.settle()
        if hasattr(world.miniport, "_c_driver") and sleep_and_wake(world):
            _dial(world)
            world.burst(world.some(BURST if world.link.up else 0))
            world.settle()
        world.linger()
        _shut_down_tapi(world)
        world.linger()


def _asked(world: World, request: Callable[..., object], *arguments: object) -> object:
    """What comes of a request; that a driver in C never completes it is a finding, after which none can be sent."""
    try:
        return world.call(request, *arguments)
    except RuntimeError as error:
        if "NDIS_STATUS_PENDING" not in str(error):
            raise
        world.finding = str(error)
        raise EnoughError from error


def interrupt(bench: Bench) -> None:
    """An interrupt before there is anything to do, after each send, twice, and after the last completion."""
    with bench.world() as world:
        world.call(world.adapter.interrupt)
        for at, frame in enumerate(world.some(BURST)):
            world.send(frame)
            for _ in range(at % 3):
                world.call(world.adapter.interrupt)
            world.step(at % 2)
        world.settle()
        world.call(world.adapter.interrupt)
        world.linger()


def receive(bench: Bench) -> None:
    """The protocol takes what is indicated, then answers from inside of receive, then has no room for every second."""
    with bench.world() as world:
        for answer, refuses in ((None, False), (world.frames[0], False), (None, True)):
            world.peer.answer, world.peer.refuses = answer, refuses
            # An answer may be received, and answered: not for ever.
            world.burst(world.some(BURST))
            world.step(BURST * 4)
            world.peer.answer = None
            world.settle()
        world.linger()
        if not world.peer.received:
            bench.note = "the driver indicated no frame"
        elif not world.peer.finished and not world.ndis.errors:
            bench.warn(
                f"{world.peer.received} frames were indicated, and never that it was all for now: expected"
                f" {world.in_c('NdisMWanIndicateReceiveComplete', 'adapter.indicate_receive_complete')}"
                " after one or more of them; a protocol may leave work for it"
            )


def line_down(bench: Bench) -> None:
    """The line goes down with sends in flight; what is queued waits for the line-up.

    A driver that has a `hang_up(link)` takes it down itself, one in C if its device model has one, and is waited for
    until it has a line again; a call of TAPI is closed, and another made. For others the card that the check plays
    does, unless the driver indicates frames, takes its line down or brings it up itself: it would not know that its
    line is gone.
    """
    with bench.world() as world:
        lines = len(world.adapter.links)
        world.burst(world.some(BURST))
        world.settle()
        calls = getattr(world.miniport, "tapi", None)
        by_us = not calls and not hasattr(world.miniport, "hang_up")
        world.linger()
        reasons = {
            "indicates frames": world.peer.received,
            "takes its line down": not world.link.up or len(world.adapter.links) > lines,
            "brings its line up by itself": lines > 1,
        }
        alone = next((reason for reason, holds in reasons.items() if holds), "")
        why = world.in_c(
            "so the check does not take its line down",
            "and has no hang_up(link) to take its line down",
        )
    if by_us and alone:
        bench.note = f"the driver {alone}, {why}"
        return
    for moment in MOMENTS[:4]:
        with bench.world() as world:
            world.burst(world.some(BURST))
            world.step(moment)
            _hang_up(world)
            world.settle()
            _dial(world)
            if world.link.up:
                world.burst(world.some(BURST))
            if moment % 2:
                _shut_down_tapi(world)
            world.settle()
            world.linger()


def _shut_down_tapi(world: World) -> None:
    """What a telephone program ends with: calls dropped and closed, lines closed, the provider shut down."""
    tapi = getattr(world.miniport, "tapi", None)
    if tapi:
        world.call(tapi.shutdown)


def _hang_up(world: World) -> None:
    tapi = getattr(world.miniport, "tapi", None)
    if tapi:
        world.call(tapi.call_of(world.link).close)
        return

    def hang_up() -> None:
        if world.link.up:
            own = getattr(world.miniport, "hang_up", world.adapter.line_down)
            own(world.link)

    world.card(hang_up)


def _dial(world: World) -> None:
    if getattr(world.miniport, "tapi", None):
        if not world.link.up:
            world.dial_again()
        return
    if hasattr(world.miniport, "_c_driver") and hasattr(world.miniport, "hang_up"):
        world.needs_line()  # which the card has to bring back
        return

    def dial() -> None:
        if not world.link.up:
            world.adapter.line_up(world.link)

    world.card(dial)


def reset(bench: Bench) -> None:
    """A reset with sends in flight at each of the moments, and sends after it."""
    for moment in MOMENTS:
        with bench.world() as world:
            world.burst(world.some(BURST))
            world.step(moment)
            world.call(world.ndis.reset, world.link)
            world.settle()
            if moment % 2 == 0:
                world.linger()  # nothing is sent meanwhile; at the other moments something is at once
            if world.adapter.life == "resetting":
                if not world.real:
                    world.wait(RESET_SECONDS)  # until it is called a hang
                if all(broken.rule != "HANG" for broken in world.ndis.violations):
                    world.finding = "reset returned PENDING, and reset_complete was never called"
                continue
            world.burst(world.some(BURST))
            world.settle()
            world.linger()


def halt(bench: Bench) -> None:
    """The world is closed at moments before the line is up, if that takes any, and then with sends in flight."""
    for moment in MOMENTS:
        with bench.world(line=False) as world:
            world.step(moment)
            up = any(link.up for link in world.adapter.links)
        if up:
            break
    for moment in MOMENTS:
        with bench.world() as world:
            world.burst(world.some(BURST))
            world.step(moment)


def shutdown(bench: Bench) -> None:
    """The machine goes down with sends in flight, and nothing is called any more: no halt, and nothing is owed.

    In good order that is at PASSIVE_LEVEL; after a crash at any level, and the highest is the one that tells the most.
    """
    for level in (nw.Irql.PASSIVE, nw.Irql.HIGH):
        for moment in MOMENTS[:4]:
            with bench.world() as world:
                if not getattr(world.miniport, "shuts_down", True):
                    bench.note = "the driver registers no shutdown handler"
                world.burst(world.some(BURST))
                world.step(moment)
                world.go_down(level)


def cancel(bench: Bench) -> None:
    """Of the sends in flight, every second one has the id that is cancelled at each of the moments."""
    for moment in MOMENTS:
        with bench.world() as world:
            for at, frame in enumerate(world.some(BURST)):
                packet = world.link.packet(frame)
                packet.cancel_id = 1 + at % 2
                world.send(packet)
            world.step(moment)
            world.call(cancel_sends, world.adapter, 1)
            world.settle()
            world.linger()


def pause(bench: Bench) -> None:
    """A pause with sends in flight and some that come meanwhile, and sends after the restart."""
    for moment in MOMENTS:
        with bench.world() as world:
            world.burst(world.some(BURST))
            world.step(moment)
            world.call(change_life, world.adapter, "pause")
            world.burst(world.some(2))
            world.settle()
            world.call(change_life, world.adapter, "restart")
            world.burst(world.some(BURST))
            world.settle()
            world.linger()


def patience(bench: Bench) -> None:
    """Long enough for a send to be late, or for the driver to hang: with a few, with the window full, and with more."""
    with bench.world() as world:
        window = world.link.window
    for count in dict.fromkeys((2, window, window + 1, 2 * window, BURST)):
        if bench.is_late:
            break
        with bench.world() as world:
            world.burst(world.some(min(count, MOST_OWED)))
            world.wait(70.0)


def real_time(bench: Bench) -> None:
    """Sends from two threads, on the real clock."""
    with bench.world(real=True) as world:
        shortest = sorted(world.frames, key=len)[:4]

        def sender() -> None:
            for frame in frames_of.fill(shortest, BURST):
                world.call(world.link.send, frame)

        senders = [threading.Thread(target=sender) for _ in range(2)]
        for thread in senders:
            thread.start()
        for thread in senders:
            thread.join()
        world.sends += 2 * BURST
        world.settle()
        world.linger()


FUNCTIONS: dict[str, Callable[[Bench], None]] = {
    name: globals()[name.replace("-", "_")] for name in SCENARIOS
}
