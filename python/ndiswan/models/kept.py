"""What a sweep keeps in its folder: a file for each point and some of its replications.

A file is called by what it depends on, a hash of the point's links, the seed, the times and the version, and by its
replications. So a sweep that is begun again takes what is there, be it with more points, more replications, another
order or other names; and a folder may serve several sweeps.
"""

from __future__ import annotations

import json
import os
import re
import threading
import warnings
import zipfile
import zlib
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ndiswan import __version__
from ndiswan.models.measured import STAGES, WIDE, Measured

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndiswan.models.stages import Column
    from ndiswan.models.sweep_task import Settings

FORMAT = 2

# What reading a file raises that is not what was written.
_DAMAGE = (
    *(OSError, EOFError, AttributeError, KeyError, ValueError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error),
)


class DamagedFileWarning(UserWarning):
    """A file of a sweep's folder cannot be read, or is another point's; what was in it is computed again.

    >>> issubclass(models.DamagedFileWarning, UserWarning)
    True
    """


class Kept:
    """The folder of a sweep. ``specs`` below is how many links a point has."""

    def __init__(self, folder: str | Path, settings: Settings) -> None:
        if not isinstance(folder, (str, os.PathLike)):
            raise TypeError(f"directory: expected the path of a folder, got {folder!r:.60}")
        self.folder = Path(folder)
        self._settings = settings
        self._there: dict[str, list[tuple[int, int]]] = {}
        with _of_the_folder(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            paths = sorted(self.folder.iterdir())
        for path in paths:
            if match := re.fullmatch(r"([0-9a-f]{32})-(\d+)-(\d+)\.npz", path.name):
                self._there.setdefault(match[1], []).append((int(match[2]), int(match[3])))

    def key(self, links: tuple[str, ...]) -> str:
        """What files of these links are called."""
        settings = self._settings
        seed = [str(settings.entropy), settings.spawn_key, settings.pool_size]
        known = [FORMAT, __version__, seed, settings.until_ns, settings.warmup_ns, links]
        return blake2b(json.dumps(known).encode(), digest_size=16).hexdigest()

    def load(self, links: tuple[str, ...], replications: int) -> list[tuple[int, Measured]]:
        """What there is of the first ``replications`` of a point: in order, each with the number of its first one.

        A file that is damaged is put aside (``.damaged``), with a `DamagedFileWarning`.
        """
        key, found, after = self.key(links), [], 0
        for first, end in sorted(self._there.get(key, ())):
            begin, stop = max(after, first), min(end, replications)
            if begin >= stop:
                continue
            measured = self._read(self._path(key, first, end), (end - first) * len(links))
            if measured is not None:
                groups = (begin - first) * len(links), (stop - first) * len(links)
                found.append((begin, measured.part(*groups)))
                after = stop
        return found

    def keep(self, links: tuple[str, ...], first: int, end: int, measured: Measured) -> None:
        """Write a file, whole or not at all; into a new folder, if somebody has removed it."""
        arrays = _arrays(measured)
        path = self._path(self.key(links), first, end)
        part = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.part")
        with _of_the_folder(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                # NumPy 2.0 would keep allow_pickle as an array.
                np.savez(file, check=_check(arrays, path.name), **arrays)  # type: ignore[arg-type]
            part.replace(path)

    def _path(self, key: str, first: int, end: int) -> Path:
        return self.folder / f"{key}-{first}-{end}.npz"

    @staticmethod
    def _read(path: Path, groups: int) -> Measured | None:
        try:
            # What NumPy opens itself stays open if it is damaged.
            with path.open("rb") as file:
                loaded = np.load(file, allow_pickle=False)
                arrays = {name: loaded[name] for name in loaded.files}
            if not np.array_equal(arrays.pop("check"), _check(arrays, path.name)):
                raise ValueError("expected what was written under this name, its contents are not")
            measured = _measured(arrays)
            if measured.groups != groups:
                raise ValueError(f"expected {groups} groups of links, got {measured.groups}")
        except _DAMAGE as error:
            aside = path.with_name(f"{path.name}.damaged")
            path.replace(aside)
            message = (
                f"{path}: cannot be read ({error}); put aside as {aside.name} and computed again"
            )
            warnings.warn(DamagedFileWarning(message), stacklevel=2)
            return None
        return measured


@contextmanager
def _of_the_folder(folder: Path) -> Iterator[None]:
    """What the system refuses is told with the parameter that it is about."""
    try:
        yield
    except OSError as error:
        said = f"directory: expected a folder that can be written, got {folder}: {error.strerror or error}"
        raise OSError(error.errno, said) from error


def _arrays(measured: Measured) -> dict[str, Column]:
    counters = measured.counters
    names = [name for name in counters if name not in WIDE]
    # Most buckets occur in every replication: each is written once, and then which it was.
    low, first, which = np.unique(measured.buckets[:, 0], return_index=True, return_inverse=True)
    return {
        "stages": np.array(STAGES),
        "names": np.array(names),
        "counters": np.stack([counters[name] for name in names]),
        "sums": np.stack([counters[name] for name in WIDE]),
        "group": measured.group,
        "totals": measured.totals,
        "low": low,
        "width": measured.buckets[first, 1],
        "which": _narrow(which),
        "counts": _narrow(measured.buckets[:, 2]),
    }


def _narrow(numbers: Column) -> Column:
    """Whole numbers in as few bytes as they need."""
    return numbers.astype(np.min_scalar_type(numbers.max(initial=0)))


def _measured(arrays: dict[str, Column]) -> Measured:
    if tuple(arrays["stages"].tolist()) != STAGES:
        raise ValueError(f"expected the stages {', '.join(STAGES)}")
    counters = dict(zip(arrays["names"].tolist(), arrays["counters"], strict=True))
    counters |= dict(zip(WIDE, arrays["sums"], strict=True))
    which = arrays["which"]
    buckets = np.stack([arrays["low"][which], arrays["width"][which], arrays["counts"]], axis=1)
    return Measured(counters, arrays["group"], arrays["totals"], buckets.astype(np.uint64))


def _check(arrays: dict[str, Column], name: str) -> Column:
    """A checksum of all that is written and of the file's name, so that nothing else passes for this result."""
    digest = blake2b(name.encode(), digest_size=16)
    for key in sorted(arrays):
        array = np.ascontiguousarray(arrays[key])
        digest.update(f"{key} {array.dtype.str} {array.shape}".encode())
        digest.update(array.tobytes())
    return np.frombuffer(digest.digest(), np.uint8)
