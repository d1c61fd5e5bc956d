"""The switches for what the published pages leave open."""

from __future__ import annotations

from ndiswan.status import Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal


class Policy:
    """What happens where the pages are silent; the defaults are the design's.

    Parameters
    ----------
    callback_at_dispatch:
        ``Protocol.send_complete`` runs at DISPATCH; else at the level of whoever completes.
    serialized_reentry:
        A send made from inside a serialized miniport's completion is ``"queued"`` until the
        miniport returns, or calls it again on the same stack (``"recursive"``).
    window_shrink:
        A window set below what is outstanding holds new sends back (``"hold_back"``), or is
        reported as ``WINDOW`` as well (``"report"``).
    reset_leftovers:
        The status with which NDIS completes what a serialized miniport leaves at a reset.
    owed_at_halt:
        A packet owed when halt ends breaks ``LOST`` (``"report"``), or goes back quietly
        (``"return"``).
    queued_at_line_down:
        Queued sends wait (``"keep"``), or go back with FAILURE (``"return"``).
    resources_as_final:
        RESOURCES as a final status: ``"warn"``, ``"report"`` or ``"allow"``.
    beyond_window:
        Sends beyond the window are kept by NDIS (``"queue"``), or break ``WINDOW``
        (``"report"``): the protocol plays NDISWAN and keeps the window itself.

    Raises
    ------
    TypeError
        ``callback_at_dispatch`` is neither True nor False.
    ValueError
        When the policy is used: a switch has a value that it does not know.

    Examples
    --------
    >>> policy = nw.Policy(owed_at_halt="return")
    >>> with nw.Ndis(policy=policy) as ndis:
    ...     link = ndis.bind(nw.Protocol(), models.CardMiniport(models.Line(rate_bps=64_000)))
    ...     status = link.send(b"never back")
    >>> ndis.violations
    []
    """

    __slots__ = (
        "beyond_window",
        "callback_at_dispatch",
        "owed_at_halt",
        "queued_at_line_down",
        "reset_leftovers",
        "resources_as_final",
        "serialized_reentry",
        "window_shrink",
    )

    def __init__(
        self,
        *,
        callback_at_dispatch: bool = True,
        serialized_reentry: Literal["queued", "recursive"] = "queued",
        window_shrink: Literal["hold_back", "report"] = "hold_back",
        reset_leftovers: Status = Status.REQUEST_ABORTED,
        owed_at_halt: Literal["report", "return"] = "report",
        queued_at_line_down: Literal["keep", "return"] = "keep",
        resources_as_final: Literal["warn", "report", "allow"] = "warn",
        beyond_window: Literal["queue", "report"] = "queue",
    ) -> None:
        if not isinstance(callback_at_dispatch, bool):
            raise TypeError(
                f"callback_at_dispatch: expected True or False, got {callback_at_dispatch!r}"
            )
        self.callback_at_dispatch = callback_at_dispatch
        self.serialized_reentry = serialized_reentry
        self.window_shrink = window_shrink
        self.reset_leftovers = reset_leftovers
        self.owed_at_halt = owed_at_halt
        self.queued_at_line_down = queued_at_line_down
        self.resources_as_final = resources_as_final
        self.beyond_window = beyond_window

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Policy):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    def __hash__(self) -> int:
        return hash(tuple(getattr(self, name) for name in self.__slots__))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"Policy({fields})"
