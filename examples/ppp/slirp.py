"""A PPP peer that nobody here wrote: `slirp-fullbolt -P` (Debian package slirp) on a pseudo-terminal.

Slirp speaks PPP on its standard input and output and emulates a network behind it: it gives its peer an address
(10.0.2.15) and answers echo requests to 10.0.2.2. It has no address until it is told one: its peer names 10.0.2.2.
"""

import os
import shutil
import subprocess
import tempfile
import tty
from types import TracebackType
from typing import Self

__all__ = ["INSTALL", "Slirp"]

PROGRAM = "slirp-fullbolt"
INSTALL = "apt-get install -y slirp"


class Slirp:
    """A running slirp; `fd` is our end of its line. Leaving the block ends it.

    Raises FileNotFoundError, with the line that installs it, if it is not on this machine.
    """

    def __init__(self) -> None:
        program = shutil.which(PROGRAM)
        if program is None:
            raise FileNotFoundError(f"{PROGRAM} is not installed; expected it on PATH: {INSTALL}")
        self.fd, theirs = os.openpty()
        tty.setraw(theirs)
        self._home = tempfile.TemporaryDirectory(prefix="slirp-")
        try:
            # A home of its own: nobody's ~/.slirprc decides what is tested.
            self.process = subprocess.Popen(
                [program, "-P"],
                stdin=theirs,
                stdout=theirs,
                stderr=subprocess.DEVNULL,
                cwd=self._home.name,
                env={**os.environ, "HOME": self._home.name},
                start_new_session=True,
            )
        finally:
            os.close(theirs)

    def kill(self) -> None:
        """End it at once, as a lost line would."""
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
        os.close(self.fd)
        self._home.cleanup()
