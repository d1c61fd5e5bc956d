"""A request to a driver in C, until it is over: NDIS sends it one at a time, and waits for one that is pending."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Protocol as Typed

from ndiswan.drivers.tapi_call import TapiError
from ndiswan.status import Status

if TYPE_CHECKING:
    from ndiswan.ndis import Ndis


class Answers(Typed):
    """What takes requests: `CMiniport` does, and a test's own stand-in may."""

    name: str

    def request(
        self,
        oid: int,
        data: bytes = b"",
        *,
        set: bool = False,  # noqa: A002  (as `CMiniport.request`)
        room: int = 0,
    ) -> tuple[Status, bytes]:
        """As `CMiniport.request`."""

    def completed(self) -> tuple[Status, bytes] | None:
        """As `CMiniport.completed`."""


def finished(
    miniport: Answers,
    ndis: Ndis,
    oid: int,
    data: bytes,
    *,
    set: bool,  # noqa: A002  (as `CMiniport.request`)
    timeout: float,
    name: str,
    room: int = 0,
) -> tuple[Status, bytes]:
    """Sends it and waits, if it is answered PENDING: the status in the end, whatever it is, and the buffer after it.

    Raises
    ------
    TapiError
        The driver answered PENDING and owes the completion after ``timeout`` seconds of the world.
    """
    status, answer = miniport.request(oid, data, set=set, room=max(room, len(data)))
    if status is not Status.PENDING:
        return status, answer
    outcomes: list[tuple[Status, bytes]] = []

    def over() -> bool:
        outcome = miniport.completed()
        if outcome is not None:
            outcomes.append(outcome)
        return bool(outcomes)

    if not over() and not ndis.wait(over, timeout) and not outcomes:
        call = "NdisMSetInformationComplete" if set else "NdisMQueryInformationComplete"
        raise TapiError(
            f"{miniport.name}: {name} was answered PENDING and not completed after {timeout:g} s; expected {call}",
            status,
        )
    return outcomes[0]
