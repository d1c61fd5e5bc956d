"""Hypothesis strategies for what a driver meets: frames, packets, answers, policies, programs.

Everything shrinks towards the plain: short frames, few operations, no adversary.
"""

from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from ndiswan import program as op
from ndiswan._native import Link, Packet
from ndiswan.oid import Oid, WanInfo
from ndiswan.policy import Policy
from ndiswan.status import Status

__all__ = ["choices", "frames", "packets", "policies", "programs", "sizes", "statuses"]

# LCP, IPCP, IPv4, IPv6, and two that no driver knows.
_PROTOCOLS = (0xC021, 0x8021, 0x0021, 0x0057, 0x7E7D, 0x0001)
T = TypeVar("T")
_ESCAPED = b"\x7e\x7d\x5e\x20\x11\x13\xff\x00"
_WAN_OIDS = (Oid.WAN_GET_INFO, Oid.WAN_GET_LINK_INFO, Oid.WAN_GET_STATS_INFO, Oid.WAN_LINE_COUNT)


def sizes(info: WanInfo | None = None) -> SearchStrategy[int]:
    """Lengths of frames that an adapter takes, 1 to ``max_frame_size``; those around limits come often.

    >>> from ndiswan import strategies
    >>> from hypothesis import find
    >>> 1000 < find(strategies.sizes(), lambda size: size > 1000) <= 1500
    True
    """
    largest = (info or WanInfo()).max_frame_size
    around = {1, 2, 3, 4, 5, 63, 64, 65, 127, 128, 255, 256, largest // 2, largest - 1, largest}
    limits = sorted(size for size in around if 1 <= size <= largest)
    return st.sampled_from(limits) | st.integers(1, largest)


def frames(info: WanInfo | None = None, *, hostile: bool | None = None) -> SearchStrategy[bytes]:
    """PPP frames as NDISWAN gives them: without flags, stuffing and FCS, as long as the adapter takes.

    Parameters
    ----------
    info:
        Whose ``max_frame_size`` holds; 1500 without it.
    hostile:
        False: with address, control and a protocol. True: what a driver has to survive as well, lengths
        around limits, octets that are escaped, compressed headers, noise. None: both.

    Examples
    --------
    >>> from ndiswan import strategies
    >>> from hypothesis import find
    >>> find(strategies.frames(hostile=False), lambda frame: len(frame) > 4)[:2].hex()
    'ff03'
    """
    largest = (info or WanInfo()).max_frame_size

    def ppp(protocol: int, payload: bytes) -> bytes:
        return (b"\xff\x03" + protocol.to_bytes(2, "big") + payload)[:largest]

    def filled(size: int, pattern: bytes) -> bytes:
        return (pattern * (size // len(pattern) + 1))[:size]

    valid = st.builds(ppp, st.sampled_from(_PROTOCOLS[:4]), st.binary(max_size=64))
    strange = st.builds(
        filled,
        sizes(info),
        st.sampled_from([b"\xff\x03\xc0\x21", b"\x21", b"\x7e", b"\x7d\x5e", _ESCAPED]),
    ) | st.binary(min_size=1, max_size=min(largest, 64))
    if hostile is None:
        return valid | strange
    return strange if hostile else valid


@st.composite
def packets(draw: DrawFn, link: Link, *, frame: SearchStrategy[bytes] | None = None) -> Packet:
    """Packets of ``link``'s adapter, which the protocol owns, their data somewhere in the buffer.

    The room behind and before the data is at least the padding that the miniport asked for. Drawing
    raises ``RuntimeError`` when all packets of the pool are in use.

    >>> from ndiswan import strategies
    >>> from hypothesis import find
    >>> with nw.Ndis() as ndis:
    ...     link = ndis.bind(nw.Protocol(), models.CardMiniport(models.Line(rate_bps=64_000)))
    ...     len(find(strategies.packets(link), lambda packet: len(packet) > 4)) > 4
    True
    """
    info = link.adapter.info
    packet = link.packet(draw(frames(info) if frame is None else frame))
    last = packet.end_buffer - info.tail_padding - packet.current_length
    first = packet.current_buffer
    if last > first:
        packet.current_buffer = first + draw(st.integers(0, last - first))
    return packet


def statuses(*, final: bool = True, unpublished: bool = False) -> SearchStrategy[Status]:
    """What a send, a completion or a request is answered with, SUCCESS first.

    Parameters
    ----------
    final:
        Without PENDING, which ends nothing, and RESOURCES, which a WAN miniport does not answer with.
    unpublished:
        Numbers too that no header names.

    Examples
    --------
    >>> from ndiswan import strategies
    >>> from hypothesis import find
    >>> find(strategies.statuses(), lambda status: True).name
    'SUCCESS'
    """
    never = {Status.PENDING, Status.RESOURCES} if final else set()
    known = st.sampled_from([status for status in Status if status not in never])
    if not unpublished:
        return known
    return known | st.integers(0, 0xFFFF_FFFF).map(Status).filter(lambda s: s not in never)


def policies() -> SearchStrategy[Policy]:
    """Every way in which the open questions can be decided; the defaults come first.

    >>> from ndiswan import strategies
    >>> from hypothesis import find
    >>> find(strategies.policies(), lambda policy: policy.owed_at_halt == "return").owed_at_halt
    'return'
    """
    return st.builds(
        Policy,
        callback_at_dispatch=st.sampled_from([True, False]),
        serialized_reentry=st.sampled_from(["queued", "recursive"]),
        window_shrink=st.sampled_from(["hold_back", "report"]),
        reset_leftovers=st.sampled_from([Status.REQUEST_ABORTED, Status.FAILURE]),
        owed_at_halt=st.sampled_from(["report", "return"]),
        queued_at_line_down=st.sampled_from(["keep", "return"]),
        resources_as_final=st.sampled_from(["warn", "report", "allow"]),
        beyond_window=st.sampled_from(["queue", "report"]),
    )


def choices(*, deviations: int = 24, apart: int = 60) -> SearchStrategy[bytes]:
    """Answers for ``AdversarialTime(explorer=answers)``: which of the possible things happens, again and again.

    A byte is an answer, taken modulo how many there are; behind the last one everything is plain, and
    ``b""`` is the run of virtual time. There are at most ``deviations`` answers that are not plain, up to
    ``apart`` plain ones before each: few preemptions find most bugs (Musuvathi and Qadeer, PLDI 2007).

    >>> from ndiswan import strategies
    >>> from hypothesis import find
    >>> find(strategies.choices(), lambda answers: True)
    b''
    """
    # What matters is often close together, and most questions have two or three answers.
    plain = st.integers(0, min(4, apart)) | st.integers(0, min(16, apart)) | st.integers(0, apart)
    one = st.tuples(plain, st.just(1) | st.integers(1, 7) | st.integers(1, 255))
    return _lists(one, deviations).map(
        lambda pairs: b"".join(bytes(plain) + bytes([answer]) for plain, answer in pairs)
    )


def programs(
    info: WanInfo | None = None,
    *,
    operations: int = 60,
    packets: int = 64,
    resets: bool = True,
    interrupts: bool = True,
    lines: bool = True,
    halt: bool = True,
) -> SearchStrategy[list[op.Operation]]:
    """Lists of operations for :func:`ndiswan.program.run_program`, each of them possible where it stands.

    Nothing is sent while the line is down, or beyond the pool; nothing follows a halt. What the driver
    has changed by then is not known here, and is left out when the program is played.

    Parameters
    ----------
    info:
        Of the driver, for the lengths of frames.
    operations:
        How many at most.
    packets:
        As many as ``ndis.bind`` was told.
    resets, interrupts, lines, halt:
        Whether such operations are among them. Leave ``interrupts`` out for a driver without, ``lines``
        for one that would not know that its line is gone.

    Examples
    --------
    >>> from ndiswan import strategies
    >>> from hypothesis import find
    >>> find(strategies.programs(), lambda operations: len(operations) > 1)
    [send(1), send(1)]
    """
    info = info or WanInfo()
    kinds: list[SearchStrategy[op.Operation]] = [
        sizes(info).map(op.send),
        st.integers(1, 20).map(op.run),
        sizes(info).map(op.send),
        st.sampled_from([0.0001, 0.001, 0.01, 0.5, 5.0]).map(op.advance),
        st.sampled_from(_WAN_OIDS).map(op.request),
    ]
    if lines:
        windows = st.sampled_from([1, 2, 0, info.max_transmit + 1, 16])
        kinds += [windows.map(op.window), st.builds(op.line_down), st.builds(op.line_up)]
    if resets:
        kinds.append(st.builds(op.reset))
    if interrupts:
        kinds.append(st.builds(op.interrupt))
    listed = _lists(st.one_of(kinds), operations).map(lambda found: _possible(found, packets))
    if not halt:
        return listed

    def ended(body: list[op.Operation], ends: bool) -> list[op.Operation]:
        return [*body[: operations - 1], op.halt()] if ends and operations else body

    return st.builds(ended, listed, st.booleans())


def _possible(operations: list[op.Operation], packets: int) -> list[op.Operation]:
    """Those that can be done after those before them, as far as that is known."""
    up, resetting, sent = True, False, 0
    kept = []
    for operation in operations:
        match operation.name:
            case "send":
                possible = up and not resetting and sent < packets
                sent += possible
            case "line_down" | "window":
                possible = up and not resetting
                up = up and not (possible and operation.name == "line_down")
            case "line_up":
                possible = not up and not resetting
                up = up or possible
            case "reset":
                possible, resetting = not resetting, True
            case "request":
                possible = not resetting
            case "run" | "advance":
                possible, resetting, sent = True, False, 0
            case _:
                possible = True
        if possible:
            kept.append(operation)
    return kept


def _lists(elements: SearchStrategy[T], most: int) -> SearchStrategy[list[T]]:
    """Lists that are often long: by themselves Hypothesis's have five elements in the mean."""
    shortest = st.sampled_from([0, most // 4, most // 2])
    return shortest.flatmap(lambda size: st.lists(elements, min_size=size, max_size=most))
