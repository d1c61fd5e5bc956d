"""Where what was compiled goes."""

from __future__ import annotations

import os
from pathlib import Path

from ndiswan._whole import write_whole
from ndiswan.drivers.sources import BuildError, cache
from ndiswan.refused import refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def expect_free(output: str | os.PathLike[str], read: Iterable[Path]) -> None:
    """Refuse a folder, and the name of one of the files that are compiled, which would be no more."""
    target = Path(output)
    if target.is_dir():
        raise BuildError(
            f"output: expected the name of a file, got {os.fspath(output)!r}, a folder"
        )
    if target.exists() and any(target.samefile(file) for file in read):
        raise BuildError(f"output: expected a file of its own, got {target}, which is compiled")


def put(made: Path, target: Path) -> None:
    """Have the file there at once: others may look for it meanwhile, and make it as well."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, made.read_bytes())
    except OSError as error:
        told = refused(error) or f"{target.parent}: {error.strerror or error}"
        if cache() not in target.parents:
            raise BuildError(f"output: expected a file that can be written: {told}") from error
        raise BuildError(
            f"{target.name} was built and cannot be kept: {told}; $NDISWAN_CACHE names the folder for built files"
        ) from error
