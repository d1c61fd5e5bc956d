"""Drivers in C: built from their source, bound like others, and what they do wrong is told with its line."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import ndiswan as nw
from ndiswan import models
from ndiswan.checking import Options, check
from ndiswan.drivers import BuildError, CMiniport, DriverCrash, build, load
from ndiswan.drivers.symbols import listed
from ndiswan.exploring.workload import workload

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
QUEUED = HERE.parent / "examples" / "c" / "queued" / "queued.c"
FAULTS = HERE / "drivers" / "faults.c"


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Built drivers of these tests are kept nowhere else."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("NDISWAN_CACHE", str(folder))
        yield folder


class Peer(nw.Protocol):
    """Remembers what came back."""

    def __init__(self) -> None:
        self.back: list[tuple[bytes, nw.Status]] = []

    def send_complete(self, packet: nw.Packet, status: nw.Status) -> None:
        """One more."""
        self.back.append((bytes(packet.data), status))


def faulty(length: int, **options: object) -> tuple[nw.Ndis, CMiniport, Exception | None]:
    """A world in which ``faults.c`` was sent a frame of that length, closed."""
    miniport = load(FAULTS, **options)  # type: ignore[arg-type]
    ndis = nw.Ndis(time=nw.VirtualTime(), on_violation="record")
    link = ndis.bind(Peer(), miniport)
    error = None
    try:
        link.send(b"x" * length)
    except DriverCrash as crash:
        error = crash
    ndis.close()
    return ndis, miniport, error


def rules(ndis: nw.Ndis) -> list[str]:
    """The rules that were broken, once each, in order."""
    return list(dict.fromkeys(violation.rule for violation in ndis.violations))


def test_a_driver_in_c_is_bound_and_sends() -> None:
    """The sample driver keeps each frame for as long as the line needs, and gives it back once with its data."""
    peer = Peer()
    with nw.Ndis(time=nw.VirtualTime()) as ndis:
        miniport = load(QUEUED)
        link = ndis.bind(peer, miniport)
        assert not miniport.serialized
        assert miniport.info.max_frame_size == 1500
        assert [link.send(bytes([n]) * 100) for n in range(10)] == [nw.PENDING] * 10
        ndis.run()
        assert ndis.now == pytest.approx(
            0.120
        )  # 100 bytes need 12.5 ms, and its timer counts whole ones
    assert peer.back == [(bytes([n]) * 100, nw.SUCCESS) for n in range(10)]
    assert miniport.leaks == []


def test_built_in_traffic_sends_to_a_driver_in_c() -> None:
    """Ten packets that come at once go out one after the other, in the time that the driver's line needs."""
    traffic = models.TrafficProtocol(models.Cbr(rate_pps=100_000, size=100, packets=10), window=3)
    with nw.Ndis() as ndis:
        miniport = load(QUEUED)
        ndis.bind(traffic, miniport)
        ndis.run()
        assert 0.120 <= ndis.now < 0.121
        with pytest.raises(RuntimeError, match="a model is bound once"):
            ndis.bind(traffic, load(QUEUED))
    assert traffic.counters["sent"] == traffic.counters["succeeded"] == 10
    assert traffic.counters["most_outstanding"] == 3
    assert miniport.leaks == []


@pytest.mark.parametrize(
    ("bug", "rule"), [(1, "LOCK_HELD"), (2, "TOUCH"), (3, "TOUCH"), (4, "LOST")]
)
def test_a_seeded_bug_of_a_driver_in_c_is_found(bug: int, rule: str) -> None:
    """The explorer finds each in a few executions, with the rule that it breaks."""
    driver = build(QUEUED, define={"BUG": bug})
    found = nw.explore(workload(lambda: load(driver)), executions=300, seed=1)
    assert [failure.symptom.rule for failure in found.failures] == [rule]


def test_two_completions_at_once_are_no_crash() -> None:
    """Of two processors that complete one packet only one looks at it; the other is told."""
    driver = build(QUEUED, define={"BUG": 3})
    rules = set()
    for seed in range(4):
        found = nw.explore(
            workload(lambda: load(driver)), executions=300, seed=seed, stop=False, shrinking=0
        )
        rules |= {failure.symptom.rule for failure in found.failures}
    assert rules <= {"TOUCH", "DOUBLE", "STALE", "RESET", "FOREIGN"}
    assert "TOUCH" in rules


