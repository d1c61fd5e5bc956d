"""The page docs/explanation/performance.md, made from benchmarks/results/*.json and from nothing else.

`run.py` writes it after each table; `python benchmarks/performance.py` does without measuring. Each section's words are
those with which the program that measured it begins.
"""

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Row = dict[str, Any]
Results = dict[str, dict[str, Any]]

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
RESULTS = HERE / "results"
PAGE = ROOT / "docs" / "explanation" / "performance.md"

# Each table of `run.py`: its title, and the program that measures it.
SECTIONS = {
    "levels": ("What verification costs in Rust", "rust/compare/src/bin/levels.rs"),
    "ring": ("The completion ring beside others", "rust/compare/ring/src/bin/ring.rs"),
    "callbacks": ("A round trip through Python", "benchmarks/callbacks.py"),
    "scalar": ("One packet a call in virtual time", "benchmarks/scalar.py"),
    "simulate": ("Simulating beside others", "benchmarks/simulate.py"),
    "ring_python": ("The completion ring from Python", "benchmarks/ring_python.py"),
    "explore": ("Exploring drivers in Python beside others", "benchmarks/explore.py"),
    "explore_rust": (
        "Exploring drivers in Rust beside shuttle",
        "rust/compare/explore/src/bin/explore_rust.rs",
    ),
    "zoo": ("How soon each bug of the zoo is found", "benchmarks/zoo.py"),
    "c_drivers": ("What a driver in C costs", "benchmarks/c_drivers.py"),
    "free_threaded": ("Threads without a GIL", "benchmarks/free_threaded.py"),
    "import_cost": ("What starting costs", "benchmarks/import_cost.py"),
}
# So many rows without a target stand in the table; more become a list, a line a case.
FEW = 12

HEAD = """\
# Performance

*`make bench` writes this page from `benchmarks/results/`; what is changed here by hand is lost.*

Every figure is measured beside a rival in the same run: the two take turns, round by round, and the ratio is taken
within each round, so that what else the machine does meets both. **A ratio above 1 says that ours is better**: how many
times ours the rival costs. It is the median of the rounds, with the smallest and the largest behind it. A target below
1 says what ours may cost at most: 0.40 is two and a half times as much. Absolute figures are of the machine named with
the table, on that day; compare them with nothing.

To repeat all of it (some hours), or one table, which leaves the others as they are:

```sh
make bench
make bench BENCH=callbacks
```

The wheel is compiled [by a profile](decisions/2026-12-01-a-wheel-by-a-profile.md), as `make wheel` does it; it is
trained with none of the benchmarks. Rivals from crates.io and PyPI come by themselves, those in C by `apt-get`; one
that cannot be had is named as not measured.
"""


def results() -> Results:
    """What was measured, by table."""
    return {path.stem: json.loads(path.read_text("utf-8")) for path in RESULTS.glob("*.json")}


def write() -> None:
    """Make the page anew."""
    PAGE.write_text(page(results()), "utf-8")


def page(measured: Results) -> str:
    """The page's text."""
    there = [name for name in SECTIONS if name in measured]
    parts = [HEAD, _summary(measured, there), *(_section(name, measured[name]) for name in there)]
    absent = [f"`{name}`" for name in SECTIONS if name not in measured]
    if absent:
        parts.append(f"## Not measured yet\n\n{', '.join(absent)}\n")
    return "\n".join(parts)


def _asked(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row.get("met") is not None]


def _summary(measured: Results, names: list[str]) -> str:
    lines = [
        "## What was asked for\n",
        "| table | targets | met | missed | measured | load of the machine |",
        "|---|---|---|---|---|---|",
    ]
    missed = []
    for name in names:
        asked = _asked(measured[name]["rows"])
        lost = [row for row in asked if not row["met"]]
        given = measured[name]["conditions"]
        counts = f"{len(asked)} | {len(asked) - len(lost)} | {len(lost)}"
        when = f"{given['date']}, `{given['commit']}` | {_load(given)}"
        lines.append(f"| [{SECTIONS[name][0]}](#bench-{name}) | {counts} | {when} |")
        missed += [
            f"| `{name}` | {_cell(row['case'])} | {_rival(row)} | {_reached(row)} | {_target(row)} |"
            for row in lost
        ]
    if missed:
        lines += [
            "\nEvery target that is missed:\n",
            "| table | case | beside | reached | asked for |",
        ]
        lines += ["|---|---|---|---|---|", *missed]
    return "\n".join(lines) + "\n"


def _section(name: str, document: dict[str, Any]) -> str:
    title, source = SECTIONS[name]
    rows = [row for row in document["rows"] if "bug" not in row]
    hunts = [row for row in document["rows"] if "bug" in row]
    plain = [row for row in rows if row.get("met") is None]
    shown = rows if len(plain) <= FEW else _asked(rows)
    text = [
        f"(bench-{name})=\n## {title}\n",
        words(source),
        f"\n`make bench BENCH={name}`, {source}. ",
    ]
    text[-1] += _conditions(document["conditions"]) + "\n"
    text += [
        "| case | ours | the other | ratio | asked for | |",
        "|---|---|---|---|---|---|",
        *map(_line, shown),
    ]
    if shown is not rows:
        text += ["\nAlso measured: how many times ours each other one costs.\n", *_grouped(plain)]
    if hunts:
        text += ["\n" + _zoo(hunts)]
    return "\n".join(text) + "\n"


