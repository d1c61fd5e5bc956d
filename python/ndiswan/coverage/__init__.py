"""Coverage of ownership edges: which of the contract's edges a run has reached, how often, and which never.

An edge is who owned a packet (or where its adapter was in its life), what happened, at which interrupt level, with
how many spin locks held. `Edges` counts them, `Report` says what that means, as text, JSON or one HTML page.
"""

from ndiswan._native import Edges
from ndiswan.coverage.page import to_html
from ndiswan.coverage.report import Report, Row, Share, read

__all__ = ["Edges", "Report", "Row", "Share", "read", "to_html"]
