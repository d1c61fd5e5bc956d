"""The rules that the repository keeps about itself, each a test: none of them depends on a reviewer's memory."""

import os
import re
import statistics
import tomllib
from datetime import date
from importlib import metadata
from pathlib import Path

import pytest
from hypothesis import settings

import ndiswan
from repository import (
    BINDINGS,
    CORE,
    PYTHON,
    ROOT,
    code_of,
    files,
    findings,
    hand_written,
    has_stem,
    has_unsafe,
    length,
    logic_in_python,
    logic_in_rust,
    stems,
    stubs,
    unargued_unsafe,
    without_a_fact,
)

LONGEST, MEDIAN, LONGEST_FRONT = 400, 150, 120

# The way of a packet (README, ARCHITECTURE.md): the stem of each step, and whether Python has a part in it.
WAY = {
    "packet": True,
    "protocol": True,
    "ndis": True,
    "miniport": True,
    "status": True,
    "disposition": False,
    "ring": False,
    "dispatch": False,
}
# Tests of what is not one module: the name, and what it is about.
WITHOUT_A_STEM = {
    "asked_last": "requests to drivers in C that come at the end",
    "nw_load": "`load` and `isolated` by the name of the package",
    "repository": "this file",
    "imports": "what `import ndiswan` loads",
    "interpreter": "one interpreter a process",
    "readme": "what the README claims",
    "training": "tools/training.py, what a wheel with a profile learns from",
    "waiting": "what happens while a driver in C waits",
    "levels": "at which level a driver in C calls what",
    "requests": "requests of a driver in C",
    "porting": "the sister contracts as a whole, and examples/porting",
    "docs": "what the pages claim",
    "examples": "the examples in docstrings",
    "help": "what `--help` says, and how soon",
    "messages": "every text for people",
    "schemas": "the files that are written, beside the schemas in docs/",
    "catalogue": "each rule, broken and kept",
    "drivers": "good drivers of different design",
    "direct": "methods that stand in front of pyo3's",
    "kills": "exceptions at every call site",
    "fuzz": "drivers that do anything at any time, chosen by a seed",
    "bad_input": "wrong use everywhere",
    "arguments": "values of a wrong type, which the bindings refuse",
    "bad_arguments": "wrong use of every function that drivers in C call",
    "pytest_plugin": "python/ndiswan_pytest.py, which is beside the package",
    "simulating": "the rivals in benchmarks/simulating",
    "ppp_slirp": "a peer that nobody here wrote",
    "demo": "what `make demo` prints",
    "answers": "queues whose exact values theory knows",
    "reference": "the engine beside a plain model, event by event",
    "fingerprints": "the events of thirty scenarios, pinned",
    "luck": "what one parameter changes, and what it does not",
    "performance": "benchmarks/performance.py, and the page that it makes",
    "packages": "what is in the wheels and in the source distribution",
    "headers": "the C headers and the C library that ship in python/ndiswan/drivers",
    "batch_events": "batches beside single calls, event by event",
    "batch_rules": "what is wrong inside of a batch, and what is none",
    "column": "arrays that are handed in, which the bindings alone know",
    "packet_data": "the view of a packet's memory, which is in the bindings alone",
    "c_addresses": "addresses that drivers in C keep in ULONGs",
    "c_leaks": "what drivers in C leave behind besides memory, timers and locks",
    "c_lines": "lines and calls of drivers in C",
    "c_examples": "the sample drivers in C",
    "c_functions": "what drivers in C call, on both sides",
    "c_sharing": "locks, waits and requests of drivers in C that are not alone",
    "c_mapped": "memory of the card that drivers in C have mapped",
    "c_objects": "what the kernel gives drivers in C, and keeps for them",
    "published_names": "what the C headers name of what is published",
    "c_kernel": "what drivers in C have of the kernel",
    "c_dma": "transfers by the system's DMA controller of drivers in C",
    "c_io_timers": "timers of device objects of drivers in C",
    "polling": "polling by several hands, in which no timer sets itself",
    "c_places": "calls of drivers in C at the wrong level or time, and what they leave behind",
    "c_queries": "what `link.query` gives of drivers in C",
    "c_receive": "the mode `receive` of drivers in C",
    "c_registration": "what drivers in C say of themselves",
    "c_resets": "resets for which drivers in C ask",
    "c_shutdown": "the mode `shutdown`",
    "c_slots": "cards of drivers in C in slots of EISA, Micro Channel and PCMCIA",
    "c_storm": "an interrupt that drivers in C do not silence",
    "action": "action.yml and the hook for pre-commit, which are at the top of the repository",
}
# Binding files that convert for all of the others, and so have no namesake in the core.
BINDING_ONLY = {
    "lib",
    "c_driver",
    "callbacks",
    "column",
    "direct",
    "error",
    "gil_cell",
    "interpreter",
    "ndarray",
    "notebook",
    "number",
    "packet_data",
    "shared",
    "vectorcall",
}
# Where `unsafe` may stand; what makes each block sound stands beside it.
UNSAFE_FILES = (
    "rust/core/src/ring/",
    "rust/core/src/biased.rs",
    "rust/bindings/src/adversarial/cpu.rs",
    "rust/bindings/src/column.rs",
    "rust/bindings/src/direct.rs",
    "rust/bindings/src/gil_cell.rs",
    "rust/bindings/src/packet_data.rs",
    "rust/bindings/src/interpreter.rs",
    "rust/bindings/src/ndarray.rs",
    "rust/bindings/src/vectorcall.rs",
    "rust/compare/",
    "rust/driver/",
)


