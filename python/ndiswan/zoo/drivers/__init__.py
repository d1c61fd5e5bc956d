"""The good drivers that the bugs of the zoo are bugs of."""

from ndiswan.zoo.drivers.bundle import Bundle
from ndiswan.zoo.drivers.common import Driver
from ndiswan.zoo.drivers.failover import Failover
from ndiswan.zoo.drivers.fifo import FifoCard
from ndiswan.zoo.drivers.isdn import Isdn
from ndiswan.zoo.drivers.mailbox import Mailbox
from ndiswan.zoo.drivers.modem import Modem
from ndiswan.zoo.drivers.queued import CoCard, LanCard, NblCard
from ndiswan.zoo.drivers.uart import Uart

__all__ = [
    "Bundle",
    "CoCard",
    "Driver",
    "Failover",
    "FifoCard",
    "Isdn",
    "LanCard",
    "Mailbox",
    "Modem",
    "NblCard",
    "Uart",
]
