"""Tables as this command line prints them."""

from __future__ import annotations

import os
from typing import Any

from rich.console import Console
from rich.table import Table

WIDTH = 132
"""Columns of what goes into a file or a pipe, unless COLUMNS says otherwise."""


def console() -> Console:
    """Stdout: as wide as the screen, or wide enough for a table's names where there is none."""
    out = Console()
    if not out.is_terminal and "COLUMNS" not in os.environ:
        out.width = WIDTH
    return out


def plain(*columns: str, **look: Any) -> Table:
    """Columns side by side without lines; ``look`` is rich's, of each of them."""
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, **look)
    return table