def test_no_file_is_over_its_budget() -> None:
    """No hand-written file has more than 400 lines."""
    assert {
        n: lines for n, lines in findings(length, hand_written()).items() if lines > LONGEST
    } == {}


def test_half_of_the_files_are_short() -> None:
    """The median hand-written file has at most 150 lines."""
    assert statistics.median(findings(length, hand_written()).values()) <= MEDIAN


def test_a_front_has_no_logic() -> None:
    """A `lib.rs` or an `__init__.py` only names what is behind it, in 120 lines at most."""
    rust, python = [*files("lib.rs")], [*files("__init__.py")]
    assert findings(logic_in_rust, rust) == {}
    assert findings(logic_in_python, python) == {}
    assert max(findings(length, rust + python).values()) <= LONGEST_FRONT


def test_logic_in_a_front_is_seen() -> None:
    """The check of fronts finds a branch, a class and a long `__getattr__`, and lets names through."""
    assert logic_in_python('"""Doc."""\nfrom a import b\n__all__ = ["b"]\n') == []
    assert len(logic_in_python("if x:\n    y = 1\nclass A: pass\nprint()\n")) == 3
    assert logic_in_python("def __getattr__(name):\n" + "    name += name\n" * 20) != []
    assert logic_in_rust('//! if and for\npub mod a; // match\nconst A: &str = "if";') == []
    assert logic_in_rust("fn a() { if true {} }") == ["if"]


@pytest.mark.parametrize(("stem", "in_python"), WAY.items())
def test_each_step_of_the_way_is_one_stem(stem: str, in_python: bool) -> None:
    """A step of a packet's way has the same name in Rust, in Python where it has a part in it, and in the tests."""
    assert has_stem(CORE / "src", stem, ".rs")
    if in_python:
        assert has_stem(PYTHON, stem, ".py")
        assert (ROOT / "tests" / f"test_{stem}.py").is_file()


def test_a_module_in_both_languages_has_a_test_of_its_name() -> None:
    """A public Python module with a namesake in the core or the bindings has a `tests/test_STEM.py`."""
    both = stems(CORE / "src", ".rs") | stems(BINDINGS / "src", ".rs")
    # A bug of the zoo has the name of what it breaks; what tests all of them is test_zoo.py.
    modules = [path for path in files(".py", under=PYTHON) if "zoo" not in path.parts]
    public = {path.stem for path in modules if path.stem[0] != "_"}
    missing = {s for s in both & public if not (ROOT / "tests" / f"test_{s}.py").is_file()}
    assert public
    assert missing == set()


def test_each_test_file_is_named_for_what_it_tests() -> None:
    """A `tests/test_STEM.py` has the stem of a module or an example, or a reason on the list above."""
    known = stems(CORE / "src", ".rs") | stems(PYTHON, ".py") | stems(ROOT / "examples", ".py")
    tested = {path.stem.removeprefix("test_") for path in (ROOT / "tests").glob("test_*.py")}
    assert tested - known - set(WITHOUT_A_STEM) == set()
    assert set(WITHOUT_A_STEM) <= tested


def test_each_binding_file_has_a_namesake_in_the_core() -> None:
    """A file of the bindings has the stem of what it converts."""
    assert stems(BINDINGS / "src", ".rs") - stems(CORE / "src", ".rs") <= BINDING_ONLY | {"src"}


def test_the_core_knows_no_python() -> None:
    """Neither the manifest nor the code of the core names PyO3."""
    manifest = tomllib.loads((CORE / "Cargo.toml").read_text("utf-8"))
    wanted = [name for kind in manifest if kind.endswith("dependencies") for name in manifest[kind]]
    assert wanted
    assert [name for name in wanted if "pyo3" in name] == []
    assert findings(lambda text: "pyo3" in code_of(text), files(".rs", under=CORE)) == {}


def test_each_public_name_is_exported_once() -> None:
    """`ndiswan.__all__` names each thing once, each is there, and nothing else public is (ruff keeps the order)."""
    exported = ndiswan.__all__
    assert len(exported) == len(set(exported))
    assert [name for name in exported if not hasattr(ndiswan, name)] == []
    modules = {path.stem for path in PYTHON.iterdir()}
    # What pytest adds to a module whose assertions it rewrites begins with an @.
    public = {name for name in vars(ndiswan) if name[0] not in "_@"} - modules
    assert public - set(exported) - {"TYPE_CHECKING"} == set()


