"""What the kernel gives a driver in C: its driver object, queues of devices, mapped memory; keys are not there."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

import ndiswan as nw
from ndiswan.drivers import DriverCrash, load
from ndiswan.exploring.workload import workload
from test_c_kernel import HARNESS

if TYPE_CHECKING:
    from pathlib import Path

    from ndiswan.drivers.loading import CMiniport


def run(folder: Path, body: str, globals_: str = "", **given) -> tuple[nw.Ndis, CMiniport]:
    """A driver with that body of its MiniportInitialize, bound, run for a second and halted."""
    source = folder / "small.c"
    text = HARNESS.replace("NDIS_HANDLE w;", "NDIS_HANDLE w; Kept = o;")
    text = text.replace("@GLOBALS@", f"static PDRIVER_OBJECT Kept;\n{globals_}").replace(
        "@HALT@", ""
    )
    source.write_text(text.replace("@BODY@", textwrap.indent(body, "    ")), "utf-8")
    driver = load(source, **given)
    with nw.Ndis(on_violation="record") as ndis:
        ndis.bind(nw.Protocol(), driver)
        ndis.run(until=ndis.now + 1)
    return ndis, driver


def test_the_driver_object_stays_for_as_long_as_the_driver(tmp_path: Path) -> None:
    """What DriverEntry was given may be kept and used later, its extension too; it is no leak."""
    body = """
        PDRIVER_DISPATCH Old = Kept->MajorFunction[IRP_MJ_DEVICE_CONTROL];
        Kept->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Control;
        Kept->DriverExtension->AddDevice = NULL;
        DbgPrint("%d %d %d\\n", Kept->Type == IO_TYPE_DRIVER, Kept->Size == sizeof(DRIVER_OBJECT),
                 Kept->DriverExtension->DriverObject == Kept);
    """
    control = "static NTSTATUS Control(PDEVICE_OBJECT d, PIRP i) { return STATUS_SUCCESS; }"
    ndis, driver = run(tmp_path, body, control)
    assert driver.printed == ["1 1 1\n"]
    assert (driver.crashed, ndis.violations, driver.leaks) == (None, [], [])


def test_requests_wait_for_their_device_in_order(tmp_path: Path) -> None:
    """The first is started at once, the others by key, then as they came, at DISPATCH_LEVEL."""
    body = """
        static DEVICE_OBJECT Device;
        static IRP Irps[4];
        ULONG Keys[] = {0, 7, 3, 7}, i;
        for (i = 0; i < 4; i++)
            Irps[i].Size = (USHORT)i;
        Device.DriverObject = Kept;
        Kept->DriverStartIo = Start;
        for (i = 0; i < 4; i++)
            IoStartPacket(&Device, &Irps[i], &Keys[i], NULL);
        DbgPrint("taken out %d\\n",
                 KeRemoveEntryDeviceQueue(&Device.DeviceQueue, &Irps[3].Tail.Overlay.DeviceQueueEntry));
        for (i = 0; i < 3; i++) {
            KIRQL Level = KfRaiseIrql(DISPATCH_LEVEL);
            IoStartNextPacket(&Device, FALSE);
            KfLowerIrql(Level);
        }
        DbgPrint("idle %d %d\\n", Device.CurrentIrp == NULL, Device.DeviceQueue.Busy);
    """
    start = 'static VOID Start(PDEVICE_OBJECT d, PIRP i) { DbgPrint("%d at %d\\n", i->Size, KeGetCurrentIrql()); }'
    ndis, driver = run(tmp_path, body, start)
    assert driver.printed == [
        "0 at 2\n",
        "taken out 1\n",
        "2 at 2\n",
        "1 at 2\n",
        "idle 1 0\n",
    ]
    assert ndis.violations == []


def test_what_is_not_there_says_so(tmp_path: Path) -> None:
    """Keys, files and sections have no handles; resources are free; a part of memory is described as one."""
    body = """
        static UCHAR Memory[64];
        HANDLE Handle = (HANDLE)5;
        OBJECT_ATTRIBUTES Name;
        ULONG n;
        BOOLEAN Conflict = TRUE;
        KIRQL Level;
        KAFFINITY Affinity;
        KEVENT Event;
        PMDL Whole = MmCreateMdl(NULL, Memory, 64), Part = MmCreateMdl(NULL, Memory, 64);
        InitializeObjectAttributes(&Name, NULL, OBJ_CASE_INSENSITIVE, NULL, NULL);
        DbgPrint("%x ", ZwCreateKey(&Handle, KEY_WRITE, &Name, 0, NULL, REG_OPTION_NON_VOLATILE, NULL));
        DbgPrint("%x ", ZwOpenSection(&Handle, SECTION_MAP_READ, &Name));
        DbgPrint("%x ", ZwQueryKey(Handle, KeyFullInformation, Memory, 64, &n));
        DbgPrint("%x\\n", ZwQueryValueKey(Handle, NULL, KeyValueFullInformation, Memory, 64, &n));
        DbgPrint("%x ", IoReportResourceUsage(NULL, Kept, NULL, 0, NULL, NULL, 0, FALSE, &Conflict));
        DbgPrint("%d %x ", Conflict, HalGetInterruptVector(Isa, 0, 5, 5, &Level, &Affinity));
        DbgPrint("%d\\n", HalGetBusDataByOffset(PCIConfiguration, 0, 0, Memory, 0, 4));
        MmBuildMdlForNonPagedPool(Whole);
        IoBuildPartialMdl(Whole, Part, Memory + 16, 0);
        DbgPrint("%d %d\\n", MmGetMdlByteCount(Part), MmGetSystemAddressForMdl(Part) == Memory + 16);
        IoFreeMdl(Part);
        IoFreeMdl(Whole);
        KeInitializeEvent(&Event, NotificationEvent, FALSE);
        KePulseEvent(&Event, IO_NO_INCREMENT, FALSE);
        DbgPrint("%d\\n", KeReadStateEvent(&Event));
    """
    ndis, driver = run(tmp_path, body)
    assert driver.printed == [
        "c0000022 ",
        "c0000034 ",
        "c0000008 ",
        "c0000008\n",
        "0 ",
        "0 5 ",
        "0\n",
        "48 1\n",
        "0\n",
    ]
    assert (driver.crashed, ndis.violations, driver.leaks) == (None, [], [])


def test_a_status_that_is_raised_stops_the_driver(tmp_path: Path) -> None:
    """Nobody handles an exception here: it is the stop that it would be without a handler."""
    with pytest.raises(DriverCrash, match=r"KeBugCheckEx\(0x1e, 0xc0000005"):
        run(tmp_path, "ExRaiseStatus(STATUS_ACCESS_VIOLATION);")


class PciCard:
    """A card with memory of 8 KiB and 64 ports, a register that keeps what is written, and an interrupt line."""

    def __init__(self) -> None:
        self.space = bytearray(256)
        self.space[:4] = b"\xcd\xab\x34\x12"
        self.space[0x3C] = 11
        for at, base in ((0x10, 0xFEB00000), (0x14, 0xE401), (0x18, 0xFEA00000)):
            self.space[at : at + 4] = base.to_bytes(4, "little")
        self.fixed = {0x10: (8192 - 1, 0), 0x14: (64 - 1, 1)}

    def __call__(self, space: str, address: int, size: int, value: int | None) -> int:
        assert (space, size) == ("pci", 1)
        if value is not None:
            low, kind = self.fixed.get(address & ~3, (0, 0))
            shift = 8 * (address & 3)
            self.space[address] = value & ~(low >> shift) & 0xFF | (kind >> shift)
        return self.space[address]


RESOURCES = """
    char Buffer[200];
    PNDIS_RESOURCE_LIST list = (PNDIS_RESOURCE_LIST)Buffer, pci;
    NDIS_STATUS status;
    UINT size = sizeof(Buffer), i;
    NdisMQueryAdapterResources(&status, Context, list, &size);
    for (i = 0; i < list->Count; i++)
        DbgPrint("%d %x %x\\n", list->PartialDescriptors[i].Type, list->PartialDescriptors[i].u.Port.Start.LowPart,
                 list->PartialDescriptors[i].u.Port.Length);
    NdisMPciAssignResources(Adapter, 0, &pci);
    DbgPrint("%d\\n", NdisEqualMemory(pci, list, size));
