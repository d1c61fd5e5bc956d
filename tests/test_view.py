"""The viewer's controls in a real browser: steps, filters, search, zoom, drags and clicks do what they say."""

import re

import pytest

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


# ── what is drawn ──


def colour(page, name):
    """A colour of the style, as a canvas has it: red, green and blue."""
    return tuple(
        page.value(
            "(() => { const c = document.createElement('canvas').getContext('2d');"
            f" c.fillStyle = getComputedStyle(document.documentElement).getPropertyValue('--{name}');"
            " c.fillRect(0, 0, 1, 1); return [...c.getImageData(0, 0, 1, 1).data.slice(0, 3)]; })()"
        )
    )


def near(page, words):
    """Look closely at the first event with these words."""
    page.set("#search", words)
    page.press("Home")
    page.press("Escape")
    for _ in range(5):
        page.press("+")


def painted(page, x):
    """The colours of the lanes at a place, from top to bottom."""
    column = page.value(
        "(() => { const c = document.querySelector('.panel canvas');"
        f" return [...c.getContext('2d').getImageData({x}, 0, 1, c.height).data]; }})()"
    )
    return [tuple(column[at : at + 3]) for at in range(0, len(column), 4)]


def hints(page, x, step=3):
    """What the pointer is told at a place of the lanes, by its distance from their top."""
    told = page.value(
        "(() => { const c = document.querySelector('.panel canvas'); const b = c.getBoundingClientRect();"
        f" const told = []; for (let y = {step}; y < b.height; y += {step}) {{"
        f" c.dispatchEvent(new PointerEvent('pointermove', {{ clientX: b.x + {x}, clientY: b.y + y }}));"
        " told.push([y, c.title]); } return told; })()"
    )
    return dict(told)


@pytest.mark.parametrize("dark", [False, True])
def test_a_bar_has_the_colour_of_its_owner(browser, pages, dark):
    """Protocol, miniport and the ring have bars, each in the colour that the legend has for that owner."""
    page = browser.open(pages["good"], dark=dark)
    near(page, "ndismwansendcomplete")
    owners = {name: colour(page, name) for name in ("protocol", "ndis", "miniport", "returning")}
    seen = set()
    for x in range(200, 1300, 20):
        pixels = painted(page, x)
        for y, told in hints(page, x).items():
            bar = re.match(r"Packet [\d.]+, (\w+): event", told)
            if bar and pixels[y] in owners.values():  # else a name, the gap between bars, or a line
                assert pixels[y] == owners[bar[1]], (x, y, told)
                seen.add(bar[1])
    assert seen >= {"protocol", "miniport", "returning"}
    page.close()


def test_the_bands_of_a_cpu_say_its_level_and_whether_it_holds_a_lock(browser, pages):
    """Where the pointer hears of a lock there is the lock's colour, where of DISPATCH the level's; else neither."""
    page = browser.open(pages["good"])
    near(page, "acquirespinlock")
    lock, dispatch = colour(page, "lock"), colour(page, "level-2")
    seen = set()
    for x in range(150, 1300, 23):
        told = {text for text in hints(page, x, 6).values() if text.startswith("CPU 0")}
        around = [set(painted(page, at)) for at in (x - 2, x, x + 2)]
        if len(told) != 1 or len({(lock in one, dispatch in one) for one in around}) != 1:
            continue  # where one thing ends and the next begins
        (text,) = told
        holds, high = "holds driver" in text, "DISPATCH" in text
        assert (lock in around[1], dispatch in around[1]) == (holds, high), (x, text)
        seen.add((holds, high))
    assert seen >= {(True, True), (False, True), (False, False)}
    page.close()


def test_a_broken_rule_and_the_choice_are_lines_through_all_lanes(browser, pages):
    """In the failure's lanes each has a line in its colour, from top to bottom; in the good run's none is broken."""
    page = browser.open(pages["failure"])
    for key in "0", "Home":  # the selected event has a line, too
        page.press(key)
    lines = (
        "[...document.querySelectorAll('.panel canvas')].map((c) => { const t = c.getContext('2d');"
        " const tall = (rgb) => { let most = 0; for (let x = 118; x < c.width; x++) {"
        " const d = t.getImageData(x, 0, 1, c.height).data; let n = 0;"
        " for (let at = 0; at < d.length; at += 4) n += rgb.every((part, of) => d[at + of] === part);"
        " most = Math.max(most, n / c.height); } return most; };"
        f" return [tall({list(colour(page, 'broken'))}), tall({list(colour(page, 'choice'))})]; }})"
    )
    (broken, choice), (fine, same) = page.value(lines)
    assert broken > 0.9
    assert fine < 0.1
    # The line of a choice is dashed: five pixels of eight.
    assert choice > 0.4
    assert same > 0.4
    page.close()


def test_a_filter_fades_the_bars_of_other_packets(browser, pages):
    """The bars of the packet that is chosen keep their colour; the others' are pale."""
    page = browser.open(pages["good"])
    near(page, "ndismwansendcomplete")
    strong = {colour(page, name) for name in ("protocol", "ndis", "miniport", "returning")}
    page.set("#packet", "0.1")
    kept, faded = 0, 0
    for x in range(200, 1300, 60):
        pixels = painted(page, x)
        for y, told in hints(page, x).items():
            if told.startswith("Packet 0.1,"):
                kept += pixels[y] in strong
            elif told.startswith("Packet"):
                assert pixels[y] not in strong, (x, y, told)
                faded += 1
    assert kept > 3
    assert faded > 3
    page.close()
