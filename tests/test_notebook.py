"""What a notebook shows: of each object HTML that needs nothing, breaks nothing, and has a text beside it."""

from __future__ import annotations

import re
from array import array
from html.parser import HTMLParser
from pathlib import Path

import pytest

import ndiswan as nw
from commands import ROOT
from exploring_targets import careful, careless
from ndiswan import models
from ndiswan._native import Trace
from ndiswan.campaign import Campaign, Store
from ndiswan.checking.results import CheckResult, DriverResult, Finding, ModeResult
from ndiswan.coverage import Edges, Report
from ndiswan.exploring import load
from ndiswan.notebook import html
from ndiswan.viewer import Page, ViewError, read, view
from runs import REPLAYS, Twice, record

DOUBLE = REPLAYS / "double-timer-against-interrupt.json"
TUTORIAL = ROOT / "docs" / "tutorial" / "6-in-a-notebook.ipynb"
EVIL = "</table><script>alert(1)</script><b>&amp;"
EMPTY = {"br", "path", "line", "circle", "rect", "polygon", "use"}


class Parsed(HTMLParser):
    """The elements and texts of a piece of HTML; elements that are not closed in order are an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        assert not any(name in ("src", "href") or name.startswith("on") for name, _ in attrs), attrs
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in EMPTY:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.texts.append(data)


def named(name):
    """A world, closed, of a driver that is called so, with a broken rule; and what is in it."""

    class Driver(nw.Miniport):
        serialized = False

        def initialize(self):
            self.kept = []

        def wan_send(self, link, packet):
            self.kept.append(packet)
            return nw.PENDING

    miniport = Driver()
    with nw.Ndis(record=True, on_violation="record") as ndis:
        link = ndis.bind(nw.Protocol(), miniport, name=name)
        link.send(b"frame")
        packet = miniport.kept[0]
        for _ in range(2):
            miniport.adapter.wan_send_complete(packet, nw.SUCCESS)
        open_ = html(ndis), html(link), html(packet)
    return ndis, link, packet, open_


def metered():
    """The meter of a line over which one packet went."""
    with nw.Ndis() as ndis:
        link = ndis.bind(nw.Protocol(), models.CardMiniport(models.Line(rate_bps=64_000)))
        meter = link.measure()
        link.send(100)
        ndis.run()
    return meter


def trace_of(tmp_path, name=None):
    """A trace in which a rule is broken, of an adapter of that name."""
    path = record(tmp_path / "run.trace", Twice)
    if name is not None:
        path.write_text(path.read_text().replace('"name":"Twice"', f'"name":"{name}"'))
    return Trace(path)


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """One of each object."""
    folder = tmp_path_factory.mktemp("shown")
    ndis, link, packet, _ = named("modem")
    trace = trace_of(folder)
    stepper = nw.Stepper(careless)
    stepper.forward(8)
    target = f"{Path(__file__).with_name('exploring_targets.py')}:careless"
    campaign = Campaign(target, Store(folder / "store"), executions=300, executor="serial")
    finding = Finding("violation", "DOUBLE", "twice", "the report", history=["one"])
    mode = ModeResult("send/inline", [finding], ["DOUBLE", "LOST"], sends=3)
    edges = Edges()
    edges.see(trace)

    def line(pps):
        return models.Link(
            traffic=models.Poisson(rate_pps=pps, size=500),
            line=models.Line(rate_bps=64_000),
            name="slow",
        )

    return {
        "Ndis": ndis,
        "Link": link,
        "Meter": metered(),
        "Packet": packet,
        "ContractViolation": ndis.violations[0],
        "Trace": trace,
        "Story": trace.story(),
        "Stepper": stepper,
        "Exploration": nw.explore(careless, explorer="random", seed=1, executions=50),
        "Failure": load(DOUBLE),
        "Verdict": campaign.run(),
        "CheckResult": CheckResult("modem.py", [DriverResult("Modem", [mode])], "frames", 1.0),
        "Report": Report.of(edges, ["run.trace"]),
        "Results": models.simulate(line(10), until=2),
        "Sweep": models.sweep(line, {"pps": [9]}, until=2, executor="serial"),
    }


WORDS = {
    "Ndis": ("modem", "halted, deserialized", "DOUBLE"),
    "Link": ("modem", "closed"),
    "Meter": ("outstanding", "SUCCESS 1", "latency"),
    "Packet": ("pool", "life"),
    "ContractViolation": ("DOUBLE", "To mend it:", "modem"),
    "Trace": ("events of Twice", "DOUBLE", "what happens"),
    "Story": ("DOUBLE", "what happens"),
    "Stepper": ("question 8 of", "who goes on?", "in MiniportWanSend", "miniport"),
    "Exploration": ("executions in", "DOUBLE", "ownership edges"),
    "Failure": ("DOUBLE", "the rule", "to mend it", "what happens"),
    "Verdict": ("something fails", "replay file", "new"),
    "CheckResult": ("something is wrong", "send/inline", "the report", "kept"),
    "Report": ("Ownership edges", "never happened there", "run.trace"),
    "Results": ("slow", "throughput"),
    "Sweep": ("throughput", "1 points", "pps"),
}


@pytest.mark.parametrize("name", WORDS)
def test_an_object_shows_itself(shown, name):
    """Its HTML says what it is, has no script, asks for nothing, follows light and dark, and stays in its scope."""
    text = shown[name]._repr_html_()
    parsed = Parsed(text)
    said = " ".join(" ".join(parsed.texts).split())
    for words in WORDS[name]:
        assert words in said, words
    assert not {"script", "iframe", "img", "link"} & set(parsed.tags)
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org)", text)
    assert "prefers-color-scheme:dark" in text.replace(" ", "")
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    rules = re.sub(r"/\*.*?\*/|@media[^{]*\{", "", style, flags=re.DOTALL)
    assert all(
        part.strip().startswith(".ndiswan")
        for selector in re.findall(r"([^{}]+)\{", rules)
        for part in selector.split(",")
    )


@pytest.mark.parametrize(
    "name", [name for name in WORDS if name not in ("Link", "Packet", "Trace", "Story")]
)
def test_where_there_is_no_html_it_is_its_text(shown, name):
    """A notebook without HTML, and IPython in a terminal, have what `print` has."""
    printed = []
    printer = type("Printer", (), {"text": lambda _, text: printed.append(text)})()
    shown[name]._repr_pretty_(printer, False)
    assert printed == [str(shown[name])]
    assert "_repr_pretty_" in vars(type(shown[name])) or name == "ContractViolation"


def test_a_name_is_text_and_no_markup(tmp_path):
    """A driver that is called like a tag is shown by its name, wherever it is shown."""
    ndis, link, packet, opened = named(EVIL)
    pieces = [html(ndis), html(link), html(packet), html(ndis.violations[0]), *opened]
    pieces.append(html(trace_of(tmp_path, EVIL)))
    pieces.append(html(Report.of(Edges(), [EVIL])))
    finding = Finding("exception", None, EVIL, EVIL)
    pieces.append(html(CheckResult(EVIL, [DriverResult(EVIL, [ModeResult(EVIL, [finding])])])))
    for piece in pieces:
        assert "<script" not in piece
        assert "<b>&" not in piece
        Parsed(piece)
    assert sum("&lt;script&gt;" in piece for piece in pieces) >= 6


def test_showing_touches_nothing():
    """A packet that its protocol owns no more is shown without a TOUCH, and nothing happens by it."""

    class Peer(nw.Protocol):
        def send_complete(self, packet, status):
            pass

    with nw.Ndis(record=True) as ndis:
        kept = []

        class Keeps(nw.Miniport):
            def wan_send(self, link, packet):
                kept.append(packet)
                return nw.SUCCESS

        link = ndis.bind(Peer(), Keeps())
        link.send(b"frame")
        before = len(ndis.events())
        for thing in (kept[0], link, ndis):
            assert thing._repr_html_()
        assert len(ndis.events()) == before


def test_a_batch_shows_its_packets():
    """A row a packet, and how many there are more."""

    class Keeps(nw.Miniport):
        serialized = False

        def wan_send(self, link, packet):
            return nw.SUCCESS

    with nw.Ndis() as ndis:
        batch = ndis.bind(nw.Protocol(), Keeps()).send_many(array("I", [60] * 30))
    parsed = Parsed(batch._repr_html_())
    assert parsed.tags.count("tr") == 21
    assert "… and 10 more packets" in parsed.texts


def test_a_stepper_at_its_end_says_what_it_came_to():
    """Good or bad, in words, and marked."""
    good, bad = nw.Stepper(careful), nw.Stepper(careless)
    good.goto(len(good))
    assert "The end: nothing went wrong." in good._repr_html_()
    assert bad.run("random", until="broken")
    assert bad.symptom.rule in bad._repr_html_()
    assert '<div class="verdict bad">' in bad._repr_html_()


def test_a_failure_whose_driver_is_another_one_now_is_shown_all_the_same():
    """It says so, in place of the story; also if the driver cannot run any more."""
    failure = load(DOUBLE, scenario=careful)
    assert "It fails no more" in failure._repr_html_()

    def gone(ndis):
        raise SystemExit(ndis)

    assert "It fails no more, or otherwise" in load(DOUBLE, scenario=gone)._repr_html_()


def test_what_has_no_html_is_refused():
    """The error lists what has."""
    with pytest.raises(TypeError, match=r"expected one of Batch, .*, got int"):
        html(1)


def test_the_page_is_shown_in_a_frame(tmp_path):
    """Of a failure, a trace, a stepper or a file; two of them beside each other; and it can be saved."""
    failure = load(DOUBLE)
    page = failure.view()
    assert isinstance(page, Page)
    assert [run.name for run in page.runs][1].startswith("the plain answer at choice")
    assert len(failure.view(beside=False).runs) == 1
    trace = trace_of(tmp_path)
    stepper = nw.Stepper(careless)
    for one in (trace, stepper, tmp_path / "run.trace", page.runs[0]):
        assert len(view(one).runs) == 1
    assert len(view(trace, stepper).runs) == 2
    assert len(stepper.view().runs) == 1
    frame = page._repr_html_()
    assert frame.count("<") == 2
    assert 'sandbox="allow-scripts"' in frame
    saved = page.save(tmp_path / "page.html")
    assert saved.read_text("utf-8") == page.html
    assert "events" in repr(page)
    with pytest.raises(ViewError, match=r"expected a run, a trace, .* got int"):
        view(1)


def test_the_frame_draws_the_page(browser, tmp_path):
    """In a browser the page inside of the frame is painted, and complains of nothing."""
    path = tmp_path / "frame.html"
    painted = "onload=\"document.documentElement.dataset.painted='1'\""
    frame = view(read(DOUBLE)[0])._repr_html_().replace("<iframe ", f"<iframe {painted} ", 1)
    path.write_text(f'<!doctype html><meta charset="utf-8"><title>x</title>{frame}', "utf-8")
    page = browser.open(path)
    inside = page.frame()
    inside.wait("document.documentElement?.dataset.painted")
    assert "DOUBLE" in inside.text("#verdicts")
    assert inside.value("document.querySelectorAll('.panel canvas').length") == 1
    assert page.problems() == []
    page.close()


def test_the_notebook_of_the_tutorial_runs(tmp_path):
    """From a driver to a bug, through it, to a simulation and a sweep: every cell runs, and shows what it says."""
    nbformat = pytest.importorskip("nbformat")
    client = pytest.importorskip("nbclient").NotebookClient
    pytest.importorskip("ipykernel")
    notebook = nbformat.read(TUTORIAL, 4)
    assert all(not cell.get("outputs") for cell in notebook.cells)
    client(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    ).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    given = [
        output.data["text/html"]
        for cell in cells
        for output in cell.outputs
        if output.output_type == "execute_result"
    ]
    for text, words in zip(
        given,
        ("no rule is broken", "DOUBLE", "to mend it", "who goes on?", "who goes on?", "srcdoc"),
        strict=False,
    ):
        assert words in text, words
    assert len(given) == 8
    assert "throughput" in given[6]
    assert "window used" in given[7]
    said = "".join(output.text for cell in cells for output in cell.outputs if "text" in output)
    assert "None" in said
