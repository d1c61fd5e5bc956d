"""Greenlets for the virtual CPUs of adversarial time, which the engine asks for."""

from __future__ import annotations

import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class _Spare(threading.local):
    """A thread's greenlets that have nothing to do."""

    def __init__(self) -> None:
        self.greenlets: list[Any] = []


spare = _Spare()


def cpu(body: Callable[[], object], current: Callable[[], Any]) -> None:
    """What the greenlet of a virtual CPU does: its part of one world after the other.

    While it waits for the next one, in its parent, no frame of the engine's is on its stack.
    """
    while True:
        body()
        del body
        body, current = current().parent.switch()
