"""The frames that a check sends: built-in ones as a dial-up link has them, or those of a capture.

All are PPP with address and control (ff 03), as NDISWAN gives them to a miniport: without flags, stuffing and FCS.
Some of their octets are 7e and 7d, which a driver that does the framing has to escape.
"""

from __future__ import annotations

import os
import struct
from itertools import cycle, islice
from typing import TYPE_CHECKING

from ndiswan._native import read_frames
from ndiswan.checking.target import TargetError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEADER = b"\xff\x03"
IPV4, IPV6, IPCP, LCP = 0x0021, 0x0057, 0x8021, 0xC021
# Link types of captures (https://www.tcpdump.org/linktypes.html).
RAW, LOOPBACK, PPP, PPP_HDLC = {12, 101, 228, 229}, {0, 108}, 9, 50
# Ethernet and both forms of Linux cooked: where the EtherType is, and where the payload begins.
ETHERTYPE_AT = {1: (12, 14), 113: (14, 16), 276: (0, 20)}
ETHERTYPES, VLAN = {0x0800: IPV4, 0x86DD: IPV6}, {0x8100, 0x88A8, 0x9100}

OURS, PEER = bytes([10, 64, 64, 64]), bytes([10, 64, 64, 65])
# As many as a capture can be long and still be sent in every mode.
MOST = 2000


def built_in() -> list[bytes]:
    """LCP and IPCP as they are negotiated, pings, and TCP segments of the usual sizes."""
    magic = bytes([0x7E, 0x7D, 0x5E, 0x20])
    accm, request = bytes([2, 6, 0, 0, 0, 0]), bytes([5, 6]) + magic
    frames = [
        _control(LCP, 1, 1, accm + request + bytes([7, 2, 8, 2])),
        _control(LCP, 2, 1, bytes([1, 4, 0x05, 0xDC]) + accm),
        _control(IPCP, 1, 1, bytes([3, 6, 0, 0, 0, 0])),
        _control(IPCP, 1, 2, bytes([3, 6]) + OURS),
        _control(LCP, 9, 7, magic),
    ]
    frames += [
        _ppp(IPV4, _ipv4(1, _icmp(sequence, size))) for sequence, size in enumerate((0, 56, 300))
    ]
    frames += [
        _ppp(IPV4, _ipv4(6, _tcp(size, at))) for at, size in enumerate((0, 1, 40, 512, 1200, 1448))
    ]
    frames.append(_control(LCP, 5, 2, b"User request"))
    return frames


def from_capture(path: Path) -> tuple[list[bytes], str]:
    """The frames of a pcap or pcapng file that a PPP link can carry, and a line that says how many.

    Raises TargetError if it cannot be read or has none.
    """
    cut = ""
    try:
        try:
            captured = read_frames(os.fspath(path))
        except ValueError:
            captured = _as_far_as_it_goes(path)
            cut = ", which ends in the middle of a packet"
    except (OSError, ValueError) as error:
        raise TargetError(f"--frames: {error}") from error
    found = [_as_ppp(link_type, bytes(data)) for _, link_type, data in captured]
    frames = [frame for frame in found if frame]
    if not frames:
        kinds = sorted({link_type for _, link_type, _ in captured})
        raise TargetError(
            f"--frames: {path}: none of its {len(captured)} frames (link types {kinds}) can be sent over PPP;"
            " expected PPP, PPP in HDLC, Ethernet, Linux cooked, loopback or raw IP with IPv4 or IPv6 in it"
        )
    left_out = len(captured) - len(frames[:MOST])
    rest = f", {left_out} left out" if left_out else ""
    return frames[:MOST], f"{len(frames[:MOST])} frames of {path}{cut}{rest}"


def _as_far_as_it_goes(path: Path) -> list[tuple[int, int, bytes]]:
    try:
        return read_frames(os.fspath(path), cut=True)
    except ValueError as error:
        # What there is to do is for who calls a function, and has been done.
        raise ValueError(str(error).removesuffix(": cut=True takes those")) from error


def fill(frames: list[bytes], count: int) -> list[bytes]:
    """`count` frames, the given ones again and again."""
    return list(islice(cycle(frames), count))


def lengths(largest: int) -> Iterator[int]:
    """The lengths of frames for a test of padding: all of them, or many if there are too many."""
    step = max(1, largest // 1500)
    yield from range(1, largest, step)
    yield largest


def of_length(length: int) -> bytes:
    """A frame of that many octets, every third of them one that has to be escaped."""
    return bytes(islice(cycle((0x7E, 0x55, 0x7D, 0x03, 0xAA, 0x11)), length))


def _as_ppp(link_type: int, data: bytes) -> bytes:
    if link_type == PPP_HDLC:
        return data
    if link_type == PPP:
        return data if data.startswith(HEADER) else HEADER + data
    if link_type in ETHERTYPE_AT:
        at, payload = ETHERTYPE_AT[link_type]
        return _network(data[at : at + 2], data[payload:])
    if link_type in RAW:
        return _ip(data)
    if link_type in LOOPBACK:
        return _ip(data[4:])  # the family before it has another number, and order, on each system
    return b""


def _ip(data: bytes) -> bytes:
    protocol = {4: IPV4, 6: IPV6}.get(data[0] >> 4) if data else None
    return _ppp(protocol, data) if protocol else b""


def _network(ethertype: bytes, payload: bytes) -> bytes:
    while int.from_bytes(ethertype, "big") in VLAN:  # one tag may be within another
        ethertype, payload = payload[2:4], payload[4:]
    protocol = ETHERTYPES.get(int.from_bytes(ethertype, "big"))
    return _ppp(protocol, payload) if protocol else b""


def _ppp(protocol: int, payload: bytes) -> bytes:
    return HEADER + protocol.to_bytes(2, "big") + payload


def _control(protocol: int, code: int, identifier: int, data: bytes) -> bytes:
    return _ppp(protocol, struct.pack(">BBH", code, identifier, 4 + len(data)) + data)


def _checksum(data: bytes) -> int:
    padded = data + bytes(len(data) % 2)
    total: int = sum(struct.unpack(f">{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - total


def _ipv4(protocol: int, payload: bytes) -> bytes:
    head = struct.pack(
        ">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0x7E7D, 0x4000, 64, protocol, 0, OURS, PEER
    )
    return head[:10] + _checksum(head).to_bytes(2, "big") + head[12:] + payload


def _icmp(sequence: int, size: int) -> bytes:
    echo = struct.pack(">BBHHH", 8, 0, 0, 0x7E7E, sequence) + of_length(size)
    return echo[:2] + _checksum(echo).to_bytes(2, "big") + echo[4:]


def _tcp(size: int, at: int) -> bytes:
    flags = 0x02 if size == 0 else 0x18
    segment = struct.pack(
        ">HHIIBBHHH", 32000 + at, 80, 0x7D7E0000 + at, 0, 0x50, flags, 0x7E7D, 0, 0
    ) + of_length(size)
    pseudo = OURS + PEER + struct.pack(">BBH", 0, 6, len(segment))
    return segment[:16] + _checksum(pseudo + segment).to_bytes(2, "big") + segment[18:]
