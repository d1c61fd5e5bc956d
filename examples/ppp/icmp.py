"""Echo requests and replies: ICMP (RFC 792) in IPv4 (RFC 791), with their check sums (RFC 1071)."""

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address

__all__ = ["REPLY", "REQUEST", "Echo", "check_sum", "pack", "parse"]

REQUEST, REPLY = 8, 0
_ICMP = 1


@dataclass(frozen=True)
class Echo:
    """An echo request or reply, and the addresses that it goes between."""

    kind: int
    source: IPv4Address
    destination: IPv4Address
    identifier: int
    sequence: int
    data: bytes


def check_sum(octets: bytes) -> int:
    """The Internet check sum; 0 over octets that hold their own correct one."""
    if len(octets) % 2:
        octets += b"\0"
    total = sum(struct.unpack(f">{len(octets) // 2}H", octets))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def pack(echo: Echo) -> bytes:
    """The echo as an IPv4 packet."""
    head = struct.pack(">BBHHH", echo.kind, 0, 0, echo.identifier, echo.sequence)
    icmp = _summed(head + echo.data, 2)
    addresses = echo.source.packed + echo.destination.packed
    length = 20 + len(icmp)
    header = struct.pack(">BBHHHBBH", 0x45, 0, length, echo.sequence, 0, 64, _ICMP, 0)
    return _summed(header + addresses, 10) + icmp


def parse(packet: bytes) -> Echo | None:
    """The echo in an IPv4 packet; None if it holds something else, is a fragment, or a check sum is wrong."""
    if len(packet) < 20 or packet[0] >> 4 != 4:
        return None
    header = (packet[0] & 15) * 4
    length, fragment, protocol = struct.unpack_from(">2xH2xHxB", packet)
    if not 20 <= header <= length - 8 <= len(packet) - 8:
        return None
    icmp = packet[header:length]
    if protocol != _ICMP or fragment & 0x3FFF or icmp[0] not in {REQUEST, REPLY} or icmp[1]:
        return None
    if check_sum(packet[:header]) or check_sum(icmp):
        return None
    identifier, sequence = struct.unpack_from(">HH", icmp, 4)
    source, destination = IPv4Address(packet[12:16]), IPv4Address(packet[16:20])
    return Echo(icmp[0], source, destination, identifier, sequence, icmp[8:])


def _summed(octets: bytes, at: int) -> bytes:
    return octets[:at] + struct.pack(">H", check_sum(octets)) + octets[at + 2 :]
