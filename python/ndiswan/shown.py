"""What shows itself in a notebook: as HTML, and as its text where there is no HTML."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Shown:
    """Objects of this class are shown by ``ndiswan.notebook``, which is imported when the first one is."""

    __slots__ = ()

    def __init_subclass__(cls, **of: Any) -> None:
        super().__init_subclass__(**of)
        # IPython takes a class's own way before that of a base, and a data class has its repr of its own.
        cls._repr_pretty_ = Shown._repr_pretty_  # type: ignore[method-assign]

    def _repr_html_(self) -> str:
        from ndiswan.notebook import html

        return html(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002 -- IPython's
        printer.text(str(self))