def test_versions_agree() -> None:
    """The workspace, its lock, the wheel, the module and the top of the change log name one version."""
    cargo = tomllib.loads((ROOT / "Cargo.toml").read_text("utf-8"))
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text("utf-8"))
    newest = re.search(
        r"^## \[?v?(\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE
    )
    assert newest, "CHANGELOG.md has no entry such as '## 0.1.0'"
    assert {
        "Cargo.toml": cargo["workspace"]["package"]["version"],
        "Cargo.lock": next(p["version"] for p in lock["package"] if p["name"] == "ndiswan"),
        "the wheel": metadata.version("ndiswan"),
        "ndiswan": ndiswan.__version__,
    } == dict.fromkeys(["Cargo.toml", "Cargo.lock", "the wheel", "ndiswan"], newest[1])


def test_the_wheel_is_under_test() -> None:
    """What is tested is the installed package, as a user has it, and not the source tree."""
    assert ROOT / "python" not in Path(ndiswan.__file__).parents, (
        "the source tree is imported (maturin develop?): run the tests with make test-python"
    )


def test_unsafe_is_confined() -> None:
    """`unsafe` stands only in the files listed here."""
    found = findings(has_unsafe, files(".rs", under=ROOT / "rust"))
    assert [name for name in found if not name.startswith(UNSAFE_FILES)] == []


def test_unsafe_is_argued() -> None:
    """Each `unsafe` has a comment that says why it is sound."""
    assert findings(unargued_unsafe, files(".rs", under=ROOT / "rust")) == {}


def test_unargued_unsafe_is_seen() -> None:
    """The check of `unsafe` finds a block without its argument, and no word in a comment or a string."""
    assert unargued_unsafe('// unsafe\nlet a = "unsafe"; #![deny(unsafe_code)]') == []
    assert unargued_unsafe("// SAFETY: it is ours,\n// and alive.\nunsafe { a() }") == []
    assert unargued_unsafe("fn a() {\n    unsafe { a() }\n}") == [2]


def test_nothing_shipped_is_a_stub() -> None:
    """Shipped code has no place that was left for later."""
    shipped = [*files(".rs", under=ROOT / "rust"), *files(".py", ".pyi", under=PYTHON)]
    assert findings(stubs, shipped) == {}


def test_a_stub_is_seen() -> None:
    """The check of stubs finds each of its marks."""
    assert len(stubs("todo!() unimplemented!() raise NotImplementedError # FIXME")) == 4
    assert stubs("return NotImplemented") == []


def test_each_test_states_its_fact() -> None:
    """Every test has a docstring: the fact that it proves."""
    assert findings(without_a_fact, (ROOT / "tests").glob("**/test_*.py")) == {}
    assert without_a_fact("def test_a():\n    assert True\n") == ["test_a"]


def test_ci_runs_the_test_command() -> None:
    """`.ci/run` can be executed and runs what the README tells a person to run."""
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert re.search(r"^(exec )?make test\b", script.read_text("utf-8"), re.MULTILINE)


def test_readme_begins_with_what_it_is_and_two_commands() -> None:
    """The README's first 40 lines name the project, `make demo` and `make test`; it says whose NDIS is not."""
    text = (ROOT / "README.md").read_text("utf-8")
    head = text.splitlines()[:40]
    assert head[0] == "# ndiswan"
    assert len(next(line for line in head[1:] if line.strip())) > 40
    assert [
        command for command in ("make demo", "make test") if command not in "\n".join(head)
    ] == []
    assert re.search(r"not\s+affiliated\s+with\s+Microsoft", text)


def test_each_decision_is_dated() -> None:
    """A note in `docs/explanation/decisions` is called YYYY-MM-DD-WHAT.md."""
    notes = {path.stem for path in (ROOT / "docs" / "explanation" / "decisions").glob("*.md")}
    dated = {note for note in notes if re.fullmatch(r"\d{4}-\d\d-\d\d-[a-z0-9-]+", note)}
    assert notes - dated <= {"index"}
    assert {date.fromisoformat(note[:10]).year for note in dated} <= set(range(2026, 2100))


def test_a_slow_machine_fails_no_property() -> None:
    """Hypothesis gives no example a deadline; where CI is set it does not anyway."""
    assert settings.default.deadline is None


def test_who_tests_a_driver_gets_two_packages_more():
    """The extra `test` is for users, and what our own tests need besides is in `dev`."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    assert [need.partition(">")[0] for need in extras["test"]] == ["hypothesis", "pytest"]
    assert "test" in extras["dev"][0].partition("[")[2].rstrip("]").split(",")
