"""The NDIS 5.x WAN send/complete contract as software that runs.

Write a `Miniport` and a `Protocol`, bind them in an `Ndis`, and every broken
rule of the contract is caught at the call that breaks it.
"""

from ndiswan._native import (
    Adapter,
    Batch,
    CompletionRing,
    Device,
    Dpc,
    Event,
    Link,
    SpinLock,
    Timer,
    __version__,
)
from ndiswan.irql import Irql
from ndiswan.miniport import InitializeError, Miniport
from ndiswan.ndis import Ndis
from ndiswan.oid import LinkInfo, LinkStats, Oid, Quality, WanInfo
from ndiswan.packet import Packet, PacketData
from ndiswan.policy import Policy
from ndiswan.protocol import Protocol
from ndiswan.status import Severity, Status
from ndiswan.time import AdversarialTime, RealTime, VirtualTime
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

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndiswan.drivers import isolated, load
    from ndiswan.drivers.tapi import Tapi, TapiError
    from ndiswan.exploring import Exploration, Failure, Stepper, replay
    from ndiswan.exploring.explore import explore

_LATER = {
    "ndiswan.drivers": ("isolated", "load"),
    "ndiswan.drivers.tapi": ("Tapi", "TapiError"),
    "ndiswan.exploring": ("Exploration", "Failure", "Stepper", "explore", "replay"),
}


def __getattr__(name: str) -> object:
    """What explores, dials or is in C is imported when it is used, so that `import ndiswan` stays light."""
    for module, names in _LATER.items():
        if name in names:
            from importlib import import_module

            return getattr(import_module(module), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


PENDING = Status.PENDING
SUCCESS = Status.SUCCESS
FAILURE = Status.FAILURE

__all__ = [
    "FAILURE",
    "PENDING",
    "SUCCESS",
    "AccessViolation",
    "Adapter",
    "AdversarialTime",
    "Batch",
    "CompletionRing",
    "ContractViolation",
    "ContractWarning",
    "Device",
    "Dpc",
    "Event",
    "Exploration",
    "Failure",
    "FlowViolation",
    "InitializeError",
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
    "Stepper",
    "Tapi",
    "TapiError",
    "Timer",
    "VirtualTime",
    "WanInfo",
    "__version__",
    "explore",
    "isolated",
    "load",
    "replay",
]
