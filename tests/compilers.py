"""The C compilers that tests build drivers with: gcc, clang, and beside it the newest clang that there is."""

from __future__ import annotations

import shutil

import pytest

_NEWEST = [
    name for name in (f"clang-{number}" for number in range(60, 14, -1)) if shutil.which(name)
]
COMPILERS = pytest.mark.parametrize("cc", ["gcc", "clang", *_NEWEST[:1]])
