"""Drivers in C: compiled as they are, loaded, and bound like those of Python."""

from ndiswan.drivers.building import build
from ndiswan.drivers.card_memory import CardMemory
from ndiswan.drivers.crash import DriverCrash, SanitizerReport
from ndiswan.drivers.isolation import RemoteError, isolated
from ndiswan.drivers.loading import CMiniport, load
from ndiswan.drivers.sanitizing import SanitizerError
from ndiswan.drivers.sources import BuildError

__all__ = [
    "BuildError",
    "CMiniport",
    "CardMemory",
    "DriverCrash",
    "RemoteError",
    "SanitizerError",
    "SanitizerReport",
    "build",
    "isolated",
    "load",
]
