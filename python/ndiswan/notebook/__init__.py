"""What a notebook shows of each object: self-contained HTML, without a script, on light and dark ground."""

from ndiswan.notebook.showing import html

__all__ = ["html"]
