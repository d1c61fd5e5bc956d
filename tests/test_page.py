"""The viewer's page in a real browser: it needs no network, each control does what it says, and it keeps up with a million events."""

import re

import pytest

from browser import Browser
from ndiswan.viewer import read, to_html
from runs import REPLAYS, Twice, record, record_many, simulate

DOUBLE = REPLAYS / "double-timer-against-interrupt.json"
SELECTED = "document.querySelector('#tables tr[aria-selected]')?.dataset.event"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """One browser for all tests of the module."""
    with Browser(tmp_path_factory.mktemp("browser") / "profile") as started:
        yield started


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Four pages: a failure beside its good run, a good recording, one that breaks a rule often, a simulation."""
    folder = tmp_path_factory.mktemp("pages")
    simulate(folder / "run.json")
    runs = {
        "failure": read(DOUBLE),
        "good": read(record(folder / "good.trace", events=600)),
        "twice": read(record(folder / "twice.trace", Twice, events=600, verify=4)),
        "simulation": read(folder / "run.json"),
    }
    for name, shown in runs.items():
        (folder / f"{name}.html").write_text(to_html(shown), "utf-8")
    return {name: folder / f"{name}.html" for name in runs}


def lanes(page):
    """What is drawn on the lanes; the rest of a picture has the ring around what has the focus, too."""
    return page.value("document.querySelector('.panel canvas').toDataURL()")


def event(page):
    """The number of the event that the page says is selected, counted from 1."""
    return int(re.search(r"Event ([\d,]+) of", page.text("#said"))[1].replace(",", ""))


@pytest.mark.parametrize("name", ["failure", "good", "twice", "simulation"])
def test_a_page_opens_offline(browser, pages, name):
    """Each kind of page opens from a file: no request but for itself, no word in the console, something is drawn."""
    page = browser.open(pages[name])
    assert page.problems() == []
    drawn = "[...document.querySelectorAll('canvas')].every((c) => new Set(c.getContext('2d').getImageData(0, 0, c.width, c.height).data).size > 8)"
    assert page.value(drawn)
    assert page.value("performance.getEntriesByType('resource').length") == 0
    page.close()


def test_a_request_would_be_seen(browser, tmp_path):
    """The check of pages finds a picture that is asked for, an error and a warning of the console."""
    path = tmp_path / "bad.html"
    bad = "<img src='nothing.png'><script>console.warn('a');document.documentElement.dataset.painted = 1; b.c;</script>"
    path.write_text(bad, "utf-8")
    page = browser.open(path)
    page.wait("document.readyState === 'complete'")
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


def test_keys_and_buttons_step(browser, pages):
    """Arrow keys and buttons go an event on or back, to the ends, and the ends are ends."""
    page = browser.open(pages["good"])
    last = int(page.text("#count").replace(",", ""))
    assert event(page) == 1
    for _ in range(3):
        page.press("ArrowRight")
    page.press("ArrowLeft")
    assert event(page) == 3
    assert page.value(SELECTED) == "2"
    for button, at in (
        ("forward", 4),
        ("back", 3),
        ("back", 2),
        ("last", last),
        ("forward", last),
        ("first", 1),
        ("back", 1),
    ):
        page.click(f"#{button}")
        assert event(page) == at, button
    page.press("End")
    assert event(page) == last
    page.press("Home")
    assert event(page) == 1
    page.close()


def test_one_steps_along_a_packet(browser, pages):
    """Shift and an arrow go to the next event of the same packet, and p shows only that packet's."""
    page = browser.open(pages["good"])
    while "Packet" not in page.text("#said"):
        page.press("ArrowRight")
    said = []
    for _ in range(5):
        said.append(page.text("#said"))
        page.press("ArrowRight", shift=True)
    assert all("Packet 0.0:" in text for text in said)
    assert [re.search(r"Owner: (\w+)", text)[1] for text in said] == [
        "protocol",
        "ndis",
        "miniport",
        "miniport",
        "returning",
    ]
    page.press("p")
    assert page.value("document.querySelector('#packet').value") == "0.0"
    cells = "[...document.querySelectorAll('#tables tbody tr')].map((r) => r.cells[3].textContent)"
    assert set(page.value(cells)) == {"0.0"}
    page.press("p")
    assert len(set(page.value(cells))) > 1
    page.close()


