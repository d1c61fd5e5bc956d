"""The workload in Rust is the one in Python, and what fails there is found, told, replayed and made small as ever."""

from __future__ import annotations

import gc
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import ndiswan as nw
from exploring_targets import Careless, Modem
from ndiswan._native import Explorer
from ndiswan.drivers import CMiniport, DriverCrash, build, load
from ndiswan.exploring import Settings, execute
from ndiswan.exploring import load as load_failure
from ndiswan.exploring.in_rust import InRust, in_rust
from ndiswan.exploring.target import find
from ndiswan.exploring.workload import Peer, workload
from test_c_kernel import HARNESS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndiswan.exploring.execution import Scenario

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


class Counted:
    """What makes a driver, and how often it did."""

    def __init__(self, driver: Path, **options: object) -> None:
        self.driver, self.options, self.made = driver, options, 0

    def __call__(self) -> CMiniport:
        """One more."""
        self.made += 1
        return load(self.driver, **self.options)  # type: ignore[arg-type]


def rust(scenario: Scenario, settings: Settings) -> InRust:
    """How it is executed in Rust, which it is."""
    found = in_rust(scenario, settings)
    assert found is not None
    return found


@pytest.mark.parametrize("guard", [True, False])
@pytest.mark.parametrize("policies", [True, False])
@pytest.mark.parametrize("delivery", ["inline", "queued"])
def test_the_same_answers_are_the_same_execution(
    guard: bool, policies: bool, delivery: str
) -> None:
    """Whatever the explorer answers, both workloads ask the same and the same events happen, in their order."""
    settings = Settings(policies=policies, delivery=delivery)  # type: ignore[arg-type]
    driver = build(QUEUED)
    scenario = workload(lambda: load(driver, guard=guard))
    quick = rust(scenario, settings)
    luck = random.Random(7)
    for _ in range(60):
        bytes_ = luck.randbytes(luck.randrange(400))
        there = execute(scenario, Explorer.of_bytes(bytes_), settings, record=True)
        digest, choices, points = quick.replay(there.ndis.choices())
        assert choices == there.ndis.choices()
        assert points == there.ndis.points
        assert digest == there.ndis.digest()


def test_executions_of_a_driver_in_c_are_not_pythons() -> None:
    """The driver is made once to know it and twice to see that it is deterministic, not once an execution."""
    made = Counted(build(QUEUED))
    found = nw.explore(workload(made), executions=500, seed=3)
    assert (found.executions, found.failures, found.nondeterministic) == (500, [], [])
    assert made.made == 3
    assert found.points > 500 * 20
    assert found.interesting
    assert found.reached[0] > 10


@pytest.mark.parametrize("guard", [True, False])
def test_a_good_driver_is_left_alone(guard: bool) -> None:
    """Forty thousand executions find nothing; two million calls of the library are not taken for one loop."""
    found = nw.explore(
        workload(Counted(build(QUEUED), guard=guard)), executions=40_000, seed=11, stop=False
    )
    assert found.failures == []
    assert found.failing == 0


def test_both_workloads_search_alike() -> None:
    """From one seed, the same execution is the first to fail, with the same answers and words."""
    driver = build(QUEUED, define={"BUG": 4})
    both = [
        nw.explore(
            workload(lambda: load(driver), in_python=in_python),
            executions=500,
            seed=5,
            shrinking=0,
        )
        for in_python in (False, True)
    ]
    one, two = both
    assert one.executions == two.executions
    assert one.points == two.points
    assert one.interesting == two.interesting
    (found,), (same,) = one.failures, two.failures
    assert found.symptom == same.symptom
    assert found.choices == same.choices
    assert found.digest == same.digest
    assert found.detail == same.detail
    assert found.execution == same.execution
    assert str(found.story()) == str(same.story())


@pytest.mark.parametrize(
    ("bug", "rules"), [(1, {"LOCK_HELD"}), (2, {"TOUCH"}), (3, {"TOUCH", "DOUBLE"}), (4, {"LOST"})]
)
def test_a_seeded_bug_is_found_kept_and_replayed(bug: int, rules: set[str], tmp_path: Path) -> None:
    """The file of what was found replays it, and what was made small is smaller and fails in the same place."""
    target = tmp_path / "queued.c"
    target.write_text(QUEUED.read_text().replace("#define BUG 0", f"#define BUG {bug}"))
    scenario = find(str(target))
    assert in_rust(scenario, Settings()) is not None
    raw = nw.explore(scenario, executions=2000, seed=2, shrinking=0)
    small = nw.explore(scenario, executions=2000, seed=2)
    (first,), (found,) = raw.failures, small.failures
    assert found.rule in rules
    assert found.symptom == first.symptom
    assert found.deterministic
    assert found.switches <= first.switches
    again = load_failure(found.save(tmp_path)).replay()
    assert again.symptom == found.symptom
    assert again.ndis.digest() == found.digest
    assert "queued" in str(found.story())


