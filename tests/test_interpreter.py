"""One interpreter a process: a second one is refused with a reason."""

import subprocess
import sys

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
