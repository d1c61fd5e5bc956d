"""Whether this process may die of a driver: then somebody waits for it, and tells what it left."""

from ndiswan import _native

_files: list[int] = []


def supervise(file: int, standstill: float | None = None, ticks: int | None = None) -> None:
    """Have this process leave its last words in the open ``file``, as `ndiswan._native.supervise` says."""
    _native.supervise(file, standstill, ticks)
    _files.append(file)


def is_supervised() -> bool:
    """Whether it does, or is a copy of one that does."""
    return bool(_files)
