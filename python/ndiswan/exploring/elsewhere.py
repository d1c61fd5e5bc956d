"""A failure on another machine than the one that found it: where its scenario is, and a command without the file."""

from __future__ import annotations

import os
import shlex
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ndiswan.exploring.execution import Settings

# A longer token is no part of a command line.
LONGEST_TOKEN = 400


def here(name: str) -> str:
    """The scenario's name on this machine: the longest end of its path that is below this folder, if it is not there.

    ``/home/runner/work/x/x/drivers/modem.py:scenario`` is ``drivers/modem.py:scenario`` in a clone of the repository.
    """
    file, colon, function = name.rpartition(":")
    if not colon or os.sep in function:
        file, colon, function = name, "", ""
    path = Path(file)
    if path.exists() or not path.suffix:
        return name
    ends = (Path(*path.parts[start:]) for start in range(1, len(path.parts)))
    return next((f"{end}{colon}{function}" for end in ends if end.exists()), name)


def _words(settings: Settings) -> list[str]:
    """Settings to compare: a policy is what it is by its repr."""
    return [repr(getattr(settings, field.name)) for field in fields(settings)]


def command(content: dict[str, Any], settings: Settings) -> str | None:
    """The command line that runs what a replay file holds, without the file; None if its token is too long for one.

    None, too, if its worlds were not the plain ones, which a command line cannot say.
    """
    plain = type(settings)(cpus=settings.cpus)
    if _words(settings) != _words(plain) or len(content["choices"]) > LONGEST_TOKEN:
        return None
    words = ["ndiswan", "replay", "--target", content["scenario"]]
    words += ["--cpus", str(plain.cpus)] if plain.cpus != type(settings).cpus else []
    for value in content.get("arguments", []):
        words += ["--arg", value]
    return shlex.join([*words, "--token", content["choices"]])
