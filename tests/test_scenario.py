"""Scenario files: what is written is what is simulated, and whatever is wrong is told with its line."""

import re
from pathlib import Path

import pytest

from ndiswan import models
from ndiswan.models import scenario
from ndiswan.models.places import places
from ndiswan.models.units import quantity
from repository import ROOT

EXAMPLE = ROOT / "examples" / "t1.toml"
# The keys of its lines are what the tests below change, one at a time.
PLAIN = """\
[run]
until = 10
seed = 3

[[link]]
name = "a"
window = 4

[[link.traffic]]
kind = "poisson"
rate_pps = 300
size = 500

[link.line]
rate_bps = 1_544_000
loss = { kind = "gilbert_elliott", p = 0.01, r = 0.5 }

[link.card]
kind = "moderated"
frames = 4
ns = 1000

[link.queue]
limit = 50
discipline = { kind = "codel" }
"""


def wrong(old: str, new: str, text: str = PLAIN) -> scenario.ScenarioError:
    """What is said of the text with one place changed."""
    assert old in text
    with pytest.raises(scenario.ScenarioError) as caught:
        scenario.loads(text.replace(old, new, 1), "s.toml").check()
    return caught.value


def plain(made: scenario.Scenario) -> object:
    """All that a scenario says, as data."""
    return made.run, [(link.name, link.to_dict()) for link in made.links]


def test_a_file_is_the_links_that_it_describes() -> None:
    """A TOML file and the classes called by hand give the same parameters."""
    made = scenario.loads(PLAIN)
    by_hand = models.Link(
        name="a",
        window=4,
        traffic=models.Poisson(rate_pps=300, size=500),
        line=models.Line(rate_bps=1_544_000, loss=models.GilbertElliott(0.01, 0.5)),
        card=models.moderated(4, 1000),
        queue=models.Queue(models.CoDel(), 50),
    )
    assert made.links[0].to_dict() == by_hand.to_dict()
    assert made.run == scenario.Run(until=10, seed=3)
    assert made.links[0].name == "a"


@pytest.mark.parametrize("text", [PLAIN, EXAMPLE.read_text("utf-8")], ids=["plain", "example"])
def test_what_is_written_out_is_read_back(text: str) -> None:
    """`dumps` and `loads` lose nothing, and the second text is the first."""
    made = scenario.loads(text)
    again = scenario.loads(scenario.dumps(made))
    assert plain(again) == plain(made)
    assert scenario.dumps(again) == scenario.dumps(made)


def test_every_kind_is_read_back() -> None:
    """A part of each class survives being written and read."""
    times = models.Exponential(5e6)
    flows = [
        models.Cbr(rate_pps=9, size=[64, 128]),
        models.OnOff(rate_pps=9, size=models.UniformSize(64, 99), on=times, off=models.Pareto(7e6)),
        models.Mmpp(size=5, rates_pps=[1, 2], transitions_per_s=[[0, 1], [1, 0]]),
        models.ClosedLoop(window=2, size=models.ExponentialSize(9, 99), think=models.Constant(5)),
        models.Saturating(size=models.Mix([40, 1500], [7, 1]), packets=9, start_ns=7),
        models.Replay(times_ns=[1, 2, 5], size=64, traffic_class=3),
        models.Poisson(rate_pps=1e-3, size=models.Fixed(9)),
    ]
    lines = [
        models.Line(
            64_000, framing=models.Ppp(0xFFFF), jitter=models.Normal(5.0, 2.0), reorder=True
        ),
        models.Line(64_000, framing=models.Overhead(7), loss=models.BitErrors(1e-6)),
        models.Line(64_000, jitter=models.Uniform(1, 2)),
        models.Multilink(
            [models.Line(64_000), models.Line(33_600, framing=models.Ppp())],
            cards=[models.Card(), models.moderated(4, 2_000_000)],
            fragment_bytes=300,
        ),
    ]
    cards = [models.intelligent(8), models.Card(dies=models.Death(at_ns=[5, 9])), models.dying(1e9)]
    queues = [models.Queue(models.Drr(99), None), models.Queue(models.Priority())]
    made = scenario.Scenario(
        tuple(
            models.Link(
                traffic=flow,
                line=lines[n % len(lines)],
                card=models.Card()
                if isinstance(lines[n % len(lines)], models.Multilink)
                else cards[n % len(cards)],
                queue=queues[n % len(queues)],
                name=f'"{n}" \\ é\n',
            )
            for n, flow in enumerate(flows)
        ),
        scenario.Run(until=0.25),
    )
    assert plain(scenario.loads(scenario.dumps(made))) == plain(made)


