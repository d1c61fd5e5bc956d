"""Dials slirp over a pseudo-terminal and pings it: `python examples/ppp/dial_slirp.py [--early] [--count N]`.

Every frame is a send that the contract watches; a broken rule would end the program with its report.
"""

import argparse
import sys

from driver import PppDriver
from slirp import Slirp

import ndiswan as nw
from ndiswan.miniports import SerialMiniport

PEER = "10.0.2.2"


def main() -> int:
    """Dial, ping, hang up; 0 if every echo request was answered and no rule was broken."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument(
        "--early", action="store_true", help="complete sends before they are written"
    )
    options.add_argument("--count", type=int, default=4, help="echo requests to send (default 4)")
    chosen = options.parse_args()

    driver = PppDriver(say=lambda step: print(f"  {step}"), peer_address=PEER)
    with Slirp() as slirp, nw.Ndis(time=nw.RealTime()) as ndis:
        print(f"dialling {slirp.process.args[0]}, process {slirp.process.pid}")
        ndis.bind(driver, SerialMiniport(slirp.fd, early_completion=chosen.early))
        if not driver.open():
            print(f"no link: LCP is {driver.lcp.state.name}, IPCP {driver.ipcp.state.name}")
            return 1
        print(f"we are {driver.ipcp.address}, the peer is {driver.ipcp.peer_address}")
        lost = 0
        for number in range(1, chosen.count + 1):
            seconds = driver.ping(PEER)
            lost += seconds is None
            answer = "no answer" if seconds is None else f"answer in {seconds * 1000:.2f} ms"
            print(f"echo request {number} to {PEER}: {answer}")
        driver.close()
        ndis.run()
        print(f"{driver.sends} frames sent, {len(driver.statuses)} of them came back,", end=" ")
        print(f"{len(ndis.violations)} broken rules")
    return 1 if lost or ndis.violations else 0


if __name__ == "__main__":
    sys.exit(main())
