"""Drivers in C: compiled as they are, loaded, and bound like those of Python."""

from ndiswan.drivers.building import BuildError, build
from ndiswan.drivers.crash import DriverCrash
from ndiswan.drivers.loading import CMiniport, load

__all__ = ["BuildError", "CMiniport", "DriverCrash", "build", "load"]
