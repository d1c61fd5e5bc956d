"""Each bug and each mended twin as a scenario with a name that a replay file, another process or a command can use.

`ndiswan.zoo.scenarios:lost_on_error_path` is the bug `lost-on-error-path`, and `…_mended` its twin.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndiswan.zoo.catalogue import Scenario


def __getattr__(name: str) -> Scenario:
    from ndiswan.zoo import ENTRIES

    entry = ENTRIES.get(name.removesuffix("_mended").replace("_", "-"))
    if entry is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return entry.twin if name.endswith("_mended") else entry.scenario
