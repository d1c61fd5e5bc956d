"""Packets, locks, timers and what was measured, of the extension module.

Nobody has to import it: it is here for its stub, as `_parts` is.
"""

from ndiswan._native import Device, Dpc, DprForm, Packet, PacketData, SpinLock, Timer, measured

__all__ = ["Device", "Dpc", "DprForm", "Packet", "PacketData", "SpinLock", "Timer", "measured"]
