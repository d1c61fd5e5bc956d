"""The adapter's registry as a driver in C reads it: keywords, keys below them, and files that it opens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path


def flat(config: Mapping[str, object], below: str = "") -> Iterator[tuple[str, object]]:
    r"""Each keyword with its value; a dict is a key, whose keywords have its name and a backslash before them.

    Raises ValueError for a file of the configuration that cannot be read, TypeError for a keyword that is no str, and
    for what is no dict.

    >>> from ndiswan.drivers.registry import flat
    >>> dict(flat({"Lines": {"Line0": {"Number": "100"}}}))
    {'Lines\\Line0\\Number': '100'}
    """
    if not isinstance(config, Mapping):
        raise TypeError(f"config: expected a dict of values by keyword, got {config!r}")
    for key, value in config.items():
        if not isinstance(key, str):
            raise TypeError(f"config[{key!r}]: expected a str as keyword, got {type(key).__name__}")
        if isinstance(value, Mapping):
            yield from flat(value, f"{below}{key}\\")
        else:
            yield f"{below}{key}", _content(key, value)


def _content(key: str, value: object) -> object:
    """A value; of a file that the driver opens its content, if it is ``"@PATH"``."""
    if not (key.lower().startswith("file:") and isinstance(value, str) and value.startswith("@")):
        return value
    try:
        return Path(value[1:]).read_bytes()
    except OSError as error:
        raise ValueError(
            f"config[{key!r}]: expected @ and the path of a file that can be read, got {value!r}: {error.strerror}"
        ) from error
