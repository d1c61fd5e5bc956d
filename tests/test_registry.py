"""The configuration of a driver in C: a dict in it is a key below the adapter's."""

from __future__ import annotations

import pytest

import ndiswan as nw
from ndiswan.drivers import load
from ndiswan.drivers.registry import flat
from test_c_kernel import HARNESS

READS = """
    static NDIS_STRING lines = NDIS_STRING_CONST("LINES"), number = NDIS_STRING_CONST("Number"), name;
    PNDIS_CONFIGURATION_PARAMETER value;
    NDIS_STATUS status;
    NDIS_HANDLE key, below, line;
    ULONG at;
    NdisOpenConfiguration(&status, &key, Context);
    NdisOpenConfigurationKeyByName(&status, key, &lines, &below);
    for (at = 0; NdisOpenConfigurationKeyByIndex(&status, below, at, &name, &line), status == 0; at++) {
        NdisReadConfiguration(&status, &value, line, &number, NdisParameterString);
        DbgPrint("%wZ %wZ\\n", &name, &value->ParameterData.StringData);
        NdisCloseConfiguration(line);
    }
    NdisCloseConfiguration(below);
    NdisCloseConfiguration(key);
"""


@pytest.mark.parametrize(
    "config",
    [
        {"Lines": {"Line0": {"Number": "100"}, "Line1": {"Number": "200"}}},
        {"Lines\\Line0\\Number": "100", "Lines": {"Line1\\Number": "200"}},
    ],
)
def test_keys_below_the_adapters_are_dicts_or_in_the_name(tmp_path, config) -> None:
    """By name, then by index, as NdisOpenConfigurationKeyByName and ByIndex go."""
    source = tmp_path / "keys.c"
    text = HARNESS.replace("@GLOBALS@", "").replace("@HALT@", "").replace("@BODY@", READS)
    source.write_text(text, "utf-8")
    driver = load(source, config=config)
    with nw.Ndis(on_violation="record") as ndis:
        ndis.bind(nw.Protocol(), driver)
    assert driver.printed == ["Line0 100\n", "Line1 200\n"]
    assert ndis.violations == []


def test_a_keyword_is_a_str_and_a_value_one_of_the_registry() -> None:
    """What is wrong is named with its whole way."""
    with pytest.raises(TypeError, match=r"config\[5\]: expected a str as keyword, got int"):
        dict(flat({"a": {5: 1}}))  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="file that can be read"):
        dict(flat({"file:x": "@/nowhere/x"}))
    assert dict(flat({"a": {"b": {}}, "c": 1})) == {"c": 1}
