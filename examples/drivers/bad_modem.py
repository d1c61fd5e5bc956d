"""The same driver as its first version was: everything works, until somebody resets it while a frame is in the card.

It passes every test that only sends. `ndiswan check examples/drivers/bad_modem.py` finds what is wrong with it.
"""

from __future__ import annotations

from modem import Modem

import ndiswan as nw


class BadModem(Modem):
    """Aborts what it owes when it is reset, as the page asks of a deserialized miniport."""

    def abort(self) -> None:
        """Everything that is owed comes back."""
        with self.lock:
            owed = [self.sending, *self.queue] if self.sending else [*self.queue]
            self.queue.clear()
            self.in_hand += len(owed)
        for packet in owed:
            self.adapter.wan_send_complete(packet, nw.Status.REQUEST_ABORTED)
        self.put_down(len(owed))

    def halt(self) -> None:
        super().abort()
        super().halt()
