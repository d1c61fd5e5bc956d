"""IPCP: which IPv4 addresses the two ends use (RFC 1332).

We ask for 0.0.0.0, which asks the peer to tell us ours. A peer that has no address either is told one.
"""

from ipaddress import IPv4Address
from typing import Any

from automaton import Automaton, Code, Options

__all__ = ["Ipcp"]

ADDRESS = 3
NONE = IPv4Address(0)


class Ipcp(Automaton):
    """The negotiation of addresses: `address` becomes ours, `peer_address` the peer's."""

    name = "IPCP"

    def __init__(self, *arguments: Any, peer_address: IPv4Address = NONE) -> None:
        super().__init__(*arguments)
        self.address = NONE
        self.peer_address = peer_address

    def wanted(self) -> Options:
        return [(ADDRESS, self.address.packed)]

    def refused(self, code: Code, options: Options) -> None:
        address = dict(options).get(ADDRESS, b"")
        if code == Code.CONFIGURE_NAK and len(address) == 4:
            self.address = IPv4Address(address)

    def judge(self, options: Options) -> tuple[Code, Options]:
        strange = [(kind, value) for kind, value in options if (kind, len(value)) != (ADDRESS, 4)]
        if strange:
            return Code.CONFIGURE_REJECT, strange
        for _, value in options:
            if value == NONE.packed and self.peer_address != NONE:
                return Code.CONFIGURE_NAK, [(ADDRESS, self.peer_address.packed)]
            self.peer_address = IPv4Address(value)
        return Code.CONFIGURE_ACK, options
