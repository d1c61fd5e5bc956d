"""The viewer's controls in a real browser: steps, filters, search, zoom, drags and clicks do what they say."""

import re

from runs import column, event, lanes

SELECTED = "document.querySelector('#tables tr[aria-current]')?.dataset.event"


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
    assert set(column(page, 3)) == {"0.0"}
    page.press("p")
    assert len(set(column(page, 3))) > 1
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

    page.set("#packet", "0.1")
    assert set(column(page, 3)) == {"0.1"}
    page.click("#clear")
    page.set("#link", "link 0")
    assert (
        0 < int(page.text("#count").split(" of ")[0].replace(",", "")) < int(every.replace(",", ""))
    )
    assert not any("SpinLock" in text for text in column(page, 4))
    page.click("#clear")
    page.set("#rule", "DOUBLE")
    assert any("breaks DOUBLE" in text for text in column(page, 4))
    page.click("#clear")
    page.set("#search", "acquirespinlock")
    assert all("AcquireSpinLock" in text for text in column(page, 4))
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
    """The key v goes to where the rule is broken, c to the choice that matters, d to the first event that differs."""
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


def test_the_pointer_is_told_what_it_is_on(browser, pages):
    """Over a bar the lanes say whose the packet is and how long, over a CPU's bands what it is in, at which level."""
    page = browser.open(pages["good"])
    for _ in range(4):
        page.press("+")
    where = page.value(
        "(() => { const b = document.querySelector('.panel canvas').getBoundingClientRect(); return [b.x, b.y]; })()"
    )
    said = set()
    for y in range(40, 220, 4):
        for x in (500, 700, 900):
            page.call("Input.dispatchMouseEvent", type="mouseMoved", x=where[0] + x, y=where[1] + y)
            said.add(page.value("document.querySelector('.panel canvas').title"))
    text = "; ".join(sorted(said))
    assert re.search(r"Packet 0\.\d, miniport: event \d+ to \d+", text)
    assert re.search(r"CPU 0: in Miniport\w+, DISPATCH", text)
    page.close()


def test_the_keyboard_reaches_every_control(browser, pages):
    """Tab goes to each button, field and canvas that can be used, and letters typed in a field stay there."""
    page = browser.open(pages["failure"])
    wanted = set(
        page.value(
            "[...document.querySelectorAll('button, input, select, canvas[tabindex]')]"
            ".filter((e) => !e.disabled && !e.closest('dialog')).map((e) => e.id || 'lanes')"
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
