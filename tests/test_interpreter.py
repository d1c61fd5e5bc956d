"""One interpreter a process: a second one is refused with a reason. Where there is no GIL, importing brings none."""

import os
import subprocess
import sys
import sysconfig

import pytest

PROGRAM = """
import ndiswan
try:
    import _interpreters as interpreters
    run = lambda code: interpreters.run_string(interpreters.create("legacy"), code)
except ImportError:
    import _xxsubinterpreters as interpreters
    run = lambda code: interpreters.run_string(interpreters.create(), code)
code = '''
try:
    import ndiswan
except ImportError as error:
    print("refused:", error)
else:
    print("imported")
'''
run(code)
"""


def test_a_second_interpreter_of_the_process_cannot_import_it() -> None:
    """Packets of one interpreter never meet another: the import is refused, and nothing crashes."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("refused: "), done.stdout
    assert "ndiswan" in done.stdout


EVERYTHING = """
import sys, ndiswan, ndiswan.models, ndiswan.testing, ndiswan.drivers
for name in ndiswan.__all__:
    getattr(ndiswan, name)
with ndiswan.Ndis() as ndis:
    ndis.bind(ndiswan.Protocol(), ndiswan.Miniport())
print(sys._is_gil_enabled())
"""


@pytest.mark.skipif(
    not sysconfig.get_config_var("Py_GIL_DISABLED"),
    reason="this interpreter cannot do without its GIL; make free-threaded runs one that can",
)
def test_the_gil_stays_off() -> None:
    """On a free-threaded interpreter neither the import of all that is public nor a world brings the GIL back."""
    free = {name: value for name, value in os.environ.items() if name != "PYTHON_GIL"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", EVERYTHING],
        capture_output=True,
        text=True,
        check=False,
        env=free,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "False\n", "")
