"""Spin locks: how they are taken and given back, and when none may be held."""

import ndiswan as nw
from catalogue.case import Modem, breaks, keeps


class TwoLocks(Modem):
    """A driver with a lock for the card and one for its queue."""

    def initialize(self):
        super().initialize()
        self.card = self.adapter.spin_lock("card")


@breaks("LOCK_HELD", call="ndis.run")
class CompletesInItsLock(Modem):
    """Walks the queue and completes inside of the lock."""

    def sent(self):
        with self.lock:
            packet = self.owed.popleft()
            self.adapter.wan_send_complete(packet, nw.SUCCESS)  # breaks LOCK_HELD


@keeps("LOCK_HELD")
class CompletesOutsideOfItsLock(Modem):
    """Takes the packet inside of the lock, completes outside."""

    def sent(self):
        with self.lock:
            packet = self.owed.popleft()
        self.adapter.wan_send_complete(packet, nw.SUCCESS)


@breaks("LOCK_RECURSION", call="link.send")
class TakesItsLockTwice(Modem):
    """`wan_send` has the lock and calls a helper that takes it."""

    def wan_send(self, link, packet):
        with self.lock:
            self.note(packet)
        self.timer.set(0.001)
        return nw.PENDING

    def note(self, packet):
        with self.lock:  # breaks LOCK_RECURSION
            self.owed.append(packet)


@keeps("LOCK_RECURSION")
class TakesItsLockOnce(Modem):
    """The helper expects that its caller has the lock."""

    def wan_send(self, link, packet):
        with self.lock:
            self.note(packet)
        self.timer.set(0.001)
        return nw.PENDING

    def note(self, packet):
        self.owed.append(packet)


@breaks("LOCK_UNHELD", call="link.send")
class ReleasesTwice(Modem):
    """An error path releases, and falls into the common exit, which releases."""

    def wan_send(self, link, packet):
        self.lock.acquire()
        self.owed.append(packet)
        self.lock.release()
        self.timer.set(0.001)
        self.lock.release()  # breaks LOCK_UNHELD
        return nw.PENDING


@keeps("LOCK_UNHELD")
class ReleasesOnce(Modem):
    """One acquire, one release."""

    def wan_send(self, link, packet):
        self.lock.acquire()
        self.owed.append(packet)
        self.lock.release()
        self.timer.set(0.001)
        return nw.PENDING


@breaks("LOCK_ORDER", call="ndis.run")
class TwoOrders(TwoLocks):
    """The send path takes card, then queue; the timer takes queue, then card."""

    def wan_send(self, link, packet):
        with self.card, self.lock:
            self.owed.append(packet)
        self.timer.set(0.001)
        return nw.PENDING

    def sent(self):
        with self.lock, self.card:  # breaks LOCK_ORDER
            pass
        super().sent()


@keeps("LOCK_ORDER")
class OneOrder(TwoLocks):
    """Card before queue, everywhere."""

    def wan_send(self, link, packet):
        with self.card, self.lock:
            self.owed.append(packet)
        self.timer.set(0.001)
        return nw.PENDING

    def sent(self):
        with self.card, self.lock:
            pass
        super().sent()


@breaks("LOCK_FORM", call="link.send", both=False)
class DprAtPassive(Modem):
    """A deserialized `wan_send`, which can run at PASSIVE, takes the lock as its timer does."""

    serialized = False

    def wan_send(self, link, packet):
        with self.lock.dpr:  # breaks LOCK_FORM
            self.owed.append(packet)
        self.timer.set(0.001)
        return nw.PENDING


@keeps("LOCK_FORM", both=False)
class DprAtDispatch(Modem):
    """The plain form in `wan_send`, the Dpr form in the timer: the same lock may be taken by both."""

    serialized = False

    def sent(self):
        with self.lock.dpr:
            packet = self.owed.popleft()
        self.adapter.wan_send_complete(packet, nw.SUCCESS)


@breaks("LOCK_LEAK", call="link.send")
class ReturnsWithItsLock(Modem):
    """Takes its lock, finds the frame too long, and returns without releasing."""

    def wan_send(self, link, packet):
        self.lock.acquire()
        if len(packet) > 4:
            return nw.Status.INVALID_LENGTH
        self.lock.release()
        return nw.SUCCESS


@keeps("LOCK_LEAK")
class ReturnsWithoutItsLock(Modem):
    """A `with` block releases on every path."""

    def wan_send(self, link, packet):
        with self.lock:
            if len(packet) > 4:
                return nw.Status.INVALID_LENGTH
        return nw.SUCCESS
