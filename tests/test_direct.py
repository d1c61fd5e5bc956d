"""Methods that stand in front of pyo3's: they are called as pyo3's are, and say the same of what is wrong."""

import inspect

import pytest

import ndiswan as nw
from ndiswan import _native


class Holding(nw.Miniport):
    """Keeps its packets, and has a timer and a device."""

    serialized = False

    def initialize(self):
        self.held = []
        self.fired = []
        self.timer = self.adapter.timer(lambda: self.fired.append("timer"))
        self.device = self.adapter.device(lambda: self.fired.append("device"))

    def wan_send(self, link, packet):
        self.held.append(packet)
        return nw.PENDING


METHODS = [
    (_native.Link.send, "Link.send", "(self, /, data)", "Sends a frame"),
    (
        _native.Adapter.wan_send_complete,
        "Adapter.wan_send_complete",
        "(self, /, packet, status=None)",
        "Gives a packet back",
    ),
    (nw.Timer.set_ns, "Timer.set_ns", "(self, /, nanoseconds)", "Sets it to"),
    (nw.Device.set_ns, "Device.set_ns", "(self, /, nanoseconds)", "Has it happen"),
    (nw.SpinLock.__exit__, "SpinLock.__exit__", "(self, /, *_args)", ""),
]


@pytest.mark.parametrize(("method", "name", "signature", "text"), METHODS)
def test_a_method_says_what_it_is(method, name, signature, text):
    """Name, class, signature and text are those of pyo3's method."""
    assert (method.__qualname__, method.__name__) == (name, name.rpartition(".")[2])
    assert str(inspect.signature(method)) == signature
    assert (method.__doc__ or "").startswith(text)
    assert method.__objclass__.__name__ == name.partition(".")[0]


def test_arguments_may_have_names():
    """By position, by name and with the default it is the same call."""
    with nw.Ndis() as ndis:
        miniport = Holding()
        link = ndis.bind(nw.Protocol(), miniport)
        adapter = miniport.adapter
        assert link.send(b"one") == link.send(data=b"two") == nw.PENDING
        assert _native.Link.send(link, b"three") == _native.Link.send(link, data=4) == nw.PENDING
        one, two, three, four = miniport.held
        adapter.wan_send_complete(one)
        adapter.wan_send_complete(two, None)
        adapter.wan_send_complete(three, status=nw.FAILURE)
        adapter.wan_send_complete(packet=four, status=nw.SUCCESS)
        miniport.timer.set_ns(nanoseconds=5)
        miniport.device.set_ns(nanoseconds=6)
        ndis.run()
        assert (miniport.fired, ndis.now_ns, adapter.now_ns) == (["timer", "device"], 6, 6)


def test_a_lock_is_given_back_at_the_end_of_a_block():
    """`__exit__` takes whatever comes, hides no exception, and is refused where the lock is not held."""
    with nw.Ndis() as ndis:
        lock = ndis.bind(nw.Protocol(), Holding()).adapter.spin_lock("queue")
        with lock as entered:
            assert (entered is lock, lock.held) == (True, True)
        with pytest.raises(KeyError), lock:
            raise KeyError
        for count in range(5):
            lock.acquire()
            assert lock.__exit__(*range(count)) is None
            assert not lock.held
        with pytest.raises(nw.LockViolation):
            lock.__exit__(None, None, None)


WRONG = [
    (lambda link: link.send(), "Link.send() missing 1 required positional argument: 'data'"),
    (lambda link: link.send(b"", b""), "Link.send() takes 1 positional arguments but 2 were given"),
    (lambda link: link.send(b"", data=b""), "Link.send() got multiple values for argument 'data'"),
    (lambda link: link.send(frame=b""), "Link.send() got an unexpected keyword argument 'frame'"),
    (
        lambda link: link.adapter.wan_send_complete(),
        "Adapter.wan_send_complete() missing 1 required positional argument: 'packet'",
    ),
    (
        lambda link: link.adapter.wan_send_complete(1, 2, 3),
        "Adapter.wan_send_complete() takes from 1 to 2 positional arguments but 3 were given",
    ),
    (
        lambda link: link.adapter.spin_lock("queue").__exit__(None, why=None),
        "SpinLock.__exit__() got an unexpected keyword argument 'why'",
    ),
    (
        lambda _: _native.Link.send(b"no link", b""),
        "descriptor 'send' for 'ndiswan.Link' objects doesn't apply to a 'bytes' object",
    ),
]


@pytest.mark.parametrize(("call", "message"), WRONG)
def test_a_call_that_is_none_says_why(call, message):
    """Other arguments than a method has are a TypeError that says so, outside of drivers and inside."""
    said = []

    class Caller(Holding):
        def wan_send(self, link, _packet):
            with pytest.raises(TypeError) as wrong:
                call(link)
            said.append(str(wrong.value))
            return nw.SUCCESS

    with nw.Ndis() as ndis:
        link = ndis.bind(nw.Protocol(), Caller())
        with pytest.raises(TypeError) as wrong:
            call(link)
        link.send(b"a frame")
        assert [str(wrong.value), *said] == [message, message]


def test_what_is_broken_inside_of_a_driver_is_raised_there():
    """An exception of a call that a driver makes is raised at its line, and the call can be made again."""
    said = []

    class Twice(Holding):
        def sent(self):
            packet = self.held.pop()
            self.adapter.wan_send_complete(packet)
            with pytest.raises(nw.OwnershipViolation) as wrong:
                self.adapter.wan_send_complete(packet)
            said.append(wrong.value.rule)
            with pytest.raises(OverflowError, match="nanoseconds"):
                self.timer.set_ns(-1)

    with nw.Ndis() as ndis:
        miniport = Twice()
        link = ndis.bind(nw.Protocol(), miniport)
        miniport.timer = miniport.adapter.timer(miniport.sent)
        link.send(b"a frame")
        miniport.timer.set_ns(1)
        ndis.run()
        assert said == ["DOUBLE"]


@pytest.mark.parametrize(
    ("kind", "text"), [(_native.Ndis, "The clock,"), (_native.Adapter, "The Ndis's clock,")]
)
def test_the_clock_is_an_attribute_that_cannot_be_set(kind, text):
    """It reads as pyo3's does, and has its text."""
    attribute = inspect.getattr_static(kind, "now_ns")
    assert inspect.isgetsetdescriptor(attribute)
    assert attribute.__doc__.startswith(text)
    with nw.Ndis() as ndis:
        one = ndis if kind is _native.Ndis else ndis.bind(nw.Protocol(), Holding()).adapter
        assert one.now_ns == 0
        with pytest.raises(AttributeError):
            one.now_ns = 5
