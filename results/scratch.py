"""Folders in which something is made whole before it is moved to its place."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def scratch_folder(prefix: str, parent: Path | None = None) -> Iterator[Path]:
    """A new folder, gone when the block ends, however it ends; None: among the temporary files.

    Its name is known before it is made, so an interrupt has no moment to leave it behind; tempfile
    has one, between making a folder and taking charge of it.
    """
    folder = Path(parent or tempfile.gettempdir()) / f"{prefix}{secrets.token_hex(8)}"
    try:
        folder.mkdir(mode=0o700)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