def test_a_good_driver_in_c_is_left_alone() -> None:
    """Two thousand executions under the adversary find nothing in the sample driver."""
    driver = build(QUEUED)
    found = nw.explore(workload(lambda: load(driver)), executions=2000, seed=7)
    assert found.failures == []


def test_a_touch_is_told_with_its_source_line() -> None:
    """What was touched, whose it was, and the line of the driver that did it."""
    line = next(
        n
        for n, text in enumerate(QUEUED.read_text().splitlines(), 1)
        if "Card->BytesSent += Packet" in text and n > 55
    )
    with nw.Ndis(time=nw.VirtualTime(), on_violation="record") as ndis:
        link = ndis.bind(Peer(), load(QUEUED, define={"BUG": 2}))
        link.send(b"a frame")
        ndis.run()
    (found,) = ndis.violations
    assert found.rule == "TOUCH"
    assert "read CurrentLength of the NDIS_WAN_PACKET" in found.detail
    assert f"in QueuedTimer (queued.c:{line})" in found.detail


@pytest.mark.parametrize(
    ("length", "what", "where"),
    [
        (1, "wrote to address 0x0, which is a null pointer", "in Send (faults.c:"),
        (2, "ran out of stack", "in Deep (faults.c:"),
        (3, "divided by zero", "in Send (faults.c:"),
        (4, "an endless loop", "in Send (faults.c:"),
        (5, "address 0x1234", "in Send (faults.c:"),
        (7, "NdisStallExecution: an endless loop", "in Send (faults.c:"),
    ],
)
def test_a_crash_is_an_exception_with_its_place(length: int, what: str, where: str) -> None:
    """A driver that faults, or never returns, leaves its call; its packet goes back and the world can be closed."""
    ndis, miniport, error = faulty(length)
    assert error is not None
    assert what in str(error)
    assert where in str(error)
    assert miniport.crashed == str(error)
    assert rules(ndis) == []


def test_memory_is_watched_too() -> None:
    """A write behind a block, a read of a freed one, and blocks that are freed twice or never were allocated."""
    ndis, _, error = faulty(6)
    assert error is None
    details = [violation.detail for violation in ndis.violations]
    assert [violation.rule for violation in ndis.violations] == [
        "TOUCH",
        "TOUCH",
        "TOUCH",
        "HANDLE",
    ]
    assert "4 bytes behind the end of a block of 100 bytes" in details[0]
    assert "byte 5 of a freed block of 100 bytes" in details[1]
    assert "was freed before" in details[2]


def test_wrong_names_are_refused_with_what_was_expected() -> None:
    """Handles of another kind, packets that are none, addresses at which nothing is: each is told, none crashes."""
    ndis, miniport, error = faulty(8)
    assert error is None
    assert miniport.crashed is None
    details = "\n".join(violation.detail for violation in ndis.violations)
    assert "this is the MiniportAdapterContext" in details
    # The completion with a wrong handle is one of this card's packet, in the call, which then returns SUCCESS.
    assert rules(ndis) == ["HANDLE", "FOREIGN", "EARLY"]
    for name in (
        "NdisMSetTimer",
        "NdisAcquireSpinLock",
        "NdisMIndicateStatus",
        "NdisMWanIndicateReceive",
        "NdisReadConfiguration",
    ):
        assert name in details


def test_bytes_beyond_the_padding_are_told() -> None:
    """Behind the end at the instruction, before the beginning when the packet comes back."""
    ndis, _, _ = faulty(9)
    details = [violation.detail for violation in ndis.violations]
    assert rules(ndis) == ["PADDING"]
    assert "EndBuffer+0" in details[0]
    assert "StartBuffer-1" in details[1]


def test_the_descriptor_is_looked_at_when_it_comes_back() -> None:
    """The protocol's own fields, and a CurrentBuffer outside of the buffer."""
    ndis, _, _ = faulty(10)
    assert rules(ndis) == ["RESERVED", "PADDING"]


