"""Where a child process looks for modules: where its parent does, the current folder left out."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parents[1])


def import_path() -> list[str]:
    """``sys.path`` without the current folder, unless PYTHONPATH names it or this package is there.

    Python searches that folder for ``-m``, for ``-c`` and for every empty entry of PYTHONPATH. A
    user's own ``socket.py`` there would take the place of the library's.
    """
    here = str(Path.cwd())
    entries = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    named = here in {str(Path(entry).absolute()) for entry in entries}
    kept = [entry for entry in sys.path if entry and (entry != here or named)]
    return kept if ROOT in kept else [*kept, ROOT]


def python_path() -> str:
    """The same as a value of PYTHONPATH."""
    return os.pathsep.join(import_path())
