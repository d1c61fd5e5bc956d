"""What ndiswan says to people: each text is in a list that was read, and none has a word that only we know.

The list is `tests/messages.txt`; `tests/messages.py` says what is in it, and writes it anew.
"""

import re

import pytest

import messages

# A name of ours that a user has never met: a private name, a path of Rust, the way in which a program of ours ends.
OUR_NAMES = re.compile(
    r"_native\b|\bunwrap|\bpanicked\b|\b(?:Arc|Rc|RefCell|Mutex|Option|Result|Vec|HashMap)<"
    r"|\b[a-z_]+::[A-Za-z_]+|(?<![\w./`])_[a-z]\w+|\bPyO3\b"
)
# What happened in a driver that its author wrote in Rust.
THEIRS = {"MiniportWanSend panicked"}
# What a message may show as Rust prints it: texts, and public values whose names the user has written.
SHOWN = re.compile(
    r"name|path|file|text|got|given|other|key|tag|FORMAT|format|device|adapter|rule|code|what|^0$"
)
PUBLIC = {"rust/core/src/handoff/record.rs": {"step", "found"}}
# What was wanted, or what to do: one of these is in each error.
SAYS = re.compile(
    r"\bexpected\b|;|pip install|did you mean|\bthere (?:is|are)\b|\bneeds?\b|\bGive\b|\bgive\b|please report"
)
# Another error's text with a name before it, what Python says of a missing name, and a user's own failure.
PASSED_ON = re.compile(
    r"\{(?:error|what|text|wanted|trouble|str\(error\)|error\.strerror or error|answer\['internal'\])"
    r"|has no attribute|does not compile|the check was interrupted"
)
FILLED_IN = re.compile(r"\{[^{}]*\}")


def bare(text: str) -> str:
    """A text without what is filled in."""
    return FILLED_IN.sub("{}", text)


def test_each_text_is_in_the_list_that_was_read() -> None:
    """`tests/messages.txt` has the texts that the source has: what is new is read before it is listed."""
    assert messages.LIST.read_text("utf-8") == messages.listed(), (
        "a text came, went or changed: run `python tests/messages.py`, and read what `git diff` shows as a stranger"
    )


def test_no_text_has_a_name_that_only_we_know() -> None:
    """No message has a private name, a path of Rust or a word of the runtime's."""
    found = {
        name: leaks
        for name, texts in messages.found_now().items()
        if (
            leaks := [text for text in texts if text not in THEIRS and OUR_NAMES.search(bare(text))]
        )
    }
    assert found == {}


@pytest.mark.parametrize(
    "leak",
    [
        "called Option::unwrap() on a None value",
        "ndiswan._native.Adapter is gone",
        "expected a RefCell<Slot>",
        "see _settings",
    ],
)
def test_a_name_of_ours_is_seen(leak: str) -> None:
    """The check finds a path of Rust, a private module, a type and a private function."""
    assert OUR_NAMES.search(leak)


def test_nothing_of_ours_is_printed_as_rust_prints_it() -> None:
    """`{:?}` shows texts, in quotes, and no type of ours: those have words of their own."""
    found = []
    for path in messages.sources():
        if path.suffix == ".rs":
            name = path.relative_to(messages.ROOT).as_posix()
            found += [
                (name, text, shown)
                for text, shown in messages.filled_in(path.read_text("utf-8"))
                if not SHOWN.search(shown) and shown not in PUBLIC.get(name, ())
            ]
    assert found == []


def test_a_type_that_is_printed_is_seen() -> None:
    """The check finds what a `{:?}` shows, by its name and by its place."""
    rust = 'format!("{a} of {life:?}, {:?}, {}", self.owner(), f(1, 2));'
    assert [shown for _, shown in messages.filled_in(rust)] == ["life", "self.owner()"]


def test_each_error_says_what_was_expected_or_what_to_do() -> None:
    """What Python raises names what it wanted, or the way out."""
    found = {}
    for path in messages.sources():
        if path.suffix == ".py":
            short = [
                text
                for text in messages.raised(path.read_text("utf-8"))
                if not SAYS.search(text) and not PASSED_ON.search(text)
            ]
            if short:
                found[path.name] = short
    assert found == {}


def test_texts_are_found_wherever_they_are_made() -> None:
    """Texts are found in one piece, in several, with something filled in, and behind a name."""
    python = 'def f(x):\n    text = f"got {x!r:>5} of"\n    raise ValueError(text + " them all")\n'
    assert "got {x!r} of" in messages.of_python(python)
    assert messages.raised('def f():\n    raise OSError("it " "is gone")\n') == ["it is gone"]
    rust = 'Err(value("one \\\n    line"))\n// "no text at all"\nassert!(x, "not for users");\n'
    assert messages.of_rust(rust) == ["one line"]
