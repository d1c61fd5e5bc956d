"""What continuous integration reads of a check, a campaign or a replay: one module a form.

report = of_check(check("modem.py"), command)
to_sarif([report], repository()), to_junit([report]), to_code_quality([report], repository())
"""

from ndiswan.checking.place import Place, repository
from ndiswan.outputs.annotations import to_annotations
from ndiswan.outputs.code_quality import to_code_quality
from ndiswan.outputs.junit import to_junit
from ndiswan.outputs.of_check import of_check
from ndiswan.outputs.of_failures import of_campaign, of_replay
from ndiswan.outputs.problem import Case, Problem, Report, Step, Suite
from ndiswan.outputs.sarif import to_sarif
from ndiswan.outputs.summary import to_summary

__all__ = [
    "Case",
    "Place",
    "Problem",
    "Report",
    "Step",
    "Suite",
    "of_campaign",
    "of_check",
    "of_replay",
    "repository",
    "to_annotations",
    "to_code_quality",
    "to_junit",
    "to_sarif",
    "to_summary",
]
