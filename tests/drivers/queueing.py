"""A driver with a queue of its own that opens and closes its window as the queue fills."""

from drivers.timed import Timed
from drivers.wire import good


@good
class Breathing(Timed):
    """Halves the window when its queue is full and doubles it when the queue is empty."""

    def wan_send(self, link, packet):
        self.link = link  # before anything can come back
        answer = super().wan_send(link, packet)
        if len(self.queue) >= link.window > 1:
            self.adapter.line_up(link, window=link.window // 2)
        return answer

    def sent(self):
        super().sent()
        if not self.queue and self.link.up and self.link.window < 8:
            self.adapter.line_up(self.link, window=self.link.window * 2)


@good
class Backwards(Timed):
    """Completes in the opposite order: what is done when is the driver's own affair."""

    def sent(self):
        with self.lock:
            packets = [self.queue.pop() for _ in range(len(self.queue))]
            self.taken += len(packets)
        self.finish(packets)
