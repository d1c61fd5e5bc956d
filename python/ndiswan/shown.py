"""What shows itself in a notebook: as HTML, and as its text where there is no HTML."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Shown:
    """Objects of this class are shown by ``ndiswan.notebook``, which is imported when the first one is."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        from ndiswan.notebook import html

        return html(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002 -- IPython's
        printer.text(str(self))
