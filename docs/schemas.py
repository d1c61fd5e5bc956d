"""JSON schemas of the files that ndiswan writes, made from the names that the engine has.

`tests/test_schemas.py` holds real files against them. A schema names every key: a new one that nobody described fails.
"""

import json
from typing import Any

import happenings

import ndiswan as nw
from ndiswan import _native

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]


def whole(most: int) -> Schema:
    """A whole number from 0."""
    return {"type": "integer", "minimum": 0, "maximum": most}


def table(properties: dict[str, Schema], optional: tuple[str, ...] = ()) -> Schema:
    """An object with these keys and no others."""
    required = [name for name in properties if name not in optional]
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


U16, U32, U64 = whole(2**16 - 1), whole(2**32 - 1), whole(2**64 - 1)
TEXT: Schema = {"type": "string"}
TRUTH: Schema = {"type": "boolean"}
IRQL = whole(31)
RULE: Schema = {"enum": _native.rule_table()}
NAME = table({"adapter": U16, "slot": U32, "generation": U32})


def one_of(*words: str) -> Schema:
    """One of these words."""
    return {"enum": list(words)}


POLICY = table(
    {
        "callback_at_dispatch": TRUTH,
        "serialized_reentry": one_of("queued", "recursive"),
        "window_shrink": one_of("hold_back", "report"),
        "reset_leftovers": U32,
        "owed_at_halt": one_of("report", "return"),
        "queued_at_line_down": one_of("keep", "return"),
        "resources_as_final": one_of("warn", "report", "allow"),
        "beyond_window": one_of("queue", "report"),
    }
)
INFO = table(
    {name: U64 if name == "highest_acceptable_address" else U32 for name in nw.WanInfo.__slots__}
)

FACE = one_of("wan", "lan", "condis", "ndis6")

# What each field of an event holds; `at` is a level, or of a timer a time.
FIELDS: dict[str, Schema] = {
    "packet": NAME,
    **dict.fromkeys(("link", "length", "status", "window", "lock", "timer"), U32),
    "why": one_of(*(kind for kind, _, _ in happenings.variants("TakenBack"))),
    "side": one_of(*(kind for kind, _, _ in happenings.variants("Side"))),
    "part": one_of(*(kind for kind, _, _ in happenings.variants("Part"))),
    "form": one_of(*(kind for kind, _, _ in happenings.variants("Form"))),
    "entry": one_of(*(kind for kind, _, _ in happenings.variants("Entry"))),
    "to": IRQL,
    "at": IRQL,
    "serialized": TRUTH,
    "reentrant": TRUTH,
    "face": FACE,
    "rule": RULE,
}


def trace_head() -> Schema:
    """The first line of a trace."""
    adapter = {"index": U16, "name": TEXT, "serialized": TRUTH, "packets": U32, "info": INFO}
    # WAN is not said.
    adapter["face"] = FACE
    link = {"id": U32, "handle": U64, "adapter": U16}
    return {
        "$schema": DIALECT,
        "title": "the head of a trace",
        **table(
            {
                "format": {"const": "ndiswan-trace"},
                "version": {"const": 1},
                "policy": POLICY,
                "time": one_of("virtual", "real", "adversarial"),
                "verify": whole(4),
                "records": TRUTH,
                "adapters": {"type": "array", "items": table(adapter, ("face",))},
                "locks": {"type": "array", "items": TEXT},
                "links": {"type": "array", "items": table(link)},
                "sites": {"type": "array", "items": TEXT},
            },
            optional=("records",),
        ),
    }


def trace_event() -> Schema:
    """Each further line of a trace."""
    where = {"time": U64, "cpu": U32, "irql": IRQL, "locks": whole(255), "adapter": U16}
    kinds = []
    for kind, _, fields in happenings.variants("What"):
        own = {name: FIELDS[name] for name in fields}
        if kind == "timer_set":
            own["at"] = U64
        may: dict[str, Schema] = {"site": U32}
        if "face" in own:
            may["face"] = own.pop("face")
        if kind in {"submit", "indicate"}:
            may["data"] = {"type": "string", "pattern": "^([0-9a-f]{2})*$"}
        if kind == "submit":
            lengths = {"type": "integer", "minimum": 1, "maximum": 2**32 - 1}
            may["net_buffers"] = {"type": "array", "items": lengths, "minItems": 2}
        if kind == "violation":
            may |= {"detail": TEXT, "about": NAME, "warning": TRUTH}
        kinds.append(table({**where, "what": {"const": kind}, **own, **may}, tuple(may)))
    return {"$schema": DIALECT, "title": "an event of a trace", "oneOf": kinds}


def replay() -> Schema:
    """A replay file."""
    settings = table(
        {
            "cpus": {"type": "integer", "minimum": 1, "maximum": 32},
            "policies": TRUTH,
            "latency": {"type": "number", "minimum": 0},
            "max_points": {"type": "integer", "minimum": 1},
            "patience": {"type": "number", "exclusiveMinimum": 0},
            "policy": POLICY,
            "delivery": one_of("inline", "queued"),
        }
    )
    return {
        "$schema": DIALECT,
        "title": "a replay file",
        **table(
            {
                "ndiswan-replay": {"const": 1},
                "scenario": TEXT,
                "arguments": {"type": "array", "items": TEXT},
                "settings": settings,
                "explorer": TEXT,
                "seed": U64,
                "rng": TEXT,
                "choices": {"type": "string", "pattern": r"^c1(\.(\d+-)?\d+(x\d+)?)*$"},
                "expect": table({"rule": TEXT, "place": TEXT}),
                "needs": {"type": "array", "items": TEXT},
                "detail": TEXT,
                "events": {"type": "integer", "minimum": 0},
                "digest": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
                "made-by": table({"ndiswan": TEXT, "python": TEXT}),
            },
            optional=("arguments", "needs"),
        ),
    }


def shown(schema: Schema) -> str:
    """A schema as a page shows it."""
    return f"```json\n{json.dumps(schema, indent=1)}\n```"
