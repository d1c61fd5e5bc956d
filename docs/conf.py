"""How Sphinx builds the documentation; `make docs` runs it against the installed wheel, and a warning is an error."""

import sys
from pathlib import Path

import ndiswan

# The extension that fills the tables of the reference, and the drivers that it shows.
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "tests")]

project = "ndiswan"
author = "The ndiswan developers"
copyright = "2026, the ndiswan developers"
version = release = ndiswan.__version__

# "myst_nb" is "myst_parser" with notebooks.
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "tables"]
exclude_patterns = ["_build", "jupyter_execute"]

# Notebooks are kept without what they gave, and run, in a folder of their own, each time the pages are built.
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True

# Headings of a page can be linked to: [the window](../reference/policy.md#window).
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "deflist"]

# A name that is linked and not there is a mistake on the page.
nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", r"(?!ndiswan\b).*")
]  # other projects' names, which we do not load

# The signature is read from the stub by people; here types would only repeat it at twice the length.
autodoc_typehints = "description"
autodoc_member_order = "bysource"

html_theme = "alabaster"
html_title = f"ndiswan {release}"
html_theme_options = {
    "description": "The NDIS 5.x WAN send/complete contract as software that runs.",
    "fixed_sidebar": True,
    "page_width": "70rem",
}
html_sidebars = {"**": ["about.html", "searchfield.html", "navigation.html"]}
