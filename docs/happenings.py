"""The table of events, read from the engine's own enum in `rust/core/src/event.rs`: nothing is said twice."""

import re
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "rust" / "core" / "src" / "event.rs"

# What a field is, with its unit.
FIELDS = {
    "packet": "which packet: `adapter`, `slot`, `generation` (its life)",
    "link": "the link's number",
    "length": "octets",
    "status": "an NDIS_STATUS, a number",
    "window": "packets; the send window that is in force",
    "why": "`reset`, `halt`, `dropped`, `given_up`, `raised` or `paused`",
    "side": "`protocol` or `miniport`",
    "part": "`data`, `protocol_reserved` or `mac_reserved`",
    "lock": "the spin lock's number, an index of the head's `locks`",
    "form": "`plain` or `dpr`",
    "to": "an interrupt level, 0 to 31",
    "entry": "the entry point",
    "timer": "the timer's number",
    "serialized": "true or false",
    "reentrant": "true or false",
    "face": "`lan`, `condis` or `ndis6`; of WAN it is not said",
    "rule": "the rule's id",
}
AT = {
    "enter": "`at`: an interrupt level, 0 to 31",
    "timer_set": "`at`: due, in nanoseconds of the clock",
}


def snake(name: str) -> str:
    """`LineUp` as a trace has it: `line_up`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def joined(fields: re.Match[str]) -> str:
    """The fields of a kind on one line."""
    return f" {{ {' '.join(fields[1].split()).rstrip(',')} }},"


def variants(enum: str) -> list[tuple[str, str, list[str]]]:
    """The kinds of an enum of the source: name in a trace, what the source says, its fields."""
    body = re.search(
        rf"^pub enum {enum} \{{\n(.*?)^\}}", SOURCE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    assert body is not None, f"{SOURCE}: expected an enum {enum}"
    found, said = [], ""
    # A kind over several lines, as one.
    text = re.sub(r"\s*#\[.*?\]\n", "\n", body[1])
    text = re.sub(r" \{\n((?:[^}/]*\n)*?)    \},", joined, text)
    for line in map(str.strip, text.splitlines()):
        if line.startswith("///"):
            said = f"{said} {line[3:].strip()}".strip()
        elif kind := re.match(r"(\w+)(?: \{ (.*) \})?,", line):
            fields = re.findall(r"(\w+):", kind[2] or "")
            found.append((snake(kind[1]), said, fields))
            said = ""
    return found


def events() -> str:
    """Each kind of event: when it happens, and what it says."""
    lines = ["| kind | when | fields |", "|---|---|---|"]
    for kind, said, fields in variants("What"):
        shown = [AT[kind] if name == "at" else f"`{name}`: {FIELDS[name]}" for name in fields]
        lines.append(f"| `{kind}` | {said} | {'<br>'.join(shown)} |")
    return "\n".join(lines)


def entries() -> str:
    """The entry points, as `enter` and `leave` name them."""
    return ", ".join(f"`{kind}`" for kind, _, _ in variants("Entry"))