@pytest.mark.parametrize(
    ("name", "text", "number"),
    [
        ("rate_bps", "1.544 Mbit/s", 1_544_000),
        ("rate_bps", "33.6kbps", 33_600),
        ("propagation_ns", "0.1 ms", 100_000),
        ("propagation_ns", "5 µs", 5_000),
        ("ns", "1.5 ns", 1.5),
        ("rate_pps", "90 /min", 1.5),
        ("until", "2 min", 120),
        ("size", "1.5 kB", 1500),
    ],
)
def test_quantities_are_exact(name: str, text: str, number: float) -> None:
    """A text with a unit is the number that it means, without the rounding of a float."""
    value = quantity(name, text)
    assert (value, type(value)) == (number, type(number))


@pytest.mark.parametrize(
    ("old", "new", "place", "said"),
    [
        ("until = 10", "until = -1", "2:9", "run.until: expected a finite number"),
        ("until = 10", "until = nan", "2:9", "run.until: expected a finite number"),
        (
            "until = 10",
            "until = 1e12",
            "2:9",
            "run.until: expected a finite number from 0 to 4.6e+09",
        ),
        ("until = 10", 'until = "10 m"', "2:9", "run.until: expected a time such as '60 s'"),
        ("seed = 3", "warmup = 11", "3:10", "run.warmup: expected less than until"),
        (
            "seed = 3",
            "replications = 0",
            "3:16",
            "run.replications: expected a whole number from 1",
        ),
        ("seed = 3", "sed = 3", "3:1", "run.sed: there is no such key; did you mean 'seed'?"),
        ("[run]", "[runs]", "1:1", "runs: there is no such key; did you mean 'run'?"),
        ("[[link]]", "[link]", "5:1", "not TOML|expected \\[\\[link\\]\\], with two brackets"),
        ("window = 4", "window = 0", "7:10", "link[0].window: expected a whole number from 1"),
        ("window = 4", 'window = "4"', "7:10", "link[0].window: expected a whole number"),
        (
            "rate_pps = 300",
            "rate_pps = -3",
            "11:12",
            "expected a finite number of 0 or more, got -3",
        ),
        (
            "rate_pps = 300",
            "rate_pps = inf",
            "11:12",
            "expected a finite number of 0 or more, got inf",
        ),
        ("rate_pps = 300", "rate_pps = 0", "11:12", "expected more than 0 packets a second, got 0"),
        (
            "rate_pps = 300",
            "rate_pps = 1e300",
            "11:12",
            "expected 3.2e-10 to 1e+12 packets a second, got 1e+300",
        ),
        ("rate_pps = 300", "", "9:1", "link[0].traffic[0]: the key 'rate_pps' is missing"),
        ('"poisson"', '"poison"', "10:8", "there is no flow 'poison'; did you mean 'poisson'?"),
        ('kind = "poisson"', "", "9:1", "the key 'kind' is missing; expected one of cbr, poisson"),
        (
            "size = 500",
            "size = 0",
            "12:8",
            "link[0].traffic[0].size: expected a whole number from 1",
        ),
        (
            "size = 500",
            "size = [64, 0]",
            "12:13",
            "traffic[0].size[1]: expected a whole number from 1",
        ),
        ("size = 500", "size = 1600", "12:8", "expected at most the line's MTU of 1500, got 1600"),
        ("size = 500", 'size = "5 q"', "12:8", "expected a size such as '1500 B'"),
        ("1_544_000", "-1", "15:12", "link[0].line.rate_bps: expected a whole number from 8"),
        ("1_544_000", "7", "15:12", "link[0].line.rate_bps: expected a whole number from 8"),
        ("rate_bps = 1_544_000", "rate_bsp = 1", "15:1", "did you mean 'rate_bps'?"),
        ("p = 0.01", "p = 1.5", "16:40", "link[0].line.loss.p: expected a number from"),
        ("p = 0.01", "p = nan", "16:40", "link[0].line.loss.p: expected a finite number"),
        (
            '"moderated"',
            '"moderate"',
            "19:8",
            "there is no card 'moderate'; did you mean 'moderated'?",
        ),
        (
            "frames = 4",
            "frames = 0",
            "20:10",
            "card.moderation.frames: expected a whole number from 1",
        ),
        ("frames = 4\n", "", "18:1", "link[0].card: the key 'frames' is missing"),
        ("ns = 1000", "ns = 1e40", "21:6", "link[0].card"),
        ("limit = 50", "limit = 5_000_000_000", "24:9", "link[0].queue.limit: expected a wh"),
        (
            '{ kind = "codel" }',
            "3",
            "25:14",
            "expected a table with the keys of a discipline, got 3",
        ),
        ('"a"', "5", "6:8", "link[0].name"),
    ],
)
def test_a_mistake_is_told_with_its_place(old: str, new: str, place: str, said: str) -> None:
    """Each thing that cannot be has its line and column, and what was expected."""
    error = wrong(old, new)
    assert str(error).startswith(f"s.toml:{place}: "), error
    assert said in str(error) or re.search(said, str(error)), error


