"""Drivers in C: compiled as they are, loaded, and bound like those of Python."""

from ndiswan.drivers.building import build
from ndiswan.drivers.card_memory import CardMemory
from ndiswan.drivers.card_model import CardModel, Register, Registers
from ndiswan.drivers.crash import DriverCrash, SanitizerReport
from ndiswan.drivers.dma import BusError, DescriptorRing, read_memory, write_memory
from ndiswan.drivers.isolation import RemoteError, isolated
from ndiswan.drivers.loading import CMiniport, load
from ndiswan.drivers.pci import PciConfiguration
from ndiswan.drivers.sanitizing import SanitizerError
from ndiswan.drivers.sources import BuildError

__all__ = [
    "BuildError",
    "BusError",
    "CMiniport",
    "CardMemory",
    "CardModel",
    "DescriptorRing",
    "DriverCrash",
    "PciConfiguration",
    "Register",
    "Registers",
    "RemoteError",
    "SanitizerError",
    "SanitizerReport",
    "build",
    "isolated",
    "load",
    "read_memory",
    "write_memory",
]
