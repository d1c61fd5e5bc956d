"""Two calls on one card, connected to each other: run it with `python examples/c/isdn/call.py`."""

from pathlib import Path

from device import IsdnCard

import ndiswan as nw
from ndiswan.drivers import load


class Printer(nw.Protocol):
    """Prints what arrives."""

    def receive(self, link, data):
        print(f"link {driver.adapter.links.index(link)} got {bytes(data)!r}")


driver = load(Path(__file__).parent, device=IsdnCard())
with nw.Ndis() as ndis:
    ndis.bind(Printer(), driver)

    tapi = nw.Tapi(driver, ndis)
    print(tapi.initialize(), "lines")
    near, far = tapi.open(0), tapi.open(1)

    out = tapi.make_call(near, "200")  # the number of the other channel
    came = tapi.next_call()
    print(out.state.name, "->", came.state.name)
    came.answer()
    out.wait("connected")
    came.wait("connected", timeout=1)

    out.link.send(b"hello, channel 2")
    came.link.send(b"hello, channel 1")
    ndis.run(until=ndis.now + 0.1)

    out.drop()
    came.wait("idle")
    print([state.name for state in out.states], [state.name for state in came.states])
    tapi.shutdown()
print("violations:", ndis.violations, "leaks:", driver.leaks)
