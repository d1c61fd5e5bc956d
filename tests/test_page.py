"""The viewer's page in a real browser: it needs no network, tells a run in each form, and takes a million events."""

import json

import pytest

from ndiswan.viewer import read, to_html
from runs import column, event, lanes, record_many


@pytest.mark.parametrize("name", ["failure", "good", "twice", "simulation"])
def test_a_page_opens_offline(browser, pages, name):
    """Each kind of page opens from a file: no request but for itself, no word in the console, something is drawn."""
    page = browser.open(pages[name])
    assert page.problems() == []
    colours = "new Set(c.getContext('2d').getImageData(0, 0, c.width, c.height).data).size"
    drawn = f"[...document.querySelectorAll('canvas')].every((c) => {colours} > 8)"
    assert page.value(drawn)
    assert page.value("performance.getEntriesByType('resource').length") == 0
    page.close()


def test_a_request_would_be_seen(browser, tmp_path):
    """The check of pages finds a picture that is asked for, an error and a warning of the console."""
    path = tmp_path / "bad.html"
    bad = "<img src='nothing.png'><script>console.warn('a');document.documentElement.dataset.painted = 1; b.c;</script>"
    path.write_text(bad, "utf-8")
    page = browser.open(path)
    page.wait("document.readyState === 'complete'", whatever=True)
    found = " ".join(page.problems())
    assert "asks for" in found
    assert "ReferenceError" in found
    assert "'a'" in found
    page.close()


@pytest.mark.parametrize("name", ["failure", "simulation"])
def test_two_loads_are_one_picture_and_dark_is_another(browser, pages, name):
    """A page looks the same each time that it is opened, and otherwise on dark ground, which is dark."""
    pictures = []
    for dark in (False, False, True):
        page = browser.open(pages[name], dark=dark)
        page.settle()
        pictures.append(page.picture())
        ground = page.value("getComputedStyle(document.body).backgroundColor")
        assert (ground == "rgb(255, 255, 255)") is not dark
        page.close()
    assert pictures[0] == pictures[1]
    assert pictures[0] != pictures[2]


def test_the_ground_can_be_chosen(browser, pages):
    """The switch and the key t choose light or dark whatever the system has, and back."""
    page = browser.open(pages["good"])
    light = lanes(page)
    page.set("#theme", "dark")
    dark = lanes(page)
    assert dark != light
    page.press("t")
    assert page.value("document.documentElement.dataset.theme") == "light"
    page.set("#theme", "")
    assert lanes(page) == light
    page.close()


def test_each_button_does_something(browser, pages):
    """Of the page of a failure, each button that can be pressed changes what is seen or said; none complains."""
    page = browser.open(pages["failure"])
    page.set("#search", "spin")
    for button in page.value(
        "[...document.querySelectorAll('button')].filter((b) => b.id && !b.disabled).map((b) => b.id)"
    ):
        if button in ("earlier", "later"):
            continue  # these need more events than a table has rows
        if button in ("fit", "zoom-out"):
            page.click("#zoom-in")
        if button in ("back", "first"):
            page.press("End")
        before = page.picture(), page.text("#said")
        page.click(f"#{button}")
        assert (page.picture(), page.text("#said")) != before, button
        if button == "help":
            assert page.value("document.querySelector('dialog').open")
            page.press("Escape")
            page.value("document.querySelector('dialog').close()")
    assert page.problems() == []
    page.close()


def test_two_runs_are_aligned_and_their_difference_marked(browser, pages):
    """Two runs have a panel and a table each; the first event that differs is told, and marked in both tables."""
    page = browser.open(pages["failure"])
    assert page.value("document.querySelectorAll('.panel canvas').length") == 2
    assert "Event 23 is the first that differs" in page.text("#difference")
    marked = page.value(
        "[...document.querySelectorAll('#tables tr.differs')].map((r) => +r.dataset.event)"
    )
    assert marked == [22, 22]
    before = page.value(
        "[...document.querySelectorAll('#tables table')]"
        ".map((t) => [...t.tBodies[0].rows].slice(0, 22).map((r) => r.textContent).join())"
    )
    assert before[0] == before[1]
    page.close()