def test_each_button_does_something(browser, pages):
    """Of the page of a failure, each button that can be pressed changes what is seen or said; none complains."""
    page = browser.open(pages["failure"])
    page.set("#search", "spin")
    for button in page.value(
        "[...document.querySelectorAll('button')].filter((b) => b.id && !b.disabled).map((b) => b.id)"
    ):
        if button == "earlier" or button == "later":
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


def test_the_table_can_be_paged(browser, pages):
    """Later and Earlier show other events, and leave the selected one alone."""
    page = browser.open(pages["good"])
    first = "document.querySelector('#tables tbody tr').dataset.event"
    assert page.value(first) == "0"
    page.click("#later")
    assert int(page.value(first)) > 20
    assert event(page) == 1
    page.click("#earlier")
    assert page.value(first) == "0"
    page.click("#tables tbody tr:nth-child(5)")
    assert event(page) == 5
    page.close()


def test_filters_leave_what_they_say(browser, pages):
    """Packet, link, rule and search each leave their events, steps stay among them, and Clear brings all back."""
    page = browser.open(pages["twice"])
    every = page.text("#count")

    def column(number):
        return page.value(
            f"[...document.querySelectorAll('#tables tbody tr')].map((r) => r.cells[{number}].textContent)"
        )

    page.set("#packet", "0.1")
    assert set(column(3)) == {"0.1"}
    page.click("#clear")
    page.set("#link", "link 0")
    assert (
        0 < int(page.text("#count").split(" of ")[0].replace(",", "")) < int(every.replace(",", ""))
    )
    assert not any("SpinLock" in text for text in column(4))
    page.click("#clear")
    page.set("#rule", "DOUBLE")
    assert any("breaks DOUBLE" in text for text in column(4))
    page.click("#clear")
    page.set("#search", "acquirespinlock")
    assert all("AcquireSpinLock" in text for text in column(4))
    before = event(page)
    page.press("ArrowRight")
    assert event(page) > before + 1
    assert "AcquireSpinLock" in page.text("#said")
    page.set("#search", "nothing has these words")
    assert page.text("#count").startswith("0 of")
    page.press("ArrowRight")
    page.press("Escape")
    assert page.text("#count") == every
    assert page.problems() == []
    page.close()


def test_a_search_finds_packets_sites_and_numbers(browser, pages):
    """A search finds a packet's name, a source line, a number in an event's words, and what a report says."""
    page = browser.open(pages["twice"])
    for words in (
        "0.2",
        "packet 0.2",
        "runs.py",
        "64 bytes",
        "complete already",
        "take back",
        "allocate",
    ):
        page.set("#search", words)
        found = int(page.text("#count").split(" of ")[0])
        assert (found > 0) is (words != "take back"), words
    page.close()


def test_violation_choice_and_difference_are_one_key_away(browser, pages):
    """v goes to where the rule is broken, c to the choice that matters, d to the first event that differs."""
    page = browser.open(pages["failure"])
    page.press("Home")
    page.press("v")
    assert "Breaks DOUBLE: packet 0.0 (life 1) was completed with NDIS_STATUS_FAILURE" in page.text(
        "#said"
    )
    page.press("c")
    choice = event(page)
    page.press("Home")
    page.press("d")
    assert event(page) == choice == 23
    said = page.text("#said")
    assert "MiniportHandleInterrupt begins" in said
    assert "NdisAcquireSpinLock" in said
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
        "[...document.querySelectorAll('#tables table')].map((t) => [...t.tBodies[0].rows].slice(0, 22).map((r) => r.textContent).join())"
    )
    assert before[0] == before[1]
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


