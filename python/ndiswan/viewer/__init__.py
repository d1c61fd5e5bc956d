"""A run as one HTML page to look at: swim-lanes, owners, locks and levels, and where a rule was broken.

``read`` makes runs of a file, ``to_html`` the page of one run or of two, ``view`` the page in a notebook.
"""

from ndiswan.viewer.embedded import Page, view
from ndiswan.viewer.page import to_html
from ndiswan.viewer.reading import read
from ndiswan.viewer.run import Run, ViewError, first_difference

__all__ = ["Page", "Run", "ViewError", "first_difference", "read", "to_html", "view"]
