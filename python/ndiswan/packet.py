"""The thing itself: `NDIS_WAN_PACKET`, in the hands of one side.

A packet is a name: which slot of which adapter's pool, and for the miniport which life. Every use
asks the engine who owns the packet now. The protocol's object is the same one on the way down and
on the way back; the miniport gets an object of its own for each life, so that an old reference
stays an old name (`STALE`).
"""

from ndiswan._native import Packet, PacketData

__all__ = ["Packet", "PacketData"]
