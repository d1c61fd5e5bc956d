"""Who owns each packet after an event of it, read off a recording.

The contract itself is in the engine, and `tests/test_viewer.py` compares the two event by event: the engine tells a
story, which takes a text an event, and a page of a million events has no room for those.
"""

from __future__ import annotations

from ndiswan.viewer.run import OWNERS

NONE, POOL, PROTOCOL, NDIS, MINIPORT, RETURNING, LINE = range(len(OWNERS))
PENDING = 0x103


class Owning:
    """The packets of a run, each with its owner and its life."""

    def __init__(self) -> None:
        self._state: dict[int, list[int]] = {}  # by packet: owner, life, whether it was taken back
        self._sent: dict[int, int] = {}  # by CPU: the packet of its last event, if that was a send

    def after(self, what: str, packet: int, life: int, cpu: int, status: int | None) -> int:
        """Who owns the packet after that happened to it."""
        state = self._state.setdefault(packet, [POOL, 0, 0])
        if what == "send":
            self._sent[cpu] = packet if state[0] == PROTOCOL else -1
        else:
            self._sent.pop(cpu, None)
        if what == "submit":
            state[:] = [MINIPORT, life, 0]
        elif what in _STEPS:
            before, now = _STEPS[what]
            if before in (state[0], NONE):
                state[0] = now
                state[2] |= what == "take_back"
        elif state[0] == MINIPORT and state[1] == life:
            final = what == "complete" and not state[2]
            if final or (what == "return" and status != PENDING):
                state[0] = RETURNING
        return state[0]

    def refused(self, cpu: int, packet: int | None) -> bool:
        """Whether the rule that was broken on that CPU was broken by a send: it is refused, and changes no owner."""
        sent = self._sent.pop(cpu, None)
        if sent is None or sent != packet or self._state[sent][0] != NDIS:
            return False
        self._state[sent][0] = PROTOCOL
        return True


# What it was before, and what it is after; NONE is whatever it was: the recording is believed.
_STEPS = {
    "allocate": (NONE, PROTOCOL),
    "send": (PROTOCOL, NDIS),
    "deliver": (NONE, PROTOCOL),
    "unsend": (NDIS, PROTOCOL),
    "free": (PROTOCOL, POOL),
    "take_back": (MINIPORT, RETURNING),
}