def test_leaks_are_listed() -> None:
    """Memory that is not freed at halt is listed with who gave it and its tag."""
    _, miniport, _ = faulty(11)
    (leak,) = miniport.leaks
    assert "4321 bytes" in leak
    assert "NdisAllocateMemoryWithTag" in leak


def test_a_lacking_function_is_told_with_who_calls_it(tmp_path: Path) -> None:
    """All of them at once, before anything is loaded."""
    source = tmp_path / "lacking.c"
    source.write_text(
        "#include <ndis.h>\nVOID NdisOfTomorrow(VOID); VOID ZwUnheardOf(ULONG a);\n"
        "VOID First(VOID) { NdisOfTomorrow(); }\nVOID Second(VOID) { NdisOfTomorrow(); ZwUnheardOf(1); }\n"
        "NTSTATUS DriverEntry(PDRIVER_OBJECT a, PUNICODE_STRING b) { First(); Second(); return 0; }\n"
    )
    with pytest.raises(BuildError) as caught:
        build(source)
    assert "NdisOfTomorrow, called by First, Second" in str(caught.value)
    assert "ZwUnheardOf, called by Second" in str(caught.value)


def test_a_driver_that_does_not_compile_is_told_in_the_compilers_words(tmp_path: Path) -> None:
    """The file and the compiler's own message."""
    source = tmp_path / "broken.c"
    source.write_text("#include <ndis.h>\nULONG Broken(VOID) { return }\n")
    with pytest.raises(BuildError, match=r"broken\.c: does not compile(.|\n)*broken\.c:2"):
        build(source)


def test_includes_are_found_in_any_spelling(tmp_path: Path) -> None:
    """As on Windows: upper and lower case do not matter, nor does the direction of slashes."""
    (tmp_path / "Inc").mkdir()
    (tmp_path / "Inc" / "Card.h").write_text("#define CARD_NAME 1\n")
    (tmp_path / "sources").write_text("TARGETNAME=card\nSOURCES=main.c \\\n    OTHER.C\n")
    (tmp_path / "Main.c").write_text(
        '#include <NDIS.H>\n#include <NdisWan.h>\n#include "inc\\CARD.H"\n'
        "ULONG Other(VOID);\n"
        "NTSTATUS DriverEntry(PDRIVER_OBJECT a, PUNICODE_STRING b) { return Other() + CARD_NAME; }\n"
    )
    (tmp_path / "other.c").write_text('#include "ndis.h"\nULONG Other(VOID) { return 1; }\n')
    assert build(tmp_path).suffix == ".so"


def test_what_is_built_already_is_not_built_again(cache: Path) -> None:
    """Found by its content; another macro is another driver."""
    first = build(QUEUED)
    stamp = first.stat().st_mtime_ns
    assert build(QUEUED) == first
    assert first.stat().st_mtime_ns == stamp
    assert build(QUEUED, define={"BUG": 1}) != first
    assert first.parent == cache


def test_each_load_has_its_own_variables() -> None:
    """Two cards of two loads, and a driver that is loaded again, begin as it was compiled."""
    for _ in range(3):
        first, second = faulty(11)[1], faulty(11)[1]
        assert len(first.leaks) == len(second.leaks) == 1


def test_what_a_process_left_that_was_killed_is_removed(tmp_path: Path) -> None:
    """The next process that loads a driver removes copies of those that are gone, and no others."""
    built = build(QUEUED, define={"NDIS50_MINIPORT": 1})
    code = f"import os; from ndiswan.drivers import load; load({str(built)!r}); os._exit(0)"
    ended = [sys.executable, "-c", code]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    for _ in range(3):
        subprocess.run(ended, env=environment, check=True)
    others = tmp_path / f"ndiswan-driver-{os.getpid()}-0-other.so"
    others.touch()
    strange = tmp_path / "ndiswan-driver-of-somebody.so"
    strange.touch()
    subprocess.run(ended, env=environment, check=True)
    assert len(list(tmp_path.iterdir())) == 3
    assert others.exists()
    assert strange.exists()


def test_two_cards_of_one_driver() -> None:
    """DriverEntry once, MiniportInitialize for each."""
    with nw.Ndis(time=nw.VirtualTime()) as ndis:
        first = load(QUEUED)
        second = first.another()
        peers = [Peer(), Peer()]
        links = [ndis.bind(peer, card) for peer, card in zip(peers, (first, second), strict=True)]
        for link in links:
            link.send(b"frame")
        ndis.run()
    assert [len(peer.back) for peer in peers] == [1, 1]