JUNK = (
    "nan", "-inf", "-1", "0", "1.5", "1e300", "9223372036854775808", "-9223372036854775809", "true", '""', '"x"',
    '"none"', '"-1 s"', "[]", "[0]", "[nan]", '["x"]', "[[1]]", "{}", "{ kind = 1 }", '{ kind = "x" }', "2026-11-28",
)  # fmt: skip


@pytest.mark.parametrize("text", [PLAIN, EXAMPLE.read_text("utf-8")], ids=["plain", "example"])
def test_whatever_a_value_is_the_answer_is_a_scenario_or_a_place(text: str) -> None:
    """Any value put in any place of a file is taken, or told with a line of the file; nothing else is ever raised."""
    lines = text.splitlines(keepends=True)
    refused, unplaced = 0, []
    for path, (line, column) in places(text).values.items():
        if isinstance(path[-1], int):
            continue
        before = "".join(lines[: line - 1]) + lines[line - 1][: column - 1]
        rest = text[len(before) :]
        value = re.match(r'"[^"]*"|\{.*\}|\[.*?\]|[\w.]+', rest)
        assert value, path
        for junk in JUNK:
            try:
                scenario.loads(before + junk + rest[value.end() :], "s.toml").check()
            except scenario.ScenarioError as error:
                refused += 1
                unplaced += [str(error)] * (error.line is None)
    assert unplaced == []
    assert refused > 100


def test_a_scenario_without_an_end_is_refused() -> None:
    """Traffic without an end and a run without `until` would never come back: the link is named."""
    error = wrong("until = 10", "")
    assert (error.line, error.column) == (5, 1)
    assert "its traffic does not end by itself; expected 'until'" in str(error)
    made = scenario.loads(
        PLAIN.replace("until = 10", "").replace("size = 500", "size = 500\npackets = 7")
    )
    made.check()


def test_a_mistake_in_one_of_several_lines_is_told_with_its_place() -> None:
    """Of a bundle the member is named that is wrong, whether a class or the engine sees it."""
    head = '[[link]]\ntraffic = { kind = "saturating", packets = 9, size = 64 }\n[link.line]\n'
    lines = "lines = [\n  { rate_bps = 64000 },\n  { rate_bps = 64000, mtu = 1500 },\n]\n"
    cards = "cards = [{}, { kind = 'moderated', frames = 4, ns = 1000 }]\n"
    scenario.loads(head + lines + cards).check()
    for old, new, place, said in (
        ("64000, mtu", "-1, mtu", "6:16", "link[0].line.lines[1].rate_bps: expected a whole"),
        (
            "64000, mtu",
            "5, mtu",
            "6:16",
            "link[0].line.lines[1].rate_bps: expected a whole number from 8",
        ),
        (
            "mtu = 1500",
            "mtu = 9",
            "6:29",
            "link[0].line.lines[1].mtu: expected at least a fragment",
        ),
        ("frames = 4", "frames = 0", "8:45", "link[0].line.cards[1].moderation.frames: expected"),
        ("mtu = 1500", "mtv = 9", "6:23", "did you mean 'mtu'?"),
        ("[{}, {", "[{", "3:1", "expected at least one line and a card for each"),
    ):
        error = wrong(old, new, head + lines + cards)
        assert str(error).startswith(f"s.toml:{place}: "), error
        assert said in str(error)


def test_a_link_without_a_line_and_a_file_without_a_link_are_refused() -> None:
    """What is missing is named, with the keys that there are."""
    text = '[[link]]\ntraffic = { kind = "saturating", size = 9 }\n'
    with pytest.raises(
        scenario.ScenarioError, match=r"^x:1:1: link\[0\]: the key 'line' is missing"
    ):
        scenario.loads(text, "x")
    with pytest.raises(scenario.ScenarioError, match="there is no link in it"):
        scenario.loads("[run]\n", "x")


