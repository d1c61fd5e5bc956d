"""Every rule is found where it is broken, under its own name and no other, and never where it is kept."""

import inspect
import linecache
import warnings
from contextlib import suppress
from pathlib import Path

import pytest

import ndiswan as nw
from catalogue import CATALOGUE, Bench, Case
from ndiswan._native import Trace, rule_info, rule_table

RULES = rule_table()
# Who reads what is not his has nothing to go on with: this raises in every mode.
ALWAYS_RAISE = {"TOUCH", "RESERVED"}


def ways(which: str) -> list:
    """Each case with each serialization that it is written for, and each delivery."""
    found = []
    for rule in RULES:
        case = getattr(CATALOGUE[rule], which)
        for serialized in case.serializations:
            for delivery in ("inline", "queued"):
                mode = "serialized" if serialized else "deserialized"
                found.append(
                    pytest.param(case, serialized, delivery, id=f"{rule}-{mode}-{delivery}")
                )
    return found


def offending_line(error: BaseException) -> str:
    """The line of the driver in which the exception was raised: the deepest one that is not the package's own."""
    frames, at = [], error.__traceback__
    while at:
        frames.append(at)
        at = at.tb_next
    package = str(Path(nw.__file__).parent)
    at = [at for at in frames if not at.tb_frame.f_code.co_filename.startswith(package)][-1]
    return linecache.getline(at.tb_frame.f_code.co_filename, at.tb_lineno)


def has_mark(case: Case) -> bool:
    """Whether the driver breaks its rule by one call, which is marked."""
    return f"# breaks {case.rule}\n" in inspect.getsource(case.driver)


def test_the_catalogue_is_complete():
    """Each rule of the table has a driver that breaks it and a twin that keeps it, and no other is there."""
    assert sorted(CATALOGUE) == sorted(RULES)
    for rule, entry in CATALOGUE.items():
        assert entry.breaks, rule
        assert entry.keeps, rule
        assert entry.breaks.driver.__doc__, rule
        assert entry.keeps.driver.__doc__, rule


@pytest.mark.parametrize(("case", "serialized", "delivery"), ways("breaks"))
def test_a_broken_rule_raises_at_its_call(case, serialized, delivery):
    """In raise mode the rule's own exception arrives at the stated call, from the marked line of the driver."""
    bench = Bench(case, serialized=serialized, delivery=delivery)
    with pytest.raises(nw.ContractViolation) as caught:
        bench.play()
    assert caught.value.rule == case.rule
    assert type(caught.value).__name__ == rule_info(case.rule)["exception"]
    assert bench.call == case.call
    assert [violation.rule for violation in bench.ndis.violations] == [case.rule]
    if has_mark(case):
        assert f"# breaks {case.rule}" in offending_line(caught.value)


@pytest.mark.parametrize(("case", "serialized", "delivery"), ways("breaks"))
def test_a_broken_rule_is_recorded(case, serialized, delivery):
    """In record mode the rule is on record, no other is, the run goes on, and every packet is back."""
    bench = Bench(case, serialized=serialized, delivery=delivery, on_violation="record")
    if case.rule in ALWAYS_RAISE:
        with pytest.raises(nw.ContractViolation) as caught:
            bench.play()
        assert caught.value.rule == case.rule
    else:
        bench.play()
    assert [violation.rule for violation in bench.ndis.violations] == [case.rule]
    counters = bench.ndis.counters
    assert counters["sends"] == counters["delivered"]


@pytest.mark.parametrize(("case", "serialized", "delivery"), ways("breaks"))
def test_a_broken_rule_stops_the_adapter_that_broke_it(case, serialized, delivery):
    """In bug-check mode it raises, the adapter is stopped, and every packet is back."""
    bench = Bench(case, serialized=serialized, delivery=delivery, on_violation="bugcheck")
    with pytest.raises(nw.ContractViolation) as caught:
        bench.play()
    assert caught.value.rule == case.rule
    assert "stopped" in [adapter.life for adapter in bench.ndis.adapters]
    counters = bench.ndis.counters
    assert counters["sends"] == counters["delivered"]


@pytest.mark.parametrize("on_violation", ["raise", "record", "bugcheck"])
@pytest.mark.parametrize(("case", "serialized", "delivery"), ways("keeps"))
def test_a_rule_that_is_kept_is_silent(case, serialized, delivery, on_violation):
    """The twin runs to its end without an exception, a violation or a warning, and every packet is back."""
    bench = Bench(case, serialized=serialized, delivery=delivery, on_violation=on_violation)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bench.play()
    assert bench.ndis.violations == []
    assert bench.ndis.errors == []
    counters = bench.ndis.counters
    assert counters["sends"] == counters["delivered"] > 0


@pytest.mark.parametrize("rule", RULES)
def test_a_report_says_what_where_and_how_to_mend_it(rule):
    """Text and HTML of a violation have its rule, adapter, history, the page, its source and the remedy."""
    case = CATALOGUE[rule].breaks
    bench = Bench(case, serialized=case.serializations[-1])
    with pytest.raises(nw.ContractViolation) as caught:
        bench.play()
    violation, info = caught.value, rule_info(rule)
    text, html = str(violation), violation._repr_html_()
    for words in (rule, violation.detail, violation.adapter, info["page"], info["source"]):
        assert words in text
    assert info["remedy"] in text
    assert (violation.page, violation.source) == (info["page"], info["source"])
    assert (violation.sentence, violation.remedy) == (info["sentence"], info["remedy"])
    assert f"<b>{rule}</b>" in html
    assert violation.adapter in html
    assert "To mend it" in html
    if violation.packet:
        assert violation.history
        assert violation.packet in text
        assert any(" called (life" in str(e) or "sent by" in str(e) for e in violation.history)
        assert '<tr><td class="n">' in html


@pytest.mark.parametrize("rule", RULES)
def test_a_report_names_the_driver_s_line_at_level_four(rule):
    """With verify=4 the history of a packet names the source lines of the driver."""
    case = CATALOGUE[rule].breaks
    bench = Bench(case, serialized=case.serializations[0], verify=4)
    with pytest.raises(nw.ContractViolation) as caught:
        bench.play()
    if caught.value.packet:
        sites = [event.site for event in caught.value.history]
        assert any(site and "catalogue" in site for site in sites)


@pytest.mark.parametrize("which", ["breaks", "keeps"])
@pytest.mark.parametrize("rule", RULES)
def test_a_recording_says_the_same(rule, which, tmp_path):
    """The contract folded over the saved trace of a case finds what was found while it ran, in the same order."""
    case = getattr(CATALOGUE[rule], which)
    for serialized in case.serializations:
        bench = Bench(case, serialized=serialized, on_violation="record", record=True)
        with suppress(nw.ContractViolation):  # see ALWAYS_RAISE
            bench.play()
        path = tmp_path / f"{serialized}.jsonl"
        bench.ndis.save(path)
        found = [finding["rule"] for finding in Trace(path).check()]
        assert found == [violation.rule for violation in bench.ndis.violations]
        assert found == ([rule] if which == "breaks" else [])
