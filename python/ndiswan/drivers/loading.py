"""A driver in C as a miniport."""

from __future__ import annotations

import os
import weakref
from collections.abc import Mapping
from pathlib import Path

from ndiswan._native import CDriver, CWorkload
from ndiswan._supervised import is_supervised
from ndiswan.drivers.building import build
from ndiswan.drivers.registry import flat
from ndiswan.drivers.sanitizing import see_runtime
from ndiswan.drivers.sources import BuildError
from ndiswan.oid import WanInfo
from ndiswan.status import Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ndiswan._native import Adapter, Link
    from ndiswan.drivers.tapi import Tapi
    from ndiswan.ndis import Ndis


class CMiniport:
    """One card of a driver in C: bind it like a `Miniport`.

    Attributes
    ----------
    name:
        The driver's name in reports.
    printed:
        What the driver said by DbgPrint, newest last; failed ASSERTs and error log entries are among it.
    events:
        What it indicated: ``(status, bytes)``, TAPI events among them, and each line-up's NDIS_MAC_LINE_UP, filled in.
    tapi:
        What made the call that `dial` made. It lasts as long as this object and the world do.
    hang_up:
        That of the device model, if it has one: called with a link, the card loses the line.
    adapter:
        The handle of the engine, once it is bound.

    Examples
    --------
    >>> from pathlib import Path
    >>> from ndiswan.drivers import CMiniport, build
    >>> source = "int DriverEntry(void *driver, void *registry) { return 0; }"
    >>> written = Path("empty.c").write_text(source)
    >>> driver = CMiniport(build("empty.c"), config={"Channels": 2})
    >>> driver.printed, driver.events
    ([], [])
    """

    adapter: Adapter
    hang_up: Callable[..., None]
    _c_driver: CDriver
    _dialled_in: weakref.ref[Ndis]

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        config: Mapping[str, object] | None = None,
        device: Callable[[str, int, int, int | None], int | None] | None = None,
        address: bytes | None = None,
        guard: bool = True,
        _of: CMiniport | None = None,
    ) -> None:
        self.path = Path(path)
        shown = self.path.name.encode("utf-8", "replace").decode()
        self.name = shown.partition("-")[0].removesuffix(".so")
        self.printed: list[str] = []
        self.events: list[tuple[int, bytes]] = []
        self.tapi: Tapi | None = None
        if address is not None and len(address) != 6:
            raise ValueError(f"address: expected 6 bytes, got {len(address)}")
        if device is not None and not callable(device):
            raise TypeError(
                f"device: expected a function of a space, an address, a size and a value, got {device!r}"
            )
        events = self.events  # the driver shall not hold this object, which holds the driver

        def indicated(status: int, data: bytes) -> None:
            events.append((status, data))

        shared = getattr(device, "shared_memory", {})
        if not isinstance(shared, Mapping):
            raise TypeError(
                f"device.shared_memory: expected a dict of buffers by address, got {type(shared).__name__}"
            )
        plug = getattr(device, "plug", None)
        hang_up = getattr(device, "hang_up", None)
        if hang_up is not None:
            self.hang_up = hang_up
        told = (indicated, self.printed.append, device, plug, list(shared.items()))
        registry = dict(flat(config or {}))
        given = (registry, bool(guard), address, *told)
        self._c_driver = (
            CDriver(self.path, *given) if _of is None else _of._c_driver.another(*given)
        )
        alone = _of is None and device is None
        self._given = (registry, bool(guard), address) if alone else None

    def another(self, **given: object) -> CMiniport:
        """Another card of the same driver in the same world: DriverEntry runs once, MiniportInitialize for each.

        It has its own ``config``, ``device``, ``address`` and ``guard``, as of `load`.
        """
        return CMiniport(self.path, _of=self, **given)  # type: ignore[arg-type]

    def workload(self) -> CWorkload | None:
        """This driver and its configuration, explored without Python; ``None`` with a device, or for `another`."""
        return None if self._given is None else CWorkload(self.path, self.name, *self._given)

    def _bound(self, link: Link) -> Link:
        self.adapter = link.adapter
        return link

    def request(
        self, oid: int, data: bytes = b"", *, set: bool = False, room: int = 0
    ) -> tuple[Status, bytes]:
        """MiniportQueryInformation or MiniportSetInformation with a structure's bytes: the status, the buffer after it.

        Where the driver answers PENDING the status is that; `completed` gives the rest once it is completed.
        """
        status, answer, _ = self._c_driver.request(set, int(oid), bytes(data), room)
        return status, answer

    def completed(self) -> tuple[Status, bytes] | None:
        """What came of a request that was answered PENDING, once; ``None`` while the driver owes it."""
        outcome = self._c_driver.completed()
        return None if outcome is None else outcome[:2]

    def dial(self, ndis: Ndis) -> Link | None:
        """Bring a line up by a call of TAPI, for a driver that waits for one; ``None`` if it knows no TAPI.

        Again, it is a call from a line that has none.

        Raises
        ------
        TapiError
            The call does not come up.
        """
        from ndiswan.drivers.tapi import Tapi
        from ndiswan.drivers.tapi_call import TapiError
        from ndiswan.drivers.tapi_dialing import connect

        if self.tapi is not None and self._dialled_in() is ndis and self.tapi.devices:
            busy = {call.line.device for call in self.tapi.calls if not call.over}
            free = (device for device in range(self.tapi.devices) if device not in busy)
            return connect(self.tapi, next(free, 0))
        # Held by this object and not holding it: what a driver has is given back with its world, not by the collector.
        self._dialled_in = weakref.ref(ndis)
        tapi = self.tapi = Tapi(weakref.proxy(self), weakref.proxy(ndis))
        try:
            tapi.initialize()
        except TapiError as error:
            self.tapi = None
            if error.status in {None, Status.PENDING}:
                raise  # it knows TAPI, and what it began with did not come to its end
            return None
        return connect(tapi)

    @property
    def info(self) -> WanInfo:
        """What it answers to OID_WAN_GET_INFO; the defaults before it is bound."""
        adapter = getattr(self, "adapter", None)
        return WanInfo() if adapter is None else adapter.info

    @property
    def serialized(self) -> bool:
        """Whether NDIS serializes it; True before it is bound."""
        adapter = getattr(self, "adapter", None)
        return True if adapter is None else adapter.serialized

    @property
    def leaks(self) -> list[str]:
        """What the driver still has: blocks of memory and timers, a line each. After the halt there should be none."""
        return self._c_driver.leaks

    @property
    def shuts_down(self) -> bool:
        """Whether the driver has a shutdown handler now: NdisMRegisterAdapterShutdownHandler's, or one of NDIS 5.1."""
        return self._c_driver.shuts_down

    @property
    def crashed(self) -> str | None:
        """How and where the driver crashed, if it did; it is not called any more then."""
        return self._c_driver.crashed

    def __repr__(self) -> str:
        return f"<CMiniport {self.name!r}>"


