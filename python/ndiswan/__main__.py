"""`ndiswan` and `python -m ndiswan`: the command line, if what it needs is installed."""

from __future__ import annotations

import sys

USAGE = 4


def main() -> None:
    """Run the command line; it ends the program with its exit code."""
    try:
        import click  # noqa: F401 -- an extra, which may be missing
    except ModuleNotFoundError as error:
        if error.name != "click":
            raise
        sys.stderr.write("ndiswan: the command line needs click: pip install 'ndiswan[cli]'\n")
        sys.exit(USAGE)
    from ndiswan.cli import commands

    commands(prog_name="ndiswan")


if __name__ == "__main__":
    main()