def test_one_zooms_and_moves(browser, pages):
    """Keys zoom, a drag moves, and the whole run comes back as it was."""
    page = browser.open(pages["good"])
    page.click("#fit")
    whole = lanes(page)
    page.press("+")
    page.press("+")
    closer = lanes(page)
    assert closer != whole
    where = page.value(
        "(() => { const b = document.querySelector('.panel canvas').getBoundingClientRect(); return [b.x, b.y]; })()"
    )
    for kind, x in (
        ("mousePressed", 700),
        ("mouseMoved", 600),
        ("mouseMoved", 500),
        ("mouseReleased", 500),
    ):
        page.call(
            "Input.dispatchMouseEvent",
            type=kind,
            x=where[0] + x,
            y=where[1] + 60,
            button="left",
            buttons=1,
            clickCount=1,
        )
    page.settle()
    moved = lanes(page)
    assert moved != closer
    assert event(page) == 1
    page.call(
        "Input.dispatchMouseEvent",
        type="mouseWheel",
        x=where[0] + 400,
        y=where[1] + 60,
        deltaX=0,
        deltaY=-200,
        modifiers=2,
    )
    page.settle()
    assert lanes(page) != moved
    page.press("0")
    assert lanes(page) == whole
    page.set("#axis", "time")
    assert lanes(page) != whole
    page.close()


def test_a_click_selects_what_is_there(browser, pages):
    """A click on the lanes selects the event that is there, and one farther right a later one."""
    page = browser.open(pages["good"])
    for _ in range(4):
        page.press("+")
    page.click(".panel canvas", at=(500, 60))
    before = event(page)
    assert before > 1
    page.click(".panel canvas", at=(900, 60))
    assert event(page) > before
    page.close()


def test_the_story_is_a_table_that_is_printed(browser, pages):
    """The story has a row a step; on paper it stays, and controls and the strip are gone, on light ground."""
    page = browser.open(pages["failure"], dark=True)
    assert page.value("document.querySelectorAll('#steps tbody tr[data-event]').length") == 14
    assert "breaks DOUBLE" in page.text("#steps tr.broken")
    page.click("#steps tr.broken")
    assert event(page) == 37
    seen = "['tools', 'overview', 'said', 'events', 'steps', 'verdicts'].filter((id) => document.getElementById(id).offsetHeight)"
    page.call("Emulation.setEmulatedMedia", media="print")
    assert page.value(seen) == ["steps", "verdicts"]
    page.value("window.dispatchEvent(new Event('beforeprint'))")
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


def test_the_keyboard_reaches_every_control(browser, pages):
    """Tab goes to each button, field and canvas of the page that can be used, and letters typed in a field stay there."""
    page = browser.open(pages["failure"])
    wanted = set(
        page.value(
            "[...document.querySelectorAll('button, input, select, canvas[tabindex]')].filter((e) => !e.disabled && !e.closest('dialog')).map((e) => e.id || 'lanes')"
        )
    )
    reached = set()
    for _ in range(60):
        page.press("Tab")
        reached.add(
            page.value(
                "document.activeElement.id || (document.activeElement.tagName === 'CANVAS' ? 'lanes' : '')"
            )
        )
    assert wanted - reached == set()
    page.press("Home")
    before = event(page)
    page.value("document.getElementById('search').focus()")
    for letter in "vcd":
        page.press(letter)
    assert page.value("document.getElementById('search').value") == "vcd"
    assert event(page) == before
    page.close()


def test_a_simulation_shows_time_and_a_line(browser, pages):
    """A simulation's page goes by time at first, has its links to choose, and says what a frame does on the line."""
    page = browser.open(pages["simulation"])
    assert page.value("document.getElementById('axis').value") == "time"
    assert page.value("[...document.getElementById('link').options].map((o) => o.text)") == [
        "all",
        "slow",
        "fast",
    ]
    page.set("#link", "slow")
    links = page.value(
        "[...document.querySelectorAll('#tables tbody tr')].map((r) => r.cells[2].textContent)"
    )
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
