"""Multilink PPP: several lines carry the fragments of each packet together."""

import pytest

from ndiswan import models

SLOW = models.Line(rate_bps=8_000_000)  # a microsecond a byte


def loop(line: models.Line | models.Multilink, window: int = 8) -> models.Results:
    """A thousand packets of 1,000 bytes that go round."""
    flow = models.ClosedLoop(window=window, size=1000, packets=1000)
    return models.simulate(models.Link(traffic=flow, line=line, window=window, name="it"))


@pytest.mark.parametrize("members", [1, 2, 3])
def test_each_line_adds_its_rate(members: int) -> None:
    """A saturated bundle carries what its lines carry together, less the fragments' headers."""
    results = loop(models.Multilink([SLOW] * members, fragment_bytes=500))
    expected = members * 8_000_000 * 500 / 504
    assert results.columns["goodput_bps"][0] == pytest.approx(expected, rel=0.01)
    assert results.columns["utilisation"][0] == pytest.approx(1, rel=0.01)
    assert results.columns["broken"][0] == 0


def test_a_packet_alone_is_there_sooner() -> None:
    """Two halves at once take half the time, and the header's."""
    alone, halves = (
        loop(line, 1)["it"]["delivery"]
        for line in (SLOW, models.Multilink([SLOW, SLOW], fragment_bytes=500))
    )
    assert (alone.min, alone.max) == (1_000_000, 1_000_000)
    assert (halves.min, halves.max) == (504_000, 504_000)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: models.Multilink([]), "at least one line"),
        (lambda: models.Multilink([SLOW, 7]), r"Multilink.lines\[1\]: expected a models.Line"),
        (lambda: models.Multilink([SLOW], cards=[]), "a card for each"),
        (
            lambda: loop(models.Multilink([SLOW], fragment_bytes=1500)),
            r"links\[0\].multilink.members\[0\].line.mtu: expected at least a fragment",
        ),
    ],
    ids=["no line", "no line at all", "no card", "too long"],
)
def test_a_bundle_that_cannot_be_is_refused(make, message: str) -> None:
    """What is wrong with a bundle is said with where it is."""
    with pytest.raises((ValueError, TypeError), match=message):
        make()


def test_a_card_of_the_link_beside_a_bundle_is_refused() -> None:
    """It would be left out without a word: each member has its own. The default card says nothing."""
    flow, bundle = models.Saturating(size=100), models.Multilink([SLOW] * 2)
    models.Link(traffic=flow, line=bundle, card=models.simple())
    with pytest.raises(
        ValueError, match=r"Link\.card: expected none beside a Multilink.*Multilink\.cards"
    ):
        models.Link(traffic=flow, line=bundle, card=models.inline(16))


@pytest.mark.parametrize("members", [1, 2])
@pytest.mark.parametrize("window", [1, 8])
def test_a_member_whose_card_died_is_used_again(members: int, window: int) -> None:
    """After the reset the bundle carries what it did before; what came back aborted is not lost besides."""
    flow = models.Cbr(rate_pps=5, size=900)
    lines = [models.Line(rate_bps=64_000, mtu=1600)] * members
    card = models.Card(dies=models.Death(at_ns=[5_050_000_000]))
    bundle = models.Multilink(lines, fragment_bytes=300, cards=card)
    columns = models.simulate(
        models.Link(traffic=flow, line=bundle, window=window), until=60
    ).columns
    told = {
        name: int(columns[name][0]) for name in ("sent", "succeeded", "aborted", "lost", "resets")
    }
    assert (told["resets"], told["lost"]) == (members, 0)
    assert told["aborted"] >= 1
    assert told["sent"] - told["succeeded"] - told["aborted"] <= 1
    assert told["sent"] == 301


def test_a_bundle_of_cards_that_answer_at_once_stays_in_its_time() -> None:
    """SUCCESS inside of the call takes no time, with several fragments too."""
    flow = models.Cbr(rate_pps=10, size=900)
    lines = [models.Line(rate_bps=64_000, mtu=1600)] * 2
    bundle = models.Multilink(lines, fragment_bytes=300, cards=models.inline(memory=64))
    results = models.simulate(models.Link(traffic=flow, line=bundle), until=20)
    assert results["link0"]["latency"].max == 0
    assert results.columns["elapsed_ns"][0] == 20_000_000_000


@pytest.mark.parametrize("completes", ["when_copied", "inline"])
@pytest.mark.parametrize("members", [0, 1, 3])
def test_what_succeeded_was_received_or_lost_or_vanished_with_a_card(
    completes: str, members: int
) -> None:
    """A card that has copied answers SUCCESS before the frame is out; the sum closes where it dies then."""
    line = models.Line(64_000, loss=models.BitErrors(1e-5))
    dies = models.Death(
        at_ns=[2_050_000_000, 7_123_000_000], check_for_hang_ns=10**9, reset_ns=10**8
    )
    card = models.Card(completes=completes, descriptors=16, dies=dies)
    flow = models.Cbr(rate_pps=20 * max(members, 1), size=500, packets=400)
    where = {"line": line, "card": card}
    if members:
        where = {"line": models.Multilink([line] * members, fragment_bytes=300, cards=card)}
    columns = models.simulate(models.Link(traffic=flow, window=8, **where)).columns
    told = {n: int(columns[n][0]) for n in ("succeeded", "received", "lost", "vanished", "resets")}
    assert told["resets"] == 2 * max(members, 1)
    assert told["vanished"] > 0
    assert told["succeeded"] == told["received"] + told["lost"] + told["vanished"]