def _expect_isolation(isolate: bool | None) -> None:
    if isolate is not None and not isinstance(isolate, bool):
        raise TypeError(f"isolate: expected True, False or None, got {isolate!r}")
    if isolate and not is_supervised():
        raise RuntimeError(
            "isolate=True: expected a process that may die of the driver, and this one may not; call what loads and"
            " runs it by ndiswan.isolated(function), or say isolate=False to run it here"
        )


def load(  # noqa: PLR0913 -- what can be said of a driver is said here
    source: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    include: Iterable[str | os.PathLike[str]] = (),
    define: Mapping[str, object] | None = None,
    config: Mapping[str, object] | None = None,
    device: Callable[[str, int, int, int | None], int | None] | None = None,
    address: bytes | None = None,
    guard: bool = True,
    sanitize: bool | str = False,
    isolate: bool | None = None,
) -> CMiniport:
    """Compile a driver in C, unless it is a ``.so`` already, and load it as a miniport.

    Parameters
    ----------
    source, include, define:
        As for `build`; or the file that `build` made.
    config:
        The adapter's registry: int, str, bytes or a list of str by keyword (NdisReadConfiguration). A dict is a key
        below it (NdisOpenConfigurationKeyByName): ``{"Lines": {"Line0": {"Number": "100"}}}``, which may as well be
        one keyword, with a backslash behind each key.
    device:
        The card's hardware: ``device(space, address, size, value)`` is called for each access with ``"port"``,
        ``"memory"``, ``"pci"``, ``"eisa"``, ``"mca"``, ``"pcmcia"`` or ``"dma"``, the address, 1, 2, 4 or 8 bytes, and
        the value that is written, or ``None`` for a read, which it answers. Memory that the driver has mapped is asked
        for in the same way when the driver reads or writes it by a pointer. Without a device, ports read as ones, and
        mapped memory is plain memory.
        If it has an attribute ``shared_memory``, a dict of writable buffers by address, `CardMemory` for example, the
        driver is given those bytes where it maps an address of one, and the device is not asked for them.
        If it has a method ``plug``, that is called with the adapter when the card is bound: for its interrupt and
        its clock.
    address:
        Six bytes for NdisReadNetworkAddress.
    guard:
        Packets and blocks of memory on pages of their own, so that touching what was given back is found at the
        instruction. Without, the driver runs faster and only what the contract says of calls is checked.
    sanitize:
        As for `build`. What a sanitizer finds is a `SanitizerReport`, raised or on record as a `DriverCrash` is.

    isolate:
        ``None`` and ``False`` load it where this is called: in this process, where a debugger sees it, and which ends
        with it if it writes to memory that is not its own. ``True`` loads it in a process that may die, and in no
        other: the function that `isolated` calls is in one, a test of the pytest plugin, and what ``ndiswan check``
        runs. ``ndiswan fuzz`` makes the driver of a file once in its own process, to see that it can be made.

    Raises
    ------
    RuntimeError
        ``isolate=True``, and this process may not die.
    BuildError
        It does not compile, needs functions that ndiswan does not have, or has no DriverEntry.
    OSError
        The file cannot be loaded.
    SanitizerError
        It is built with AddressSanitizer, and this process was started without its runtime.

    Examples
    --------
    >>> from pathlib import Path
    >>> from ndiswan.drivers import load
    >>> source = "int DriverEntry(void *driver, void *registry) { return 0; }"
    >>> written = Path("empty.c").write_text(source)
    >>> load("empty.c").name
    'empty'
    """
    _expect_isolation(isolate)
    built = isinstance(source, str | os.PathLike) and str(source).endswith(".so")
    path = (
        Path(source)  # type: ignore[arg-type]
        if built
        else build(source, include=include, define=define, sanitize=sanitize)
    )
    if path.exists():
        see_runtime(path)
    try:
        return CMiniport(path, config=config, device=device, address=address, guard=guard)
    except OSError as error:
        if built or "has no DriverEntry" not in str(error):
            raise
        raise BuildError(
            f"{source}: expected a driver, but it has no function DriverEntry; NDIS calls that one first, to register"
            " the others: NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)"
        ) from None
