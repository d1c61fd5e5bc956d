"""The NDIS 5.x WAN send/complete contract as software that runs.

Write a `Miniport` and a `Protocol`, bind them in an `Ndis`, and every broken
rule of the contract is caught at the call that breaks it.
"""

from ndiswan._native import (
    Adapter,
    CompletionRing,
    Dpc,
    Event,
    Link,
    SpinLock,
    Timer,
    __version__,
)
from ndiswan.irql import Irql
from ndiswan.miniport import Miniport
from ndiswan.ndis import Ndis
from ndiswan.oid import LinkInfo, LinkStats, Oid, Quality, WanInfo
from ndiswan.packet import Packet, PacketData
from ndiswan.policy import Policy
from ndiswan.protocol import Protocol
from ndiswan.status import Severity, Status
from ndiswan.time import RealTime, VirtualTime
from ndiswan.violations import (
    AccessViolation,
    ContractViolation,
    ContractWarning,
    FlowViolation,
    IrqlViolation,
    LifeCycleViolation,
    LockViolation,
    OwnershipViolation,
    ProgressViolation,
    StatusViolation,
)

PENDING = Status.PENDING
SUCCESS = Status.SUCCESS
FAILURE = Status.FAILURE

__all__ = [
    "FAILURE",
    "PENDING",
    "SUCCESS",
    "AccessViolation",
    "Adapter",
    "CompletionRing",
    "ContractViolation",
    "ContractWarning",
    "Dpc",
    "Event",
    "FlowViolation",
    "Irql",
    "IrqlViolation",
    "LifeCycleViolation",
    "Link",
    "LinkInfo",
    "LinkStats",
    "LockViolation",
    "Miniport",
    "Ndis",
    "Oid",
    "OwnershipViolation",
    "Packet",
    "PacketData",
    "Policy",
    "ProgressViolation",
    "Protocol",
    "Quality",
    "RealTime",
    "Severity",
    "SpinLock",
    "Status",
    "StatusViolation",
    "Timer",
    "VirtualTime",
    "WanInfo",
    "__version__",
]
