"""A world and what is in it. Showing changes nothing: no data of a packet is looked at, since that is a touch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndiswan.notebook import parts
from ndiswan.notebook.failures import history

if TYPE_CHECKING:
    from ndiswan._native import Adapter, Batch, Link, Packet
    from ndiswan.meter import Meter
    from ndiswan.ndis import Ndis

PACKETS = 20


def ndis(of: Ndis) -> str:
    """The clock, the adapters and their lines, what was counted, and what was broken."""
    state = "closed" if of.closed else f"now {of.now * 1000:.6f} ms"
    counted = {name: count for name, count in of.counters.items() if count}
    return parts.page(
        parts.title(f"Ndis, {state}"),
        *(_adapter(adapter) for adapter in of.adapters),
        parts.line(", ".join(f"{name} {count:,}" for name, count in counted.items()), kind="faint"),
        _wrong(of),
    )


def _adapter(of: Adapter) -> str:
    mode = "serialized" if of.serialized else "deserialized"
    rows = [
        (
            number,
            "closed" if one.closed else "up" if one.up else "down",
            f"{one.speed:,} bit/s",
            f"{one.outstanding} of {one.window or of.info.max_transmit}",
            one.queued,
        )
        for number, one in enumerate(of.links)
    ]
    head = ("link", "line", "speed", "outstanding", "queued")
    return parts.line(parts.code(of.name), f"{of.life}, {mode}") + (
        parts.table(head, rows, numbers=[0, 2, 3, 4]) if rows else ""
    )


def _wrong(of: Ndis) -> str:
    broken = [found for found in of.violations if not found.warning]
    warned = len(of.violations) - len(broken)
    lines = [parts.line(parts.marked(found.rule, "bad"), found.detail) for found in broken[:10]]
    lines += [
        parts.line(parts.marked(type(error).__name__, "bad"), str(error))
        for error in of.errors[:10]
        if error not in broken
    ]
    if warned:
        lines.append(parts.line(f"{warned} warning{'s' * (warned > 1)}", kind="warn"))
    lines.append(parts.more(len(broken) - 10, "broken rules"))
    if not broken and not of.errors:
        lines.append(parts.line("no rule is broken"))
    return parts.verdict(*lines, bad=bool(broken or of.errors))


def link(of: Link) -> str:
    """Its line and its window."""
    state = "closed" if of.closed else "up" if of.up else "down"
    known = {
        "adapter": parts.code(of.adapter.name),
        "line": state,
        "speed": f"{of.speed:,} bit/s",
        "outstanding": f"{of.outstanding} of {of.window or of.adapter.info.max_transmit}",
        "queued": of.queued,
    }
    return parts.page(parts.title("Link"), parts.facts(known))


def meter(of: Meter) -> str:
    """What came back, how full the window was, and how long each stage took."""
    back = ", ".join(f"{status.name} {count:,}" for status, count in of.statuses.items())
    known = {
        "measured": f"{of.elapsed:g} s",
        "offered": f"{of.counters['offered']:,}",
        "back": back or "none",
        "throughput": f"{of.throughput_bps:,.0f} bit/s",
        "outstanding": f"{of.mean_outstanding:.2f}, at most {of.counters['most_outstanding']}",
        "queued": f"{of.mean_queued:.2f}",
    }
    rows = [
        (name, stage.count, *map(parts.milliseconds, (stage.mean, stage.quantile(0.99), stage.max)))
        for name, stage in of.stages.items()
        if stage.count
    ]
    table = parts.table(("stage", "packets", "mean", "99 %", "most"), rows, numbers=[1, 2, 3, 4])
    return parts.page(parts.title("Meter"), parts.facts(known), table)


def packet(of: Packet) -> str:
    """Who owns it, in which life it is, and what happened to it last."""
    owner = parts.marked(of.owner, of.owner)
    known = {"owner": owner, "life": of.generation, "handle": f"{of.handle:#x}"}
    return parts.page(parts.title("Packet"), parts.facts(known), history(of.history))


def batch(of: Batch) -> str:
    """A row a packet."""
    columns = [of.handles.tolist(), of.sizes.tolist(), of.times.tolist(), of.statuses.tolist()]
    rows = [
        (f"{handle:#x}", size, parts.milliseconds(time), f"{status:#010x}")
        for handle, size, time, status in list(zip(*columns, strict=True))[:PACKETS]
    ]
    head = ("handle", "bytes", "time", "status")
    return parts.page(
        parts.title(f"Batch of {len(of):,} packets"),
        parts.table(head, rows, numbers=[0, 1, 2, 3]),
        parts.more(len(of) - PACKETS, "packets"),
    )
