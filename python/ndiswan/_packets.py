"""Packets, locks and what was measured, of the extension module.

Nobody has to import it: it is here for its stub, as `_parts` is.
"""

from ndiswan._native import DprForm, Packet, PacketData, SpinLock, measured

__all__ = ["DprForm", "Packet", "PacketData", "SpinLock", "measured"]