"""


def test_the_resources_of_a_pci_card_are_those_of_its_registers(tmp_path: Path) -> None:
    """Each base address register is asked for its size, and stays as it was. The configuration comes first."""
    card = PciCard()
    before = bytes(card.space)
    _, driver = run(tmp_path, RESOURCES, device=card)
    # Of an interrupt the processors that it may come to stand where others have their length.
    expected = ["3 feb00000 2000\n", "1 e400 40\n", "3 fea00000 1000\n", "2 b 3\n", "1\n"]
    assert driver.printed == expected
    assert card.space == before
    _, driver = run(tmp_path, RESOURCES, device=card, config={"InterruptNumber": 5})
    assert driver.printed == ["2 5 3\n", "1\n"]


def test_a_card_without_resources_is_told_how_to_have_some(tmp_path: Path) -> None:
    """The list is empty, which a virtual card may take as it is; who wonders finds why in what was printed."""
    _, driver = run(tmp_path, RESOURCES)
    assert "the card has no resources; give them in the configuration" in driver.printed[0]
    assert driver.printed[-1] == "1\n"


def test_what_the_halt_does_not_give_back_is_listed(tmp_path: Path) -> None:
    """The configuration, ports, mapped memory, the shutdown handler, by what would give them back."""
    body = """
        NDIS_STATUS status;
        NDIS_HANDLE first, second;
        PVOID ports, memory, given_back;
        NDIS_PHYSICAL_ADDRESS at;
        NdisSetPhysicalAddressLow(at, 0xD0000);
        NdisSetPhysicalAddressHigh(at, 0);
        NdisOpenConfiguration(&status, &first, Context);
        NdisOpenConfiguration(&status, &second, Context);
        NdisCloseConfiguration(first);
        NdisMRegisterIoPortRange(&ports, Adapter, 0x300, 8);
        NdisMMapIoSpace(&memory, Adapter, at, 0x1000);
        NdisMMapIoSpace(&given_back, Adapter, at, 0x1000);
        NdisMUnmapIoSpace(Adapter, given_back, 0x1000);
        NdisMRegisterAdapterShutdownHandler(Adapter, NULL, Down);
    """
    ndis, driver = run(tmp_path, body, "static VOID Down(PVOID c) { }")
    assert driver.leaks == [
        "the shutdown handler is still registered (NdisMDeregisterAdapterShutdownHandler)",
        "the 8 ports from 0x300 are still registered (NdisMDeregisterIoPortRange)",
        "4096 bytes at 0xd0000 are still mapped (NdisMUnmapIoSpace)",
        "the configuration is still open, 1 times (NdisCloseConfiguration)",
    ]
    assert (driver.crashed, ndis.violations) == (None, [])


def test_a_touch_is_told_at_its_own_line(tmp_path: Path) -> None:
    """Not at the next call of the library, by which it is told."""
    body = """
        PVOID block, other;
        NdisAllocateMemoryWithTag(&block, 64, 'kcol');
        NdisFreeMemory(block, 64, 0);
        ((PUCHAR)block)[3] = 1; /* here */
        NdisAllocateMemoryWithTag(&other, 64, 'rhto');
        NdisFreeMemory(other, 64, 0);
    """
    ndis, _ = run(tmp_path, body)
    (found,) = ndis.violations
    lines = (tmp_path / "small.c").read_text().splitlines()
    line = next(number for number, text in enumerate(lines, 1) if "/* here */" in text)
    assert found.rule == "TOUCH"
    scenario = workload(lambda: load(tmp_path / "small.c"))
    failures = nw.explore(scenario, seed=1, executions=10, shrinking=0).failures
    assert {one.place for one in failures} == {f"small · small.c:{line} in Run"}
    assert f"Run (small.c:{line})" in found.detail


def test_memory_that_was_never_written_to_is_no_zeros(tmp_path: Path) -> None:
    """A structure that a driver forgets to clear has what others left; a pointer in it leads nowhere, and is told."""
    body = """
        PVOID block;
        NdisAllocateMemoryWithTag(&block, 64, 'kcol');
        DbgPrint("%08lx", *(PULONG)block);
        NdisFreeMemory(block, 64, 0);
    """
    _, driver = run(tmp_path, body)
    assert driver.printed == ["babababa"]
    crash = "NdisAllocateMemoryWithTag(&block, 64, 'kcol'); **(PULONG *)block = 1;"
    with pytest.raises(
        DriverCrash, match="made of memory that it has allocated and never written to, in Run"
    ):
        run(tmp_path, "PVOID block;" + crash)


@pytest.mark.parametrize(
    ("write", "words"),
    [
        ("((PUCHAR)block)[13] = 0", "wrote to 0 bytes behind the end of a block of 13 bytes"),
        ("((PUCHAR)block)[-2] = 0", "wrote to 2 bytes before a block of 13 bytes"),
        ("((PUCHAR)block)[12] = 0", ""),
    ],
    ids=["behind", "before", "inside"],
)
def test_what_is_written_beside_a_block_is_seen_when_it_is_freed(tmp_path, write, words) -> None:
    """The zero behind a string faults nowhere where the block ends before its last 8 bytes do."""
    block = "PVOID block; NdisAllocateMemoryWithTag(&block, 13, 'kcol');"
    ndis, _ = run(tmp_path, f"{block} {write}; NdisFreeMemory(block, 13, 0);")
    told = [found.detail for found in ndis.violations if found.rule == "TOUCH"]
    assert len(told) == len(ndis.violations) == bool(words)
    assert all(words in one and "NdisFreeMemory" in one for one in told)


def test_a_block_is_freed_with_the_length_that_it_has(tmp_path: Path) -> None:
    """NdisFreeMemory takes what NdisAllocateMemory was given; drivers that know that it is not looked at say 0."""
    block = "PVOID block; NdisAllocateMemoryWithTag(&block, 13, 'kcol');"
    for length, rules in (("13", []), ("0", []), ("12", ["HANDLE"])):
        ndis, _ = run(tmp_path, f"{block} NdisFreeMemory(block, {length}, 0);")
        assert [found.rule for found in ndis.violations] == rules
    assert "NdisFreeMemory: Length is 0xc; expected 0xd, with which" in ndis.violations[0].detail


UNLOADS = """
static PDRIVER_UNLOAD Old;
static NDIS_HANDLE Wrapper;
static PDEVICE_OBJECT Device;
static UNICODE_STRING Name, Link;
static VOID Own(PDRIVER_OBJECT o)
{
    DbgPrint("gone at %d", KeGetCurrentIrql());
    IoDeleteSymbolicLink(&Link);
    IoDeleteDevice(Device);
    NdisMSleep(1000);
    if (Old) Old(o);
}
static VOID Entered(PDRIVER_OBJECT o, NDIS_HANDLE w)
{
    DbgPrint("entered, %d %d", o->DriverUnload != NULL, o->MajorFunction[IRP_MJ_CREATE] != NULL);
    Wrapper = w;
    RtlInitUnicodeString(&Name, L"\\\\Device\\\\Card");
    RtlInitUnicodeString(&Link, L"\\\\DosDevices\\\\CARD");
    IoCreateDevice(o, 0, &Name, FILE_DEVICE_NETWORK, 0, FALSE, &Device);
    IoCreateSymbolicLink(&Link, &Name);
    @ENTERED@
}
"""


@pytest.mark.parametrize(
    "entered",
    ["Old = o->DriverUnload; o->DriverUnload = Own;", "NdisMRegisterUnloadHandler(Wrapper, Own);"],
    ids=["of-its-own", "by-ndis"],
)
def test_a_driver_is_unloaded_after_the_halt_of_its_last_card(tmp_path, entered) -> None:
    """What DriverEntry made is there until then, and is no leak; the next card is one of a fresh driver."""
    text = HARNESS.replace(
        "    return NdisMRegisterMiniport(w, &c, sizeof(c));",
        "    { NDIS_STATUS s = NdisMRegisterMiniport(w, &c, sizeof(c)); Entered(o, w); return s; }",
    )
    text = text.replace("@GLOBALS@", UNLOADS.replace("@ENTERED@", entered)).replace("@BODY@", "")
    source = tmp_path / "unloads.c"
    source.write_text(text.replace("@HALT@", 'DbgPrint("halted");'), "utf-8")
    first = load(source)
    second, third = first.another(), first.another()
    for cards in ([first, second], [third]):
        with nw.Ndis(on_violation="record") as ndis:
            for card in cards:
                ndis.bind(nw.Protocol(), card)
        assert (ndis.violations, ndis.errors, cards[-1].leaks) == ([], [], [])
    assert first.printed == ["entered, 1 1", "halted", "gone at 0"]
    assert second.printed == ["halted"]
    assert third.printed == ["entered, 1 1", "halted", "gone at 0"]
    found = nw.explore(workload(lambda: load(source)), seed=1, executions=20, shrinking=0)
    assert found.failures == []


def test_an_isr_may_put_into_a_list_that_ndis_interlocks(tmp_path: Path) -> None:
    """Any level may; below DISPATCH_LEVEL it is the driver's spin lock that is taken, and who holds it knows."""
    lists = "static NDIS_SPIN_LOCK Lock; static LIST_ENTRY Head, Entry;"
    put = "NdisInterlockedInsertTailList(&Head, &Entry, &Lock);"
    body = f"""
        KIRQL old;
        NdisAllocateSpinLock(&Lock);
        InitializeListHead(&Head);
        KeRaiseIrql(7, &old);
        {put}
        DbgPrint("%d", NdisInterlockedRemoveHeadList(&Head, &Lock) == &Entry);
        KeLowerIrql(old);
    """
    ndis, driver = run(tmp_path, body, lists)
    assert (ndis.violations, driver.printed) == ([], ["1"])
    held = "NdisAcquireSpinLock(&Lock); NdisInterlockedInsertTailList(&Head, &Entry, &Lock);"
    ndis, _ = run(tmp_path, body.replace(put, f"KeLowerIrql(old); {held}"), lists)
    assert "LOCK_RECURSION" in {found.rule for found in ndis.violations}


def test_the_ports_of_a_board_are_there_for_each_of_its_adapters(tmp_path: Path) -> None:
    """One of them registers the ports; after its halt they are nobody's."""
    ports = """
        UCHAR b = 0;
        if (!First) {
            First = Adapter;
            NdisMRegisterIoPortRange(&Port, Adapter, 0x300, 8);
        }
        NdisRawReadPortUchar((ULONG_PTR)Port + 5, &b);
        DbgPrint("%02x", b);
    """
    halt = "if (!Halts++) NdisMDeregisterIoPortRange(First, 0x300, 8, Port);"
    text = HARNESS.replace(
        "@GLOBALS@", "static PVOID Port; static int Halts; static NDIS_HANDLE First;"
    )
    source = tmp_path / "board.c"
    source.write_text(text.replace("@BODY@", ports).replace("@HALT@", halt), "utf-8")

    def device(*access: int) -> int:
        return access[1] & 0xFF

    first = load(source, device=device)
    with nw.Ndis(on_violation="record") as ndis:
        ndis.bind(nw.Protocol(), first)
        second = first.another(device=device)
        ndis.bind(nw.Protocol(), second)
    assert (ndis.violations, first.printed, second.printed) == ([], ["05"], ["05"])
