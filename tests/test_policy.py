"""Each switch for what the pages leave open: its default, its other positions, and what they do."""

import pytest

import ndiswan as nw
from ndiswan import Policy, Status
from rigs import Holding, Instant, bound

DEFAULTS = {
    "beyond_window": "queue",
    "callback_at_dispatch": True,
    "owed_at_halt": "report",
    "queued_at_line_down": "keep",
    "reset_leftovers": Status.REQUEST_ABORTED,
    "resources_as_final": "warn",
    "serialized_reentry": "queued",
    "window_shrink": "hold_back",
}


def test_the_defaults_are_the_design_s():
    """Each switch has the default that the design gives it, and there is no other switch."""
    assert {name: getattr(Policy(), name) for name in Policy.__slots__} == DEFAULTS
    assert repr(Policy(owed_at_halt="return")).startswith("Policy(beyond_window='queue', ")


@pytest.mark.parametrize("position", ["sometimes", None, 1.5])
@pytest.mark.parametrize("switch", sorted(set(DEFAULTS) - {"callback_at_dispatch"}))
def test_a_position_that_is_not_known_is_refused(switch, position):
    """The Ndis that is to use it names the switch, what it knows, and what came."""
    with pytest.raises(ValueError, match=f"Policy.{switch}: expected .* got .*{position}"):
        nw.Ndis(policy=Policy(**{switch: position}))


def test_a_reset_s_leftovers_are_not_pending():
    """A final status is one that is final."""
    with pytest.raises(ValueError, match=r"Policy.reset_leftovers"):
        nw.Ndis(policy=Policy(reset_leftovers=nw.PENDING))


@pytest.mark.parametrize(("mode", "found"), [("report", ["LOST"]), ("return", [])])
def test_owed_at_halt(mode, found):
    """A packet owed when halt ends is LOST, or goes back quietly, as the NDIS 5 page allows."""

    class Forgets(Holding):
        def halt(self):
            self.held.clear()

    ndis = nw.Ndis(policy=Policy(owed_at_halt=mode), on_violation="record")
    link, peer, _ = bound(ndis, Forgets())
    link.send(b"frame")
    ndis.close()
    assert [violation.rule for violation in ndis.violations] == found
    assert peer.answers == [nw.FAILURE]


@pytest.mark.parametrize(("mode", "found"), [("hold_back", []), ("report", ["WINDOW"])])
def test_window_shrink(mode, found):
    """A window set below what is outstanding holds new sends back until fewer are, and is reported or not."""
    with nw.Ndis(policy=Policy(window_shrink=mode), on_violation="record") as ndis:
        link, _, miniport = bound(ndis)
        for _ in range(3):
            link.send(b"frame")
        miniport.adapter.line_up(link, window=1)
        assert [violation.rule for violation in ndis.violations] == found
        assert (link.window, link.outstanding) == (1, 3)
        assert link.send(b"held back") == nw.PENDING
        for left in (2, 1):
            miniport.adapter.wan_send_complete(miniport.held.pop(0))
            assert (link.outstanding, link.queued) == (left, 1)
        miniport.adapter.wan_send_complete(miniport.held.pop(0))
        assert (link.outstanding, link.queued) == (1, 0)


@pytest.mark.parametrize("leftovers", [Status.REQUEST_ABORTED, Status.HARD_ERRORS])
def test_reset_leftovers(leftovers):
    """What a serialized miniport leaves at a reset NDIS completes, with the policy's status."""

    class Leaves(Holding):
        serialized = True

        def reset(self):
            self.held.clear()
            return nw.SUCCESS

    with nw.Ndis(policy=Policy(reset_leftovers=leftovers)) as ndis:
        link, peer, _ = bound(ndis, Leaves())
        link.send(b"frame")
        ndis.reset(link)
        assert peer.answers == [leftovers]
    assert ndis.violations == []


@pytest.mark.parametrize(
    ("mode", "queued", "answers"), [("keep", 2, []), ("return", 0, [nw.FAILURE] * 2)]
)
def test_queued_at_line_down(mode, queued, answers):
    """Sends that wait when the line goes down wait for the next line-up, or go back at once; owed ones stay owed."""
    with nw.Ndis(policy=Policy(queued_at_line_down=mode)) as ndis:
        link, peer, miniport = bound(ndis)
        for _ in range(6):
            link.send(b"frame")
        miniport.adapter.line_down(link)
        assert (link.up, link.outstanding, link.queued) == (False, 4, queued)
        assert peer.answers == answers
        miniport.complete()
        assert link.queued == queued
        miniport.adapter.line_up(link)
        assert (link.outstanding, link.queued) == (queued, 0)


@pytest.mark.parametrize("mode", ["warn", "report", "allow"])
def test_resources_as_final(mode):
    """RESOURCES as a final status is a warning, a violation, or nothing; the packet goes home with it."""
    with nw.Ndis(policy=Policy(resources_as_final=mode)) as ndis:
        link, peer, miniport = bound(ndis)
        link.send(b"frame")
        packet = miniport.held.pop()
        if mode == "report":
            with pytest.raises(nw.StatusViolation, match="STATUS_RESOURCES"):
                miniport.adapter.wan_send_complete(packet, Status.RESOURCES)
        elif mode == "warn":
            with pytest.warns(nw.ContractWarning, match="STATUS_RESOURCES: "):
                miniport.adapter.wan_send_complete(packet, Status.RESOURCES)
        else:
            miniport.adapter.wan_send_complete(packet, Status.RESOURCES)
        ndis.run()
        assert peer.answers == [Status.RESOURCES]
        assert [violation.warning for violation in ndis.violations] == {
            "warn": [True],
            "report": [False],
            "allow": [],
        }[mode]


@pytest.mark.parametrize("mode", ["queue", "report"])
def test_beyond_window(mode):
    """One send more than the window waits in NDIS, or is the protocol's mistake and stays with it."""
    with nw.Ndis(policy=Policy(beyond_window=mode)) as ndis:
        link, _, _ = bound(ndis)
        for _ in range(4):
            link.send(b"frame")
        packet = link.packet(b"one more")
        if mode == "queue":
            assert link.send(packet) == nw.PENDING
            assert packet.owner == "ndis"
        else:
            with pytest.raises(nw.FlowViolation, match="its window is 4; one more came"):
                link.send(packet)
            assert packet.owner == "protocol"


def test_serialized_reentry_and_callback_level_are_tested_with_the_drivers():
    """`serialized_reentry` is in test_miniport, `callback_at_dispatch` in test_protocol; both are accepted here."""
    for reentry in ("queued", "recursive"):
        policy = Policy(serialized_reentry=reentry, callback_at_dispatch=False)
        with nw.Ndis(policy=policy) as ndis:
            assert bound(ndis, Instant())[0].send(b"frame") == nw.SUCCESS
