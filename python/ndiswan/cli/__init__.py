"""The commands. Each is a module of its own, imported when it is called: `ndiswan --help` stays quick."""

from ndiswan.cli.group import commands

__all__ = ["commands"]