def test_a_card_is_bound_once() -> None:
    """And says so; what was refused for the pool's size was no bind."""
    with nw.Ndis(time=nw.VirtualTime()) as ndis:
        miniport = load(QUEUED)
        with pytest.raises(ValueError, match="packets: expected 1 to 65536, got 65537"):
            ndis.bind(Peer(), miniport, packets=65_537)
        ndis.bind(Peer(), miniport)
        with pytest.raises(RuntimeError, match="bound already"):
            ndis.bind(Peer(), miniport)


def test_a_driver_goes_with_its_world() -> None:
    """Nothing keeps the card when its world is closed and let go."""
    ndis, miniport, _ = faulty(20)
    gone = weakref.ref(miniport)
    del ndis, miniport
    gc.collect()
    assert gone() is None


def test_real_time_too() -> None:
    """The same driver on the real clock, its timers on the engine's thread."""
    peer = Peer()
    with nw.Ndis(time=nw.RealTime()) as ndis:
        link = ndis.bind(peer, load(QUEUED))
        for _ in range(5):
            link.send(b"abc")
        ndis.wait(lambda: len(peer.back) == 5, 5.0)
    assert [status for _, status in peer.back] == [nw.SUCCESS] * 5


def test_check_takes_a_driver_in_c() -> None:
    """`ndiswan check queued.c -D BUG=4`: the rule, and exit code 1; without the bug, 0."""
    result = check(str(QUEUED), Options(patterns=["halt/inline"], arguments=["define={'BUG': 4}"]))
    assert result.exit_code == 1
    assert result.drivers[0].first is not None
    good = check(str(QUEUED), Options(patterns=["send/inline", "reset/queued"]))
    assert good.exit_code == 0


def test_what_is_no_driver_is_refused(tmp_path: Path) -> None:
    """A file that cannot be loaded, and a library that is no driver of this package."""
    with pytest.raises(OSError, match=r"none\.so"):
        CMiniport(tmp_path / "none.so")
    (tmp_path / "plain.c").write_text("int f(void) { return 1; }\n")
    cc = shutil.which("cc")
    assert cc
    subprocess.run(
        [cc, "-shared", "-o", str(tmp_path / "plain.so"), str(tmp_path / "plain.c")], check=True
    )
    with pytest.raises(OSError, match="ndiswan build"):
        CMiniport(tmp_path / "plain.so")


def test_the_command_builds(tmp_path: Path) -> None:
    """`ndiswan build queued.c` gives a file that `load` takes."""
    target = tmp_path / "queued.so"
    done = subprocess.run(
        [sys.executable, "-m", "ndiswan", "build", str(QUEUED), "-D", "BUG=0", "-o", str(target)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str(target)
    assert load(target).name == "queued"


def test_the_list_of_functions_is_read() -> None:
    """What the check for lacking functions knows of the library is not nothing."""
    assert {"NdisMWanSendComplete", "NdisAllocateSpinLock", "NdisMIndicateStatus"} <= listed()
    assert "name" not in listed(), "a comment lists nothing"


def test_long_has_the_32_bits_of_windows(tmp_path: Path) -> None:
    """In the driver's lines: a function declared with ULONG may be written with unsigned long. Not in literals."""
    source = tmp_path / "longs.c"
    source.write_text(
        "#include <ndis.h>\nULONG Wide(ULONG a);\nunsigned long Wide(unsigned long int a) { return a; }\n"
        "struct s { long a; long int b; unsigned volatile long c; long long d; };\n"
        'static const char text[] = "a long text";\n'
        "typedef char check[sizeof(struct s) == 24 && sizeof(text) == 12 ? 1 : -1];\n"
        "typedef char more[sizeof(long double) > 8 && sizeof(SIZE_T) == 8 ? 1 : -1];\n"
        "NTSTATUS DriverEntry(PDRIVER_OBJECT a, PUNICODE_STRING b) { return (NTSTATUS)Wide(0); }\n"
    )
    assert build(source).exists()