def test_every_symptom_is_kept_once() -> None:
    """A search that goes on counts what fails, keeps one of each kind, and runs what it knows in Rust alone."""
    made = Counted(build(QUEUED, define={"BUG": 2}))
    found = nw.explore(workload(made), executions=400, seed=1, stop=False, shrinking=0)
    assert found.executions == 400
    assert found.failing > 100
    symptoms = [failure.symptom for failure in found.failures]
    assert len(set(symptoms)) == len(symptoms)
    assert made.made < 100


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("*(volatile int *)8 = 1;", "null pointer"),
        ("Deep(1000000000);", "ran out of stack"),
        ("for (;;) NdisStallExecution(1);", "endless loop"),
    ],
)
def test_a_crash_is_a_failure(statement: str, what: str, tmp_path: Path) -> None:
    """A fault, a stack that is used up and a loop without an end are found and replayed."""
    target = tmp_path / "crashing.c"
    deep = (
        "static volatile int Sum;\n"
        "static int Deep(int n) { volatile char a[512]; a[0] = (char)n;"
        " return n ? Deep(n - 1) + a[0] + Sum : 0; }\n"
    )
    text = QUEUED.read_text().replace(
        "static VOID QueuedTimer", deep + "static VOID QueuedTimer", 1
    )
    text = text.replace(
        "    Card->Completing = FALSE;\n", f"    Card->Completing = FALSE; {statement}\n", 1
    )
    target.write_text(text)
    scenario = find(str(target))
    assert in_rust(scenario, Settings()) is not None
    found = nw.explore(scenario, executions=300, seed=1, shrinking=0)
    (failure,) = found.failures
    assert failure.rule == "EXCEPTION"
    assert what in failure.detail
    assert "(crashing.c:" in failure.detail
    assert failure.replay().symptom == failure.symptom


def test_a_rule_that_is_broken_for_ever_is_told_and_not_the_loop(tmp_path: Path) -> None:
    """Whoever looks: the explorer has the rule as the failure, and the crash lists what was broken before it."""
    target = tmp_path / "again.c"
    loop = "    NdisAllocateSpinLock(&Own); for (;;) NdisReleaseSpinLock(&Own);\n"
    text = QUEUED.read_text().replace(
        "static VOID QueuedTimer", "static NDIS_SPIN_LOCK Own;\nstatic VOID QueuedTimer", 1
    )
    target.write_text(text.replace("    Card->Completing = FALSE;\n", loop, 1))
    found = nw.explore(find(str(target)), executions=20, seed=1, shrinking=0)
    assert [failure.rule for failure in found.failures] == ["LOCK_UNHELD"]
    with nw.Ndis(on_violation="record") as ndis:
        ndis.bind(nw.Protocol(), load(target)).send(b"one")
        with pytest.raises(DriverCrash) as caught:
            ndis.run()
    assert "an endless loop, in QueuedTimer (again.c:" in str(caught.value)
    assert '\n  it had broken LOCK_UNHELD: spin lock "Own" was released by' in str(caught.value)


def test_what_never_ends_is_cut_off(tmp_path: Path) -> None:
    """A driver that sets its timer in a loop without an end is told as endless."""
    target = tmp_path / "endless.c"
    text = QUEUED.read_text().replace(
        "    Card->Busy = (BOOLEAN)(!Card->Halting && !IsListEmpty(&Card->Queue));\n",
        "    for (;;) NdisMSetTimer(&Card->Timer, 1);\n",
        1,
    )
    target.write_text(text)
    found = nw.explore(find(str(target)), executions=300, seed=1, shrinking=0, max_points=500)
    assert [failure.rule for failure in found.failures] == ["ENDLESS"]


def test_what_needs_python_stays_there() -> None:
    """A device, a class of somebody's own, another card of a driver: each execution makes a driver."""

    class Own(CMiniport):
        """Somebody's own."""

    def device(space: str, address: int, size: int, value: int | None) -> int:  # noqa: ARG001
        return 0

    driver = build(QUEUED)
    for make in (
        lambda: load(driver, device=device),
        lambda: Own(driver),
        lambda: load(driver).another(),
    ):
        assert in_rust(workload(make), Settings()) is None
    assert in_rust(workload(lambda: load(driver), in_python=True), Settings()) is None


def test_what_comes_back_during_a_send_counts() -> None:
    """A completion on another CPU, while the send is in the driver, makes room for one more."""
    with nw.Ndis() as ndis:
        peer = Peer(ndis)
        link = ndis.bind(peer, Modem())

        def send(_: object) -> list[nw.Status]:
            peer.sent -= 1
            return [nw.PENDING]

        peer.sent = 3
        peer.send_by(link, 1, send)
        assert peer.sent == 3


def test_a_driver_whose_frames_are_short_is_sent_short_ones(tmp_path: Path) -> None:
    """The largest frame is what the driver says when it is bound, in both workloads."""
    target = tmp_path / "short.c"
    target.write_text(QUEUED.read_text().replace("MaxFrameSize = 1500", "MaxFrameSize = 300"))
    driver = build(target)
    for in_python in (False, True):
        scenario = workload(lambda: load(driver), in_python=in_python)
        assert nw.explore(scenario, executions=200, seed=1).failures == []


