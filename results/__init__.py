"""Run directories read, measured, judged and shown. Neither torch nor the harness is imported.

``frames(DIR)`` is the door for a notebook: the records as pandas tables. docs/data.md has them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from srpo_bench.results.dataframes import Frames

__all__ = ["frames"]


def frames(folder: str | Path) -> Frames:
    """The records of a comparison as tables: ``runs``, ``steps``, ``evals``, ``problems``.

    Raises:
        ResultsError: no comparison there, or a file that cannot be read.
    """
    from srpo_bench.results import dataframes

    return dataframes.frames(folder)
