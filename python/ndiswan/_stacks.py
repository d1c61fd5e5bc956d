"""Greenlets for the virtual CPUs of adversarial time, which the engine asks for and runs."""

from __future__ import annotations

import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class _Spare(threading.local):
    """A thread's greenlets that have nothing to do."""

    def __init__(self) -> None:
        self.greenlets: list[Any] = []


spare = _Spare()
