"""Tables as this command line prints them."""

from __future__ import annotations

from typing import Any

from rich.table import Table


def plain(*columns: str, **look: Any) -> Table:
    """Columns side by side without lines; ``look`` is rich's, of each of them."""
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, **look)
    return table