def test_two_runs_stand_beside_each_other_where_there_is_room(browser, pages):
    """On a wide screen the lanes of both are on one height, on a narrow one below each other, each with the mark."""
    boxes = (
        "[...document.querySelectorAll('.panel canvas')].map((c) => c.getBoundingClientRect())"
        ".map((b) => [Math.round(b.left), Math.round(b.right), Math.round(b.top)])"
    )
    page = browser.open(pages["failure"], width=1800)
    one, other = page.value(boxes)
    assert one[2] == other[2]
    assert one[1] < other[0]
    assert other[1] <= 1800
    page.press("ArrowRight")
    assert page.problems() == []
    page.close()
    page = browser.open(pages["failure"], width=900)
    one, other = page.value(boxes)
    assert one[0] == other[0]
    assert one[2] < other[2]
    page.close()
    page = browser.open(pages["good"], width=1800)
    assert page.value("document.querySelector('.panel').clientWidth") > 1600
    page.close()


def test_the_head_says_rule_page_and_choice(browser, pages):
    """The head has the rule's sentence, what the page says, how to mend it, and the choice that matters."""
    page = browser.open(pages["failure"])
    head = page.text("#verdicts")
    for words in (
        "DOUBLE",
        "A packet is completed at most once",
        "The page.",
        "to mend",
        "Answer 20 of 20 decides",
    ):
        assert words in head
    page.close()
    page = browser.open(pages["good"])
    assert "No rule is broken." in page.text("#verdicts")
    assert page.value(
        "['to-break', 'to-choice', 'to-difference'].every((id) => document.getElementById(id).disabled)"
    )
    page.close()