def test_two_links_of_one_name_are_refused() -> None:
    """The second of two links with a name is where the message points."""
    second = PLAIN.partition("[[link]]")[2]
    error = wrong("until", "until", f"{PLAIN}\n[[link]]{second}")
    assert (error.line, "got 'a' twice" in str(error)) == (28, True)


def test_text_that_is_no_toml_is_told_with_its_place(tmp_path: Path) -> None:
    """What `tomllib` says comes with the file's name, its line and column; bytes that are no text with the line."""
    assert re.match(r"s\.toml:7:10: not TOML: ", str(wrong("window = 4", "window = = 4")))
    assert re.match(r"s\.toml:\d+(:\d+)?: not TOML: ", str(wrong('"codel" }', '"codel"')))
    assert "not TOML: Exceeds the limit (4300" in str(wrong("window = 4", f"window = {'9' * 5000}"))
    assert "nested so deep" in str(wrong("window = 4", f"window = {'[' * 100_000}"))
    path = tmp_path / "b.toml"
    path.write_bytes(b"[run]\nseed = \xff\n")
    with pytest.raises(scenario.ScenarioError, match=r"b\.toml:2: expected text in UTF-8"):
        scenario.load(path)


def test_python_files_make_links_with_a_list_or_a_function(tmp_path: Path) -> None:
    """A Python file has `links`, or `scenario()` that returns links or a whole Scenario."""
    head = "from ndiswan import models\nfrom ndiswan.models.scenario import Run, Scenario\n"
    link = "models.Link(traffic=models.Saturating(size=9), line=models.Line(64_000))"
    path = tmp_path / "s.py"
    for body, runs in (
        (f"links = [{link}]", scenario.Run()),
        (f"def scenario():\n    return {link}", scenario.Run()),
        (f"def scenario():\n    return Scenario(({link},), Run(until=3))", scenario.Run(until=3)),
    ):
        path.write_text(head + body, "utf-8")
        made = scenario.load(path)
        assert (len(made.links), made.run, made.path) == (1, runs, str(path))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("x = 1", "expected a list `links`, or a function `scenario()`, got neither"),
        ("links = [3]", "expected a models.Link or several"),
        ("\nlinks = 1 +", ":2: SyntaxError"),
        ("\n\nraise KeyError('k')", ":3: KeyError"),
        ("def scenario():\n    return 1 / 0", ":2: ZeroDivisionError"),
        ("from ndiswan import models\nmodels.Line(-1)", ":2: ValueError: Line.rate_bps: expected"),
    ],
)
def test_a_mistake_in_a_python_file_is_told_with_its_line(
    tmp_path: Path, body: str, said: str
) -> None:
    """What a Python file raises is told with the line of the file that did it."""
    path = tmp_path / "s.py"
    path.write_text(body, "utf-8")
    with pytest.raises(scenario.ScenarioError) as caught:
        scenario.load(path)
    assert said in str(caught.value)


def test_a_replay_may_name_a_capture(tmp_path: Path) -> None:
    """A capture is found from the folder of the file, and its gaps can be scaled."""
    capture = ROOT / "examples" / "dial-up.pcapng"
    (tmp_path / "c.pcapng").write_bytes(capture.read_bytes())
    text = '[[link]]\ntraffic = {{ kind = "replay", capture = "{}", gaps = 0.5 }}\nline = {{ rate_bps = 33600 }}\n'
    path = tmp_path / "s.toml"
    path.write_text(text.format("c.pcapng"), "utf-8")
    made = scenario.load(path)
    made.check()
    flow = models.Replay.from_capture(capture, gaps=0.5)
    assert made.links[0].traffic[0].to_dict() == flow.to_dict()
    (tmp_path / "d.pcapng").write_bytes(capture.read_bytes()[:-5])
    path.write_text(text.format("d.pcapng"), "utf-8")
    with pytest.raises(scenario.ScenarioError, match="in the middle of packet"):
        scenario.load(path)
    path.write_text(text.format("d.pcapng").replace("gaps = 0.5", "cut = true"), "utf-8")
    made = scenario.load(path)
    assert len(made.links[0].traffic[0].times_ns) == len(flow.times_ns) - 1
    (tmp_path / "d.pcapng").unlink()
    path.write_text(text.format("d.pcapng"), "utf-8")
    with pytest.raises(
        scenario.ScenarioError, match=r"s\.toml:2:\d+: link\[0\]\.traffic\.capture: .*d\.pcapng"
    ):
        scenario.load(path)
