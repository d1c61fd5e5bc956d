"""Where the keys of a TOML text stand."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ndiswan.models.places import path_at, places
from ndiswan.models.scenario import ScenarioError, load, loads

KEYS = st.one_of(
    st.from_regex(r"[A-Za-z0-9_-]{1,5}", fullmatch=True),
    st.sampled_from(['"a b"', "'c.d'", '"]"', '"#"']),
)
SCALARS = st.sampled_from(
    ["1", "-2.5", '"]#,"', "'}'", "true", '"""\na"b\n"""', "'''\n]\n'''", "2026-11-28"]
)


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, dict[tuple[str | int, ...], tuple[int, int]]]:
    """A TOML text, and where each of its values was put."""
    text, where = "", {}

    def put(path: tuple[str | int, ...], depth: int) -> None:
        nonlocal text
        where[path] = (text.count("\n") + 1, len(text) - (text.rfind("\n") + 1) + 1)
        kind = draw(st.sampled_from(["scalar", "list", "table"])) if depth else "scalar"
        if kind == "scalar":
            text += draw(SCALARS)
        elif kind == "list":
            text += "["
            for n in range(draw(st.integers(0, 3))):
                text += draw(st.sampled_from(["", " ", "\n", " # ]\n"]))
                put((*path, n), depth - 1)
                text += draw(st.sampled_from([",", " ,"]))
            text += "]"
        else:
            text += "{ "
            for n, key in enumerate(draw(st.lists(KEYS, max_size=3, unique_by=bare))):
                text += ", " if n else ""
                text += f"{key} = "
                put((*path, bare(key)), depth - 1)
            text += " }"

    def pairs(path: tuple[str | int, ...]) -> None:
        nonlocal text
        for key in draw(st.lists(KEYS, max_size=3, unique_by=bare)):
            text += f"{key}{draw(st.sampled_from(['=', ' = ']))}"
            put((*path, bare(key)), 2)
            text += draw(st.sampled_from(["\n", " # x = 1\n", "\n\n"]))

    pairs(())
    for number in range(draw(st.integers(0, 3))):
        text += "[[tables]]\n"
        pairs(("tables", number))
        text += "[tables.inner.most]\n"
        pairs(("tables", number, "inner", "most"))
    return text, where


def bare(key: str) -> str:
    """The key without its quotes."""
    return key.strip("\"'")


# How fast documents are made is the machine's matter.
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(documents())
def test_the_place_of_each_value_is_known(
    made: tuple[str, dict[tuple[str | int, ...], tuple[int, int]]],
) -> None:
    """Whatever a TOML text looks like, each of its values is found where it stands."""
    text, where = made
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return  # "tables" was a key before, or an inline table has a newline in it
    assert places(text).values == where


def test_a_place_of_what_is_not_there_is_that_of_what_has_it() -> None:
    """A key that is missing is told at its table, and one of a part of a part at the same key further out."""
    where = places("[a]\nb = { c = 1 }\nd = 2\n")
    assert where.of(("a", "b", "c")) == (2, 11)
    assert where.of(("a", "b"), key=True) == (2, 1)
    assert where.of(("a", "x")) == (1, 1)
    assert where.of(("a", "e", "d")) == (3, 5)
    assert where.of(("x",)) is None


def test_json_is_followed_as_well() -> None:
    """The path of a value of a JSON text is known from the column that another reader stopped at."""
    text = '[{"a": [1, {"b": "x,]"}], "c": 70000}]'
    assert path_at(text, text.index("70000") + 4) == (0, "c")
    assert path_at(text, text.index('"x')) == (0, "a", 1, "b")


@pytest.mark.parametrize(
    ("card", "place", "said"),
    [
        ('completes = "whenever"', "5:13", "completes: expected one of when_sent, when_copied"),
        (
            'kind = "moderated"\nframes = 8\nns = 9\nmoderation = {}',
            "8:1",
            "moderation: there is no",
        ),
        ('kind = "inline"\nmemory = 8\ncompletes = "inline"', "7:1", "completes: there is no"),
    ],
)
def test_a_key_of_a_card_is_told_at_its_line(card: str, place: str, said: str) -> None:
    """One that its kind sets by itself is none of its keys; it was told in Python's words, at the table."""
    text = f"""[[link]]
traffic = {{ kind = "saturating", size = 9 }}
line = {{ rate_bps = 9_000 }}
[link.card]
{card}
"""
    with pytest.raises(ScenarioError, match=rf"^<text>:{place}: link\[0\]\.card\.{said}"):
        loads(text)
    with pytest.raises(
        ScenarioError, match=r":3:\d+: link\[0\]\.line\.framing\.accm: expected a whole"
    ):
        loads(text.replace("9_000", '9_000, framing = { kind = "ppp", accm = 0xfffffffff }'))


def test_a_python_file_that_ends_by_itself_is_told_with_its_line(tmp_path: Path) -> None:
    """Nothing was printed, and its own exit code was that of the command."""
    file = tmp_path / "ends.py"
    file.write_text("import sys\nsys.exit(3)\n", "utf-8")
    with pytest.raises(ScenarioError, match=r"ends\.py:2: SystemExit: 3$"):
        load(file)