def test_the_story_is_a_table_that_is_printed(browser, pages):
    """The story has a row a step; on paper it stays, and controls and the strip are gone, on light ground."""
    page = browser.open(pages["failure"], dark=True)
    assert page.value("document.querySelectorAll('#steps tbody tr[data-event]').length") == 14
    assert "breaks DOUBLE" in page.text("#steps tr.broken")
    page.click("#steps tr.broken")
    assert event(page) == 37
    parts = ["tools", "overview", "said", "events", "steps", "verdicts"]
    seen = f"{parts}.filter((id) => document.getElementById(id).offsetHeight)"
    page.call("Emulation.setEmulatedMedia", media="print")
    assert page.value(seen) == ["steps", "verdicts"]
    page.value("window.dispatchEvent(new Event('beforeprint'))")
    assert page.value("[...document.querySelectorAll('details')].every((part) => part.open)")
    assert page.value("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.close()
    page = browser.open(pages["good"])
    page.call("Emulation.setEmulatedMedia", media="print")
    assert page.value("document.getElementById('events').offsetHeight") > 100
    assert len(page.call("Page.printToPDF")["data"]) > 1000
    page.close()


def test_a_screen_reader_hears_what_is_selected(browser, pages):
    """What is selected is a status that is read out; fields, buttons and lanes have names, tables have heads."""
    page = browser.open(pages["twice"])
    page.press("v")
    nodes = page.call("Accessibility.getFullAXTree")["nodes"]
    named = {}
    for node in nodes:
        if not node.get("ignored"):
            named.setdefault(node["role"]["value"], []).append(
                node.get("name", {}).get("value", "")
            )
    assert "status" in named
    for role in ("button", "textbox", "searchbox", "combobox", "image", "columnheader", "toolbar"):
        assert all(named.get(role, [] if role == "textbox" else [""])), (role, named.get(role))
    assert any("Swim-lanes of twice.trace" in name for name in named["image"])
    assert page.value("document.getElementById('said').getAttribute('aria-live')") == "polite"
    assert "Breaks DOUBLE" in page.text("#said")
    page.close()


def sent_in(trace):
    """The packets of a simulation's trace, those included that found no room."""
    lines = trace.read_text("utf-8").splitlines()
    rows = [json.loads(line.rstrip(",")) for line in lines if line.startswith('{"ph":"X"')]
    return {(row["pid"], row["name"].split(" ")[-1]) for row in rows}


def test_a_simulation_shows_time_and_a_line(browser, pages):
    """A simulation's page goes by time at first, has its links to choose, and says what a frame does on the line."""
    page = browser.open(pages["simulation"])
    assert page.value("document.getElementById('axis').value") == "time"
    assert page.value("[...document.getElementById('link').options].map((o) => o.text)") == [
        "all",
        "slow",
        "fast",
    ]
    sent = page.text("#summary").split(", ")[1]
    assert sent == f"{len(sent_in(pages['simulation'].with_name('run.json'))):,} packets"
    page.set("#link", "slow")
    links = column(page, 2)
    assert set(links) == {"slow"}
    page.set("#search", "on the line")
    assert "begins on the line" in page.text("#said")
    page.close()


def test_a_million_events_are_painted_within_three_seconds(browser, tmp_path):
    """A page of a million events is painted within 3 s of its opening, and then steps, zooms and searches at once."""
    path = record_many(tmp_path / "many.trace", 1_000_000)
    (run,) = read(path)
    assert len(run) >= 1_000_000
    (tmp_path / "many.html").write_text(to_html([run]), "utf-8")
    page = browser.open(tmp_path / "many.html")
    assert float(page.value("document.documentElement.dataset.painted")) < 3000
    for key in ("ArrowRight", "+", "+", "-", "0"):
        page.press(key)
    began = page.value("performance.now()")
    for key in ("ArrowRight", "+", "0"):
        page.press(key)
    page.set("#search", "complete")
    assert page.value("performance.now()") - began < 3000
    assert int(page.text("#count").split(" of ")[0].replace(",", "")) > 100_000
    assert page.problems() == []
    page.close()


def test_the_lanes_are_printed_on_light_ground(browser, pages):
    """On paper the lanes of a dark page are those of a light one, and on the screen they are dark again after it."""
    page = browser.open(pages["good"])
    light = lanes(page)
    page.close()
    page = browser.open(pages["good"], dark=True)
    dark = lanes(page)
    page.value("window.dispatchEvent(new Event('beforeprint'))")
    assert lanes(page) == light != dark
    page.value("window.dispatchEvent(new Event('afterprint'))")
    page.settle()
    assert lanes(page) == dark
    page.close()


CONTRAST = """(() => {
  const canvas = document.createElement('canvas').getContext('2d');
  const light = (name) => {
    canvas.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`);
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  return PAIRS.map(([one, other]) => Math.max(light(one) / light(other), light(other) / light(one)));
})()"""
TEXT = [
    *[(text, ground) for text in ("ink", "faint") for ground in ("paper", "raised", "stripe")],
    *[("ink", "broken-paper"), ("ink", "choice-paper"), ("faint", "broken-paper")],
    *[("on-bar", owner) for owner in ("protocol", "miniport", "returning", "line-owner")],
    *[("on-ndis", "ndis"), ("broken", "paper"), ("choice", "paper")],
]
MARKS = [
    (mark, "paper")
    for mark in ("protocol", "miniport", "returning", "line-owner", "lock", "level-3")
]


@pytest.mark.parametrize("dark", [False, True])
def test_words_and_marks_stand_out_from_their_ground(browser, pages, dark):
    """Text has a contrast of 4.5 at least, marks of 3, on both grounds (WCAG 2.2, 1.4.3 and 1.4.11)."""
    page = browser.open(pages["good"], dark=dark)
    for pairs, least in ((TEXT, 4.5), (MARKS, 3.0)):
        found = page.value(CONTRAST.replace("PAIRS", json.dumps(pairs)))
        assert {p: round(c, 2) for p, c in zip(pairs, found, strict=True) if c < least} == {}
    page.close()


@pytest.mark.parametrize("name", ["failure", "good", "simulation"])
def test_a_page_is_as_wide_as_its_window(browser, pages, name):
    """On a narrow screen nothing hangs out to the right but a table, which scrolls in its own frame."""
    page = browser.open(pages[name], width=400)
    assert page.value("document.documentElement.scrollWidth") <= 400
    page.close()


def test_a_million_events_never_stall(browser, tmp_path):
    """From the whole run to single events and back, no key, click or filter takes half a second of the processor."""
    path = record_many(tmp_path / "many.trace", 1_000_000)
    (tmp_path / "many.html").write_text(to_html(read(path)), "utf-8")
    page = browser.open(tmp_path / "many.html")
    page.call("Performance.enable", timeDomain="threadTicks")

    def spent():
        """Seconds of the processor, of the page's own thread."""
        found = page.call("Performance.getMetrics")["metrics"]
        return next(one["value"] for one in found if one["name"] == "TaskDuration")

    took = {}

    def act(what, does):
        before = spent()
        does()
        page.settle()
        took[what] = max(took.get(what, 0.0), spent() - before)

    for key in [*"++++++++++++++++++", "ArrowRight", *"------------------", "0", "End", "Home"]:
        act(key, lambda key=key: page.press(key))
    for at in (300, 700, 1100):
        act("the strip", lambda at=at: page.click("#overview", at=(at, 10)))
    for at in (300, 700):
        act("a click", lambda at=at: page.click(".panel canvas", at=(at, 60)))
    act("a packet", lambda: page.set("#packet", "0.1"))
    act("the axis", lambda: page.set("#axis", "time"))
    act("clear", lambda: page.click("#clear"))
    act("words", lambda: page.set("#search", "complete"))
    assert {what: seconds for what, seconds in took.items() if seconds > 0.5} == {}, took
    assert page.problems() == []
    page.close()
