"""Options that a project sets for all who work on it: `[tool.ndiswan.COMMAND]` in its pyproject.toml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

FILE, TABLE = "pyproject.toml", "tool.ndiswan"


def defaults(name: str, command: click.Command) -> dict[str, Any]:
    """What is in the nearest file for this command, as click takes it; nothing if there is none.

    Raises click.UsageError for what cannot be read, and for an option that the command does not have or take.
    """
    here = Path.cwd()
    file = next((one for f in (here, *here.parents) if (one := f / FILE).is_file()), None)
    tables = {} if file is None else _tables(file)
    for known in tables:
        if known not in _names():
            raise click.UsageError(
                f"{file}: [{TABLE}]: expected a table for one of {', '.join(_names())}, got {known!r}"
            )
    return _of(command, tables.get(name, {}), f"{file}: [{TABLE}.{name}]")


def _names() -> list[str]:
    from ndiswan.cli.group import COMMANDS

    return sorted(COMMANDS)


def _tables(file: Path) -> dict[str, Any]:
    try:
        text = file.read_text("utf-8")
        if TABLE not in text:
            return {}  # most have none, and reading TOML takes its time
        import tomllib

        found: dict[str, Any] = tomllib.loads(text).get("tool", {}).get("ndiswan", {})
    except (OSError, ValueError, AttributeError) as error:
        raise click.UsageError(
            f"{file}: expected TOML, as the packaging tools read it: {error}"
        ) from error
    return found


def _of(command: click.Command, given: Any, where: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise click.UsageError(f"{where}: expected a table of options, got {given!r}")
    if isinstance(command, click.Group):
        return {
            name: _of(command.commands[name], table, f"{where[:-1]}.{name}]")
            for name, table in given.items()
            if name in command.commands
        }
    options = {
        option.removeprefix("--"): one
        for one in command.params
        if isinstance(one, click.Option)
        for option in one.opts
        if option.startswith("--")
    }
    found = {}
    for name, value in given.items():
        option = options.get(name)
        if option is None or option.name is None:
            raise click.UsageError(
                f"{where}: expected options of the command ({', '.join(sorted(options))}), got {name!r}"
            )
        found[option.name] = _value(option, value, f"{where} {name}")
    return found


def _value(option: click.Option, value: Any, where: str) -> Any:
    several = value if isinstance(value, list) else [value]
    if len(several) != 1 and not option.multiple:
        raise click.UsageError(f"{where}: expected one value, got {value!r}")
    words = [one if isinstance(one, bool) else str(one) for one in several]
    for one, word in zip(several, words, strict=True):
        if isinstance(one, dict) or isinstance(one, bool) != option.is_flag:
            kind = "true or false" if option.is_flag else "text or a number"
            raise click.UsageError(f"{where}: expected {kind}, got {one!r}")
        try:
            option.type(word, option, None)
        except click.BadParameter as error:
            raise click.UsageError(f"{where}: {error.message}") from error
    return words if option.multiple else words[0]
