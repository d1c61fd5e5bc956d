"""A workflow and our action, run by act: a runner that others wrote reads it and the action as GitHub's does.

act is asked to use this machine (`-self-hosted`), not a container. What the workflow calls from GitHub cannot be had
here, so it has local folders in their place: one with our `action.yml`, and two actions that only say what they got.
"""

import os
import subprocess
import sys
from pathlib import Path

from ci import git
from commands import ROOT

SAYS = """name: says
description: what it was called with
inputs:
  WHAT: {description: text}
runs:
  using: composite
  steps:
    - run: |
        echo "NAME got ${{ inputs.WHAT }}"
        for file in ${{ inputs.WHAT }}; do if [ -f "$file" ]; then cp "$file" "$KEPT"; fi; done
      shell: bash
"""

# What stands in for `pip install` alone: the rest of the steps runs with the wheel that is under test.
PYTHON = f"""#!/bin/sh
if [ "$2" = pip ]; then echo "installs: $*"; exit 0; fi
exec {sys.executable} "$@"
"""


def acted(folder, workflow, drivers):
    """What act says of a push of these drivers, its exit code, and the folder of what was uploaded."""
    work, ours, setup, codeql, kept, path = (
        folder / name for name in ("work", "ours", "setup", "codeql", "kept", "bin")
    )
    for place in (work / ".github/workflows", work / "drivers/isdn", ours, setup, kept, path):
        place.mkdir(parents=True)
    (codeql / "upload-sarif").mkdir(parents=True)
    (work / ".github/workflows/drivers.yml").write_text(workflow)
    for driver in drivers:
        (work / "drivers" / driver.name).write_text(driver.read_text())
    for source in (ROOT / "examples/c/queued").iterdir():
        (work / "drivers/isdn" / source.name).write_bytes(source.read_bytes())
    (ours / "action.yml").write_text((ROOT / "action.yml").read_text())
    said = {setup: ("setup", "python-version"), codeql / "upload-sarif": ("upload", "sarif_file")}
    for place, (name, what) in said.items():
        text = SAYS.replace("NAME", name).replace("WHAT", what)
        (place / "action.yml").write_text(text)
    (path / "python").write_text(PYTHON)
    (path / "python").chmod(0o755)
    git(work, "init", "-q", "-b", "main")
    git(work, "add", ".")
    git(work, "commit", "-q", "-m", "drivers")
    stand_ins = {
        "OWNER/ndiswan@main": ours,
        "actions/setup-python@v5": setup,
        "github/codeql-action@v4": codeql,
    }
    command = [
        str(Path(sys.executable).with_name("act")), "push", "--no-cache-server",
        "--platform", "ubuntu-latest=-self-hosted", "--action-cache-path", str(folder / "cache"),
        *(word for name, at in stand_ins.items() for word in ("--local-repository", f"{name}={at}")),
    ]  # fmt: skip
    home = {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "XDG_CACHE_HOME": str(folder)}
    done = subprocess.run(
        [*command, "--env", f"KEPT={kept}"],
        cwd=work,
        env={**os.environ, **home, "PATH": f"{path}{os.pathsep}{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    return done.stdout, done.returncode, kept
