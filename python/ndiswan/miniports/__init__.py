"""Miniports that drive something real; `import ndiswan` does not load them."""

from .serial import SerialMiniport

__all__ = ["SerialMiniport"]
