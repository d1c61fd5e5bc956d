"""IoInitializeTimer, IoStartTimer, IoStopTimer: a function that is called once a second for a device object."""

from __future__ import annotations

import pytest

import ndiswan as nw
from leased import leased

DEVICE = """
static PDEVICE_OBJECT Device;
static PDRIVER_OBJECT Driver;
static ULONG Calls;
static VOID Every(PDEVICE_OBJECT device, PVOID context)
{
    DbgPrint("%u %d %d\\n", KeGetCurrentIrql(), device == Device, context == &Calls);
    Calls++;
}
static VOID Unload(PDRIVER_OBJECT driver) { DbgPrint("unload\\n"); @UNLOAD@ IoDeleteDevice(Device); }
static void Make(void)
{
    DbgPrint("%x\\n", IoCreateDevice(Driver, 0, NULL, FILE_DEVICE_NETWORK, 0, FALSE, &Device));
    Driver->DriverUnload = Unload;
    @MAKE@
}
#define ENTRY(e) Driver = object;
#define AT_START Make();
#define AT_TICK { @TICK@ }
"""
MAKE = 'DbgPrint("%x\\n", IoInitializeTimer(Device, Every, &Calls)); IoStartTimer(Device);'


def run(folder, until: float, **filled: str):
    """What was printed and broken until that second and in the halt."""
    more = DEVICE
    for name in ("MAKE", "TICK", "UNLOAD"):
        more = more.replace(f"@{name}@", filled.get(name.lower(), ""))
    driver = leased(folder, more)
    with nw.Ndis(on_violation="record") as ndis:
        ndis.bind(nw.Protocol(), driver)
        ndis.run(until=until)
    return driver, [violation.rule for violation in ndis.violations]


def test_it_is_called_once_a_second_at_dispatch_level(tmp_path) -> None:
    """With the device and the context; that it is set when a card goes is no mistake: the device is the driver's."""
    driver, broken = run(tmp_path, 3.5, make=MAKE, unload="IoStopTimer(Device);")
    assert driver.printed == ["0\n", "0\n", *["2 1 1\n"] * 3, "unload\n"]
    assert (broken, driver.leaks, driver.crashed) == ([], [], None)


def test_it_is_stopped_and_started_again(tmp_path) -> None:
    """Called at 1 s and 2 s, and then from 6 s on."""
    tick = (
        "if (card->Ticks == 250) IoStopTimer(Device); if (card->Ticks == 500) IoStartTimer(Device);"
    )
    driver, broken = run(tmp_path, 7.5, make=MAKE, tick=tick)
    assert driver.printed.count("2 1 1\n") == 4
    assert (broken, driver.leaks) == ([], [])


def test_it_goes_with_its_device(tmp_path) -> None:
    """A device that is deleted calls nothing any more; a timer was not initialized for the next one."""
    again = "IoDeleteDevice(Device); IoCreateDevice(Driver, 0, NULL, 0x12, 0, FALSE, &Device);"
    tick = f"if (card->Ticks == 150) {{ {again} }}"
    driver, broken = run(tmp_path, 4.5, make=MAKE, tick=tick)
    assert driver.printed.count("2 1 1\n") == 1
    assert broken == ["IRQL_CALL", "IRQL_CALL"]  # both are for lower levels


@pytest.mark.parametrize(
    ("make", "told"),
    [
        ("IoStartTimer(Device);", "whose timer was initialized (IoInitializeTimer)"),
        (MAKE + "IoInitializeTimer(Device, Every, NULL);", "whose timer was not initialized"),
        ("IoStopTimer((PDEVICE_OBJECT)&Calls);", "what IoCreateDevice gave"),
    ],
)
def test_what_is_no_device_or_has_no_timer_is_told(tmp_path, make: str, told: str) -> None:
    """HANDLE, at the call."""
    driver = leased(
        tmp_path, DEVICE.replace("@MAKE@", make).replace("@TICK@", "").replace("@UNLOAD@", "")
    )
    with nw.Ndis(on_violation="record") as ndis:
        ndis.bind(nw.Protocol(), driver)
    assert [one.rule for one in ndis.violations] == ["HANDLE"]
    assert told in str(ndis.violations[0])
