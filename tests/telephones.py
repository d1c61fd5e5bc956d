"""What the tests of calls share: the sample ISDN card in C, bound, and a driver of Python that is asked as one in C."""

import sys
from contextlib import contextmanager
from pathlib import Path

import ndiswan as nw
from ndiswan.drivers import load
from ndiswan.drivers.tapi_layout import packed, unpacked
from ndiswan.drivers.tapi_names import TAPI_INDICATION, TapiMessage, TapiOid
from rigs import Peer

SAMPLES = Path(__file__).parent.parent / "examples" / "c"
sys.path.insert(0, str(SAMPLES / "isdn"))
from device import IsdnCard  # noqa: E402  (an example, beside the driver in C that it is for)


class Phones:
    """The sample ISDN driver on its modelled card, with a `Tapi` and a peer."""

    def __init__(self, ndis, bug=0, **settings):
        self.ndis, self.card, self.peer = ndis, IsdnCard(), Peer()
        self.driver = load(SAMPLES / "isdn", define={"BUG": bug}, device=self.card, **settings)
        ndis.bind(self.peer, self.driver)
        self.tapi = nw.Tapi(self.driver, ndis)

    def run(self, seconds):
        """Lets the world go on."""
        self.ndis.run(until=self.ndis.now + seconds)


@contextmanager
def phones(bug=0, on_violation="raise", **settings):
    """A world with the card in it."""
    with nw.Ndis(on_violation=on_violation) as ndis:
        yield Phones(ndis, bug, **settings)


class Answering:
    """A driver that is asked by TAPI only: by request, it answers a status, or what a function of the members says."""

    name = "answering"

    def __init__(self, **answers):
        self.answers = answers
        self.events = []
        self.asked = []
        self.owed = None

    def request(self, oid, data=b"", *, set=False, room=0):  # noqa: A002  (as `CMiniport.request`)
        oid = TapiOid(oid)
        self.asked.append((oid, set))
        answer = self.answers.get(oid.name, nw.SUCCESS)
        structure = f"NDIS_TAPI_{oid.name}"
        if not callable(answer):
            if oid is TapiOid.PROVIDER_INITIALIZE:
                data = packed(structure, {**unpacked(structure, data), "ulNumLineDevs": 1})
            return answer, data
        members = unpacked(structure, data)
        status = answer(members)
        return status or nw.SUCCESS, packed(structure, members)

    def completed(self):
        owed, self.owed = self.owed, None
        return owed

    def tell(self, message, line, call, *parameters):
        """Indicates an event."""
        names = ("ulParam1", "ulParam2", "ulParam3")
        members = {
            "htLine": line,
            "htCall": call,
            "ulMsg": TapiMessage[message],
            **dict(zip(names, parameters, strict=False)),
        }
        self.events.append((TAPI_INDICATION, packed("NDIS_TAPI_EVENT", members)))