def words(source: str) -> str:
    """What a program says of itself, its command lines left out."""
    text = (ROOT / source).read_text("utf-8")
    if source.endswith(".py"):
        text = ast.get_docstring(ast.parse(text)) or ""
    else:
        lines = [line for line in text.splitlines() if line.startswith("//!")]
        text = "\n".join(line.removeprefix("//!").removeprefix(" ") for line in lines)
    text = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    paragraphs = [
        part for part in re.split(r"\n\s*\n", text) if part.strip() and part[:4] != "    "
    ]
    first = re.sub(r"^`make bench BENCH=\w+`: (\w)", lambda found: found[1].upper(), paragraphs[0])
    return "\n\n".join([first, *paragraphs[1:]]).strip()


def _conditions(given: dict[str, Any]) -> str:
    told = [
        f"{given['processor']}; {given['system']}" if given.get("system") else given["processor"],
        ", ".join(
            filter(None, [given.get("python"), given.get("rustc") and f"rustc {given['rustc']}"])
        ),
    ]
    minutes = f", {given['minutes']:g} minutes" if given.get("minutes") else ""
    told.append(f"measured {given['date']} at `{given['commit']}`{minutes}, load {_load(given)}")
    if given.get("rivals"):
        told.append("beside " + ", ".join(f"{k} {v}" for k, v in given["rivals"].items()))
    if given.get("note"):
        told.append(given["note"])
    return ". ".join(part for part in told if part) + "."


def _load(given: dict[str, Any]) -> str:
    load = given.get("load")
    return f"{load[0]:g} to {load[1]:g}" if load else "not recorded"


def _line(row: Row) -> str:
    if "missing" in row:
        return f"| {_cell(row['case'])} | | | not measured: {_cell(row['missing'])} | | |"
    ratio = row.get("ratio")
    if ratio is None:
        return f"| {_cell(row['case'])} | {_number(row['ours'])} | | | {_target(row)} | {_verdict(row)} |"
    unit = row.get("unit", "")
    return (
        f"| {_cell(row['case'])} | {_number(row['ours'])} {unit} | {_number(row['rival'])} {unit}, {_rival(row)}"
        f" | {_spread(ratio)} | {_target(row)} | {_verdict(row)} |"
    )


def _grouped(rows: list[Row]) -> Iterator[str]:
    """A line a case: who is nearest comes first."""
    cases: dict[str, list[Row]] = {}
    for row in rows:
        cases.setdefault(re.sub(rf" : {re.escape(row['names'][1])}$", "", row["case"]), []).append(
            row
        )
    for case, of_case in cases.items():
        measured = sorted((r for r in of_case if "ratio" in r), key=lambda r: r["ratio"]["median"])
        unit = measured[0].get("unit", "") if measured else ""
        ours = f" ({_number(measured[0]['ours'])} {unit})" if measured else ""
        told = [f"{row['names'][1]} {_number(row['ratio']['median'])}" for row in measured]
        told += [f"{r['names'][1]}: {r['missing']}" for r in of_case if "missing" in r]
        yield f"- **{case}**{ours}: {'; '.join(told)}"


def _zoo(hunts: list[Row]) -> str:
    """A line a bug: the worst of its seeds."""
    bugs: dict[str, list[Row]] = {}
    for hunt in hunts:
        bugs.setdefault(hunt["bug"], []).append(hunt)
    lines = [
        "Each bug, the worst of its seeds:\n",
        "| bug | found | executions | seconds | events of the story | to the shortest known |",
        "|---|---|---|---|---|---|",
    ]
    for bug, seeds in bugs.items():
        found = [hunt for hunt in seeds if hunt["rule"] is not None]
        most = {
            key: max((h[key] for h in found), default=0)
            for key in ("executions", "seconds", "events", "ratio")
        }
        lines.append(
            f"| `{bug}` | {len(found)} of {len(seeds)} | {most['executions']} | {most['seconds']:.2f}"
            f" | {most['events']} | {most['ratio']:.2f} |"
        )
    return "\n".join(lines)


def _rival(row: Row) -> str:
    return _cell(row["names"][1]) if "names" in row else ""


def _reached(row: Row) -> str:
    return _spread(row["ratio"]) if "ratio" in row else _number(row["ours"])


def _spread(ratio: dict[str, float]) -> str:
    low, middle, high = (_number(ratio[key]) for key in ("min", "median", "max"))
    return middle if low == high else f"{middle} ({low}..{high})"


def _target(row: Row) -> str:
    return "" if row.get("target") is None else _number(row["target"])


def _verdict(row: Row) -> str:
    return {True: "met", False: "**MISSED**", None: ""}[row.get("met")]


def _number(value: float) -> str:
    """Three digits that count, and all before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    write()
    sys.exit(0)
