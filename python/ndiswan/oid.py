"""What a WAN miniport is asked for: object identifiers and their structures (ntddndis.h)."""

from __future__ import annotations

from enum import IntEnum


class Oid(IntEnum):
    """The WAN object identifiers, without their ``OID_`` prefix.

    >>> hex(nw.Oid.WAN_GET_INFO)
    '0x4010107'
    """

    WAN_PERMANENT_ADDRESS = 0x04010101
    WAN_CURRENT_ADDRESS = 0x04010102
    WAN_QUALITY_OF_SERVICE = 0x04010103
    WAN_PROTOCOL_TYPE = 0x04010104
    WAN_MEDIUM_SUBTYPE = 0x04010105
    WAN_HEADER_FORMAT = 0x04010106
    WAN_GET_INFO = 0x04010107
    WAN_SET_LINK_INFO = 0x04010108
    WAN_GET_LINK_INFO = 0x04010109
    WAN_LINE_COUNT = 0x0401010A
    WAN_PROTOCOL_CAPS = 0x0401010B
    WAN_GET_BRIDGE_INFO = 0x0401020A
    WAN_SET_BRIDGE_INFO = 0x0401020B
    WAN_GET_COMP_INFO = 0x0401020C
    WAN_SET_COMP_INFO = 0x0401020D
    WAN_GET_STATS_INFO = 0x0401020E


class Quality(IntEnum):
    """How good a line is, as line-up says it.

    >>> nw.Quality(1).name
    'ERROR_CONTROL'
    """

    RAW = 0
    ERROR_CONTROL = 1
    RELIABLE = 2


class _Structure:
    __slots__: tuple[str, ...] = ()

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"{type(self).__name__}({fields})"

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    __hash__ = None  # type: ignore[assignment]  # the fields may change


class WanInfo(_Structure):
    """``NDIS_WAN_INFO``: what a miniport can do and asks for (DDK:"OID_WAN_GET_INFO").

    Sizes are bytes: frames without framing overhead, padding free before and behind the data.
    ``max_transmit`` is the number of uncompleted sends a link takes, ``endpoints`` the number of
    links at a time. Values out of range raise ``ValueError`` when the miniport is bound.

    >>> class Modem(nw.Miniport):
    ...     info = nw.WanInfo(max_frame_size=1500, max_transmit=4)
    >>> Modem.info.max_transmit
    4
    """

    __slots__ = (
        "desired_accm",
        "endpoints",
        "framing_bits",
        "header_padding",
        "highest_acceptable_address",
        "max_frame_size",
        "max_transmit",
        "memory_flags",
        "tail_padding",
    )

    def __init__(  # noqa: PLR0913, PLR0917  (one argument a field)
        self,
        max_frame_size: int = 1500,
        max_transmit: int = 4,
        header_padding: int = 0,
        tail_padding: int = 0,
        endpoints: int = 1,
        memory_flags: int = 0,
        highest_acceptable_address: int = 0xFFFF_FFFF_FFFF_FFFF,
        framing_bits: int = 0x100,
        desired_accm: int = 0,
    ) -> None:
        self.max_frame_size = max_frame_size
        self.max_transmit = max_transmit
        self.header_padding = header_padding
        self.tail_padding = tail_padding
        self.endpoints = endpoints
        self.memory_flags = memory_flags
        self.highest_acceptable_address = highest_acceptable_address
        self.framing_bits = framing_bits
        self.desired_accm = desired_accm


class LinkInfo(_Structure):
    """``NDIS_WAN_GET_LINK_INFO`` and ``NDIS_WAN_SET_LINK_INFO``: one link's settings.

    Frame sizes and padding are bytes; a frame longer than ``max_send_frame_size`` (and 32 bytes)
    is answered with INVALID_LENGTH (DDK:"OID_WAN_SET_LINK_INFO").

    >>> with nw.Ndis() as ndis:
    ...     link = ndis.bind(nw.Protocol(), models.CardMiniport(models.Line(rate_bps=64_000)))
    ...     link.set(nw.Oid.WAN_SET_LINK_INFO, nw.LinkInfo(max_send_frame_size=576)).name
    ...     link.query(nw.Oid.WAN_GET_LINK_INFO).max_send_frame_size
    'SUCCESS'
    576
    """

    __slots__ = (
        "header_padding",
        "link_handle",
        "max_recv_frame_size",
        "max_send_frame_size",
        "recv_accm",
        "recv_compression_bits",
        "recv_framing_bits",
        "send_accm",
        "send_compression_bits",
        "send_framing_bits",
        "tail_padding",
    )

    def __init__(  # noqa: PLR0913, PLR0917  (one argument a field)
        self,
        link_handle: int = 0,
        max_send_frame_size: int = 1500,
        max_recv_frame_size: int = 1500,
        header_padding: int = 0,
        tail_padding: int = 0,
        send_framing_bits: int = 0x100,
        recv_framing_bits: int = 0x100,
        send_compression_bits: int = 0,
        recv_compression_bits: int = 0,
        send_accm: int = 0,
        recv_accm: int = 0,
    ) -> None:
        self.link_handle = link_handle
        self.max_send_frame_size = max_send_frame_size
        self.max_recv_frame_size = max_recv_frame_size
        self.header_padding = header_padding
        self.tail_padding = tail_padding
        self.send_framing_bits = send_framing_bits
        self.recv_framing_bits = recv_framing_bits
        self.send_compression_bits = send_compression_bits
        self.recv_compression_bits = recv_compression_bits
        self.send_accm = send_accm
        self.recv_accm = recv_accm


class LinkStats(_Structure):
    """``NDIS_WAN_GET_STATS_INFO``: what went over a link, counted by the engine itself.

    >>> with nw.Ndis() as ndis:
    ...     link = ndis.bind(nw.Protocol(), models.CardMiniport(models.Line(rate_bps=64_000)))
    ...     status = link.send(b"four")
    ...     events = ndis.run()
    ...     link.query(nw.Oid.WAN_GET_STATS_INFO).bytes_sent
    4
    """

    __slots__ = (
        "alignment_errors",
        "buffer_overrun_errors",
        "bytes_rcvd",
        "bytes_sent",
        "crc_errors",
        "frames_rcvd",
        "frames_sent",
        "framing_errors",
        "serial_overrun_errors",
        "timeout_errors",
    )

    def __init__(self, **counts: int) -> None:
        for name in self.__slots__:
            setattr(self, name, counts.get(name, 0))

    alignment_errors: int
    buffer_overrun_errors: int
    bytes_rcvd: int
    bytes_sent: int
    crc_errors: int
    frames_rcvd: int
    frames_sent: int
    framing_errors: int
    serial_overrun_errors: int
    timeout_errors: int
