"""Results for `--json`: a row for each name of a link: what was counted, the means, the times of each stage."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ndiswan.models import Results, Stage

QUANTILES = {"p50_ns": 0.5, "p90_ns": 0.9, "p99_ns": 0.99, "p999_ns": 0.999}
COUNTS = (
    "offered",
    "sent",
    "succeeded",
    "aborted",
    "failed",
    "dropped_full",
    "dropped_early",
    "received",
    "lost",
    "vanished",
    "interrupts",
    "resets",
    "broken",
)


def rows(results: Results) -> list[dict[str, Any]]:
    """A row for each name of a link, as JSON has it; ``None`` is what is not known.

    ``counts`` are those of all links of the name and all replications together. ``means`` are those of one link, over
    replications, with half of the confidence interval. ``stages`` are the times of all packets.
    """
    columns, means = results.columns, results.means.columns
    found = []
    for n, name in enumerate(results.names):
        own = columns["link"] == name
        measured = [key for key in means if f"{key}_half_width" in means]
        found.append(
            {
                "link": name,
                "links": int(own.sum()) // results.replications,
                "measured_s": float(columns["elapsed_ns"][own].max()) / 1e9,
                "counts": {key: int(columns[key][own].sum()) for key in COUNTS},
                "means": {
                    key: {
                        "mean": _known(means[key][n]),
                        "half_width": _known(means[f"{key}_half_width"][n]),
                    }
                    for key in measured
                },
                "stages": {stage: _times(times) for stage, times in results.stages[name].items()},
            }
        )
    return found


def _times(stage: Stage) -> dict[str, Any]:
    quantiles = {key: _known(stage.quantile(q)) for key, q in QUANTILES.items()}
    most = stage.max if stage.count else None
    return {"count": stage.count, "mean_ns": _known(stage.mean), **quantiles, "max_ns": most}


def _known(value: float) -> float | None:
    """A number that JSON has."""
    return float(value) if math.isfinite(value) else None