def test_a_registry_reaches_the_driver() -> None:
    """Each execution reads the same configuration; a value that is no registry's is refused."""
    with pytest.raises(TypeError, match="expected an int of 0 to"):
        in_rust(workload(lambda: load(build(FAULTS), config={"Speed": 1.5})), Settings())


def test_a_driver_with_a_race_is_caught_by_it() -> None:
    """Sends, resets, requests and interrupts from several CPUs reach the race of the careless driver."""
    found = nw.explore(workload(Careless), seed=1, executions=3000, shrinking=0)
    assert found.failures
    assert {failure.rule for failure in found.failures} <= {"DOUBLE", "STALE", "TOUCH", "LOST"}


def test_each_operation_is_an_answer() -> None:
    """How many operations there are, and which, are questions of their own."""
    stepper = nw.Stepper(workload(Modem))
    asked = set()
    for seed in range(8):
        stepper.goto(0)
        stepper.run("random", seed=seed)
        for at in range(len(stepper)):
            stepper.goto(at)
            asked.add(stepper.question.what)
    assert {"operations", "operation", "size", "who goes on"} <= asked


class SecondLine(nw.Miniport):
    """What is sent on its second line never comes back."""

    serialized = False
    info = nw.WanInfo(endpoints=2)

    def initialize(self) -> None:
        with self.adapter.at(nw.Irql.DISPATCH):
            self.first = self.adapter.line_up()
            self.adapter.line_up()

    def wan_send(self, link: nw.Link, packet: nw.Packet) -> nw.Status:
        return nw.SUCCESS if link == self.first else nw.PENDING


def test_all_lines_of_a_miniport_are_used() -> None:
    """A mistake on the second line is found as any other; sends went to the first alone."""
    found = nw.explore(workload(SecondLine), executions=300, seed=1)
    assert [failure.rule for failure in found.failures] in (["LOST"], ["HANG"])


class Raises(nw.Miniport):
    """Its timer raises; reset and halt complete what is there, so its protocol may want to send again."""

    serialized = False

    def initialize(self) -> None:
        self.owed: list[nw.Packet] = []
        self.timer = self.adapter.timer(self.sent)

    def wan_send(self, link: nw.Link, packet: nw.Packet) -> nw.Status:
        self.owed.append(packet)
        self.timer.set(0.001)
        return nw.PENDING

    def sent(self) -> None:
        raise IndexError("as drivers do")

    def reset(self) -> None:
        self.timer.cancel()
        owed, self.owed = self.owed, []
        for packet in owed:
            self.adapter.wan_send_complete(packet, nw.Status.REQUEST_ABORTED)

    def halt(self) -> None:
        self.reset()


class RaisesInSends(Raises):
    """It cannot copy the larger frames."""

    def wan_send(self, link: nw.Link, packet: nw.Packet) -> nw.Status:
        if packet.current_length > 100:
            raise IndexError("as drivers do")
        return super().wan_send(link, packet)

    def sent(self) -> None:
        self.reset()


@pytest.mark.parametrize("driver", [Raises, RaisesInSends])
def test_a_peer_sends_nothing_while_the_world_ends_because_a_driver_raised(
    driver: type[nw.Miniport],
) -> None:
    """The exception is found, and no rule that the workload itself broke, with a send under way on another CPU too."""
    found = nw.explore(workload(driver), executions=4000, stop=False, shrinking=0)
    rules = {failure.rule for failure in found.failures}
    assert (
        rules == {"EXCEPTION"}
        if driver is Raises
        else rules & {"EXCEPTION", "HALT"} == {"EXCEPTION"}
    )


def test_drivers_that_crashed_are_let_go(tmp_path: Path) -> None:
    """Their files are mapped no more, so a campaign goes on however often it sees them."""
    source = tmp_path / "crashes.c"
    text = HARNESS.replace("@GLOBALS@", "").replace("@HALT@", "")
    source.write_text(text.replace("@BODY@", "*(volatile int *)8 = 1;"), "utf-8")
    driver = build(source)
    scenario = workload(lambda: load(driver), in_python=True)

    def mapped() -> int:
        crashed = execute(scenario, Explorer("random", 1), Settings())
        assert isinstance(crashed.error, DriverCrash)
        del crashed
        gc.collect()
        return len(Path("/proc/self/maps").read_text().splitlines())

    first, *_, last = [mapped() for _ in range(6)]
    assert last - first < 40, (first, last)


class TakesOff(Modem):
    """What it has taken off its queue it completes behind a reset that came between."""

    def reset(self):
        self.sent()
        return nw.SUCCESS


def test_one_mistake_is_one_failure_and_its_place_is_no_line_of_ours() -> None:
    """Whoever asks for the reset, NDIS sees the same mistake: it was two, and one at a lambda of the workload."""
    found = nw.explore(workload(TakesOff), executions=4000, seed=1, stop=False, shrinking=1)
    assert {f.place for f in found.failures if f.rule == "RESET"} == {"TakesOff"}
    assert not any("workload.py" in failure.place for failure in found.failures)
